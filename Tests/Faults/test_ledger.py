"""The ledger finds what it is there to find; here it gets books that were cooked."""

import types

from harness.cursors import Cursor, settled_beyond
from ledger import Account, DeadLetter, Look, RetryRecord, by_pair
from replica import Death

EVENT = "shop.orders-0-5"
BEFORE, COVERED = Cursor(5, frozenset()), Cursor(6, frozenset())


def test_an_event_without_an_outcome_is_lost():
    assert faults([]) == ["billing: 1 events lost: neither delivered nor dead-lettered: " + EVENT]
    assert not faults([delivery()])
    assert not faults([], end=look(COVERED, dead=[letter()]))


def test_what_no_commit_held_may_come_again_once_and_not_twice():
    killed = look(BEFORE)
    assert not faults([delivery(), delivery("first.2")], killed)
    assert faults([delivery(), delivery("first.2"), delivery("first.2")], killed)


def test_what_a_commit_held_may_not_come_again():
    assert faults([delivery(), delivery("first.2")], look(COVERED))


def test_what_another_process_delivered_may_not_come_again():
    assert faults([delivery("second.1"), delivery("second.1")], look(BEFORE))


def test_after_a_stop_in_good_order_nothing_may_come_again():
    assert faults([delivery(), delivery("first.2")], look(BEFORE, clean=True))


def test_what_the_kill_found_undone_may_not_come_twice_because_of_it():
    failed = delivery(status=500)
    assert faults([failed, delivery("first.2"), delivery("first.2")], look(BEFORE))


def test_a_dead_letter_counts_as_much_as_a_delivery():
    refused = delivery(status=422)
    assert not faults([refused, refused], look(BEFORE, dead=[letter()]), look(COVERED, dead=[letter(), letter()]))
    assert faults([refused], look(COVERED), look(COVERED, dead=[letter(), letter()]))


def test_a_retry_record_repeats_what_followed_from_it_and_only_that():
    waits, settled = (look(COVERED, retries=[retry()], retry_cursor=Cursor(base, frozenset())) for base in (0, 1))
    failed, second = delivery(status=500), delivery(attempt=2)
    again = delivery("first.2", attempt=2)
    assert not faults([failed, second, again], waits)
    assert faults([failed, second, again], settled)
    assert faults([failed, again, again], waits), "the process that was killed had not delivered it"


def test_a_cursor_that_passes_what_has_no_outcome_is_seen_even_if_the_outcome_comes_later():
    late = delivery("first.2", answered=200.0)
    (fault,) = faults([late], look(COVERED))
    assert "passed by the cursor" in fault
    assert not faults([late], look(COVERED, retries=[retry()]))


def test_an_event_has_one_id_and_one_body():
    assert faults([delivery(), delivery(digest="other")], look(BEFORE))
    assert faults([delivery(), delivery(event="shop.orders-0-6")], look(BEFORE))


def test_metadata_is_read_as_the_architecture_page_says():
    # One unsettled, two settled, three unsettled, one settled.
    assert list(settled_beyond(10, "1:AQIDAQ")) == [11, 12, 16]
    assert list(settled_beyond(0, "1:rAIB")) == [300]
    assert list(settled_beyond(10, "")) == []


# Cooking

def faults(arrivals, *looks, end=None):
    traffic = types.SimpleNamespace(wanted=lambda name: {EVENT})
    *looks, end = looks if len(looks) > 1 else (*looks, end or look(COVERED))
    return list(Account("billing", traffic, arrivals, looks, end).faults())


def look(cursor, dead=(), retries=(), retry_cursor=Cursor(0, frozenset()), clean=False):
    look = Look.__new__(Look)
    look.way, look.at = "by hand", 100.0
    look.deaths = [Death("first.1", since=0.0, at=99.0, clean=clean)]
    look.cursors, look.retry_cursors = {"billing": {0: cursor}}, {0: retry_cursor}
    look.dead, look.retries = by_pair(dead), by_pair(retries)
    return look


def delivery(process="first.1", status=204, attempt=1, answered=50.0, event=EVENT, digest="body"):
    return types.SimpleNamespace(
        id=event, ids=[event], process=process, accepted=status < 300, attempt=attempt, answered=answered, digest=digest, verified=True)


def letter(attempts=1):
    return DeadLetter("billing", EVENT, attempts, written=50.0)


def retry(attempts=1):
    return RetryRecord("billing", EVENT, attempts, written=50.0, partition=0, offset=0)
