"""The console, in a real browser: what hurts, why, since when, and what can be done about it."""

import json
import os
import pathlib

import pytest

from harness.api import ALICE, VIEWER, call
from harness.browser import Browser
from harness.letters import dead_letter

HOSTILE = "<img src=x onerror=alert(1)> & \"team\""


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path)
    yield browser
    browser.close()


@pytest.fixture
def pictures(tmp_path):
    """Where people can look at them afterwards: FANFARE_PICTURES, or the test's own folder."""
    return pathlib.Path(os.environ.get("FANFARE_PICTURES", tmp_path / "pictures"))


ROWS = "[...document.querySelectorAll('.subscriptions tbody tr')].map(row => row.innerText)"


def test_what_hurts_comes_first_and_is_paused_with_a_reason(world, browser, pictures):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    orders.subscribe("broken", world.endpoint_where_nothing_listens("broken"), owner=HOSTILE)
    world.configure(receipts={"index": {"enabled": True, "path": str(world.folder / "receipts.sqlite")}})
    bridge = world.bridge().starts()
    orders.publish(60)
    billing.has_taken(60)
    bridge.takes_for_down("broken")
    page = browser.opens(bridge.ops + "/")

    first = page.waits_for(f"(rows => rows.length === 2 && rows[0].includes('broken') && rows[0].includes('refused') && rows[0])({ROWS})", "the broken one to come first, with its reason")
    assert HOSTILE in first
    assert page.text("h1") == "1 of 2 subscriptions needs attention"
    page.pictures(pictures, "overview")

    page.clicks("broken", "tbody a")
    page.shows("The endpoint fails")
    page.clicks("Pause")
    page.writes("they move")
    page.presses("Enter")
    page.shows("Done, on 1 replica.")
    page.shows("by operator@127.0.0.1: they move", ".reason")
    paused = world.fanfare("subscriptions", "broken", "--output", "json").json
    assert (paused["state"], paused["pause"]["reason"]) == ("paused", "they move")
    page.waits_for("document.querySelectorAll('.attempts tbody tr').length > 0", "its attempts to be listed")
    page.shows("outage", ".attempts")
    page.shows("retry network", ".attempts .pill")
    page.waits_for("document.querySelector('.series').getAttribute('d').length > 0", "the charts to be drawn")
    page.pictures(pictures, "subscription")

    event = page.text(".attempts tbody th a")
    page.clicks(event, ".attempts a")
    page.shows(f"Attempts for {event}", "h2")
    page.waits_for("(text => text.includes('billing') && text.includes('success') && text.includes('broken'))(document.querySelector('.attempts').innerText)",
                   "all attempts for the event")
    page.pictures(pictures, "deliveries")
    page.says("document.querySelector('#event').focus()")
    page.writes("-or-not")
    page.presses("Enter")
    page.shows("There is no attempt for it.", ".attempts")

    page.clicks("Explain")
    page.clicks("Explain", "button")
    page.shows("2 of 2 would get it")
    page.clicks("The request")
    page.shows("webhook-signature: ***")
    page.pictures(pictures, "explain")

    good = orders.file.read_text()
    orders.file.write_text(good.replace("topic:", "topik:", 1))
    page.shows("Newer manifests were refused")
    page.clicks("What is wrong")
    page.shows('did you mean "topic"?')
    page.pictures(pictures, "configuration")
    orders.file.write_text(good)
    page.waits_for("!document.body.innerText.includes('refused')", "the right manifests to be in force")
    assert browser.errors == []

    bridge.stops()
    page.shows("Connection lost")
    page.shows("The bridge does not answer")
    bridge.starts()
    page.waits_for("document.getElementById('connection').textContent === 'Live'", "the page to be live again")


