"""Taking over from another consumer, as docs/MIGRATION.md says."""

import re

from harness.fixtures import ROOT


def test_a_subscription_goes_on_where_another_consumer_stopped(world):
    page = (ROOT / "docs/MIGRATION.md").read_text()
    pause, seek, resume = (re.search(rf"^fanfare ({command} billing.*?)$", page, re.MULTILINE)[1] for command in ("pause", "seek", "resume"))
    assert "--wait 0" in pause and "--to 0=1207,1=1187,2=1195" in seek and resume == "resume billing"

    orders = world.topic("shop.orders", partitions=3)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.starts_broker()
    ids = orders.publish(30)
    world.fanfare("pause", "billing", "--reason", "takes over from connect", "--wait", "0")
    world.bridge().starts()
    # The old one has delivered 4 of the first partition, all of the second, and none of the third.
    world.fanfare("seek", "billing", "--to", "0=4,1=10,2=0", "--reason", "takes over from connect")
    assert billing.summary()["attempts"] == 0
    world.fanfare("resume", "billing")
    billing.has_taken(16)
    world.is_settled("billing")
    left = {f"shop.orders-0-{n}" for n in range(4, 10)} | {f"shop.orders-2-{n}" for n in range(10)}
    assert left < set(ids) and billing.delivered() == dict.fromkeys(left, 1)
