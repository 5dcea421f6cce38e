"""Closed sessions are kept for as long as the driver may still use them."""

from event_store_async.cassandra.driver.closed_sessions import ClosedSessions

from ..fixtures.time import PassingTime


def test_a_session_is_freed_once_its_time_is_over() -> None:
    time, freed = PassingTime(), list[object]()
    closed = ClosedSessions(16, time, freed.append)

    closed.keep("a", 10.0)
    time.passes(5.0)
    closed.keep("b", 10.0)
    closed.free_old()
    assert freed == []
    time.passes(5.0)
    closed.free_old()
    assert freed == ["a"]
    time.passes(100.0)
    closed.keep("c", 10.0)
    assert freed == ["a", "b"]


def test_only_some_are_kept() -> None:
    time, freed = PassingTime(), list[object]()
    closed = ClosedSessions(2, time, freed.append)

    for name in "abcd":
        closed.keep(name, 10.0)
    assert freed == ["a", "b"]