def test_a_refused_subscription_comes_first_until_its_secret_is_back(world, browser, pictures):
    folder = world.folder / "tenants"
    folder.mkdir()
    world.configure(ops={"subscriptions": {"folder": str(folder)}})
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint("billing"))
    acme = world.endpoint("acme")
    secret = folder / "acme"
    secret.write_text(acme.secret)
    bridge = world.bridge().starts()
    definition = {"topic": "shop.orders", "endpoint": acme.url, "owner": "team-acme", "labels": {"tenant": "acme"}, "signing": {"secrets": ["${file:acme}"]}}
    assert call(bridge, "/api/v1/subscriptions/acme", body=definition, method="PUT")[0] == 201
    bridge.stops()
    secret.unlink()
    bridge.starts()

    page = browser.opens(bridge.ops + "/")
    first = page.waits_for(f"(rows => rows.length === 2 && rows[0].includes('acme') && rows[0].includes('refused') && rows[0])({ROWS})", "the refused one to come first")
    assert "shop.orders" in first and "team-acme" in first and "/signing/secrets/0: cannot read" in first
    assert page.text("h1") == "1 of 2 subscriptions needs attention"
    # A bar across its line: nothing goes through.
    assert page.says("document.querySelector('.link.bad.refused .stop').getAttribute('d')")
    page.pictures(pictures, "refused")
    page.clicks("acme", "tbody a")
    page.shows("Put back what is missing")
    assert page.says("document.querySelectorAll('.head .buttons button').length") == 0
    listed = call(bridge, "/api/v1/subscriptions?state=refused&label=tenant=acme")[1]["subscriptions"]
    assert [(s["name"], s["topic"], s["reason"] == s["problem"] != "") for s in listed] == [("acme", "shop.orders", True)]

    secret.write_text(acme.secret)
    page.shows("delivering")
    page.says("location.hash = '#/'")
    page.shows("All is well with 2 subscriptions", "h1")
    page.shows("refused → delivering", ".changes")
    wanted = orders.publish(3)
    acme.has_taken(3)
    assert set(acme.delivered()) == set(wanted)
    assert browser.errors == []


def test_dead_letters_are_found_looked_at_and_redriven(world, browser, pictures):
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    world.kafka.publish(orders.dead_letters, [
        dead_letter("billing", offset=n, partition=n % 2, key=f"customer-{n}", value=json.dumps({"id": f"o-{n}", "note": HOSTILE}), kind="timeout" if n < 3 else "http", status=422)
        for n in range(60)])
    page = browser.opens(bridge.ops + "/")
    page.clicks("billing", "tbody a")
    page.clicks("Its dead letters")
    page.shows("50 dead letters, the newest first; there may be more.")
    page.pictures(pictures, "dead-letters")
    page.clicks("Look further back")
    page.shows("60 dead letters, the newest first.")

    page.says("(e => { e.value = 'timeout'; e.dispatchEvent(new Event('change')); })(document.querySelector('select[aria-label^=Kind]'))")
    page.shows("3 dead letters, the newest first.")
    page.clicks("o-1", "tbody a")
    page.shows("failed: timeout", ".reason")
    page.shows('"note": "<img src=x onerror=alert(1)>', "pre")
    page.shows("customer-1")
    page.pictures(pictures, "dead-letter")

    # With the keyboard: the first two of them.
    page.clicks("All dead letters")
    page.waits_for("document.querySelectorAll('.letters tbody tr').length === 3", "what was looked for to be there again")
    shown = page.says("[...document.querySelectorAll('.letters tbody th')].map(cell => cell.innerText)")
    page.says("document.querySelector('.letters tbody input').focus()")
    page.presses(" ")
    page.presses("Tab")
    page.presses("Tab")
    page.presses(" ")
    page.clicks("Redrive 2 selected")
    page.shows("2 to billing", "dialog")
    assert billing.delivered() == {} and not world.retries()
    page.pictures(pictures, "redrive")
    page.says("document.querySelector('dialog input[name=reason]').focus()")
    page.writes("mended")
    page.presses("Enter")
    page.shows("Redrive · done · 2 sent", ".result")
    page.shows("by operator@127.0.0.1: mended", ".jobs")
    billing.has_taken(2)
    assert billing.delivered() == {event: 1 for event in shown[:2]}
    page.pictures(pictures, "redriven")
    page.clicks("Redrive all that match")
    page.shows("3 to billing", "dialog")
    assert browser.errors == []


