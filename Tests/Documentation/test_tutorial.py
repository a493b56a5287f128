"""The tutorial, from its empty folder to its end, with a broker on which topics can be created."""

import re

from harness.admin_broker import AdminBroker
from harness.fixtures import world  # noqa: F401
from pages import blocks
from steps import Steps


def test_the_tutorial_leads_where_it_says(program, processes, tmp_path_factory, world):  # noqa: F811
    AdminBroker(world)
    # This broker's groups are unreliable with several members, and take no shorter sessions.
    steps = Steps(program, processes, tmp_path_factory.mktemp("tutorial"), ["9080", "9081"],
                  FANFARE_LIMITS_SHARDS="1", FANFARE_KAFKA_PROPERTIES_SESSION_TIMEOUT_MS="6000")
    steps.ports["9092"] = world.broker_port
    steps.goes_through(blocks("tutorial"))

    printed = {path.name: path.read_text() for path in steps.folder.glob("*.log")}
    arrived = "".join(text for name, text in printed.items() if name.startswith("listen-"))
    assert "o-2" not in arrived, "the filter lets it through"
    (search,) = [text for name, text in printed.items() if name.startswith("search-")]
    requests = [line for line in search.splitlines() if "/search" in line]
    assert requests and not re.search(r"✗|\bbad\b", arrived + search), "every signature is right"
    assert len(requests) < 20, "23 events and more in few requests"