def test_a_range_is_counted_then_replayed_with_a_reason(world, browser, pictures):
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing, filters=[{"pattern": {"data": {"paid": [True]}}}])
    bridge = world.bridge().starts()
    orders.publish_records((n % 2, None, json.dumps({"id": f"o-{n}", "paid": n < 30}), None) for n in range(40))
    billing.has_taken(30)

    def replayed():
        return len(billing.arrivals()) - 30

    page = browser.opens(bridge.ops + "/#/subscriptions/billing")
    page.clicks("Replay")
    page.writes("yesterday")
    page.clicks("Count")
    page.shows("from: must be earliest, latest, a time", "dialog .problem")
    page.says("document.querySelector('dialog input[name=from]').select()")
    page.writes("earliest")
    page.pictures(pictures, "replay-range")
    page.clicks("Count")
    page.shows("Replay 30 events to billing", "dialog")
    assert replayed() == 0 and not world.retries()
    page.pictures(pictures, "replay")
    page.says("document.querySelector('dialog input[name=reason]').focus()")
    page.writes("they lost them")
    page.presses("Enter")
    page.shows("Replay · done · 30 sent", "div.result")
    page.shows("by operator@127.0.0.1: they lost them", ".jobs")
    world.wait_until(lambda: replayed() == 30, "what was replayed to come", details=replayed)
    assert billing.delivered() == {f"o-{n}": 2 for n in range(30)}
    page.pictures(pictures, "replayed")

    # Once more only if somebody says so; here a part of it, by offsets of one partition.
    page.clicks("Replay")
    page.writes("earliest")
    page.presses("Enter")
    page.shows("is complete: everything was replayed", "dialog .problem")
    page.clicks("Cancel")
    for again in (False, True):
        page.clicks("Replay")
        page.writes("5")
        for name, value in (("to", "8"), ("partition", "0")):
            page.says(f"document.querySelector('dialog input[name={name}]').focus()")
            page.writes(value)
        if again:
            page.says("document.querySelector('dialog input[name=again]').click()")
        page.clicks("Count")
        page.shows("Replay 3 events to billing", "dialog")
        page.clicks("Replay", "dialog button")
        page.shows("Replay · done · 3 sent", "div.result")
        world.wait_until(lambda: replayed() == 33 + 3 * again, "what was replayed to come", details=replayed)
    jobs = json.loads(bridge.get("/api/v1/replays")[1])["jobs"]
    assert [(job["by"], job["request"]["subscription"]) for job in jobs if not job["dryRun"]] == [("operator@127.0.0.1", "billing")] * 2
    # What the bridge refused is what browsers call errors; the page has none of its own.
    assert [error for error in browser.errors if "400" not in error and "409" not in error] == []


def test_a_thousand_subscriptions_are_found_with_a_token(world, browser, pictures):
    world.configure(ops={"tokens": {"viewer": [VIEWER], "operator": [{"name": "alice", "token": ALICE}]}})
    nobody = world.endpoint_where_nothing_listens("nobody")
    topics = [world.topic(f"shop.topic-{n}") for n in range(4)]
    for n in range(1000):
        topics[n % 4].subscribe(f"customer-{n:04}", nobody, enabled=n != 777, owner=f"team-{n % 10}")
    bridge = world.bridge().starts()
    page = browser.opens(bridge.ops + "/")
    page.shows("A token, please")
    page.writes("not-the-token-not-the-token")
    page.presses("Enter")
    page.shows("The token is not known here.")
    page.writes(VIEWER)
    page.presses("Enter")

    page.shows("1,000 subscriptions", "h1")
    rows = page.waits_for(f"(rows => rows.length > 1 && rows)({ROWS})", "the first of them to be listed")
    assert "customer-0777" in rows[0] and "disabled" in rows[0] and len(rows) == 50
    assert page.says("document.querySelectorAll('.flow .target').length") <= 20
    page.pictures(pictures, "thousand")
    page.says("document.querySelector('input[type=search]').focus()")
    page.writes("team-3 customer-01")
    page.shows("10 of 1,000")
    assert page.says("sessionStorage.length") == 1 and page.says("localStorage.length") == 0 and page.says("document.cookie") == ""

    page.clicks("customer-0103", "tbody a")
    page.shows("receipts.index.enabled: true", ".attempts")
    page.clicks("Pause")
    page.presses("Enter")
    page.shows("This token may only read")
    # A refused token and a refused change are what browsers call errors; the page has none of its own.
    assert [error for error in browser.errors if "401" not in error and "403" not in error] == []
