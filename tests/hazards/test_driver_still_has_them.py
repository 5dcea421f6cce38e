"""
The hazards themselves, on the bare driver: which of them a version of it still has.

With the version that the documents speak of, each must be there, or they are wrong. With another
version nothing fails here: a hazard that is gone is a skip that says so, and its fence may go too.
"""

import signal
import struct
import sys
from importlib.metadata import requires
from typing import Final

import pytest

from event_store_async.cassandra.driver.port import VERSION

from . import child
from .child import Child
from .fake_server import UNSET, Datacenters, FakeServer, Request

DOCUMENTED: Final = "1.2.0"
"""The driver's version that README.md in this folder documents."""

SHORT: Final = 4.0
"""Seconds after which a process that should end within half a second is considered hung."""


def expect(hazard: str, *, present: bool) -> None:
    """Compare what was observed with what is documented."""
    if VERSION == DOCUMENTED:
        assert present, f"acsylla {VERSION} is documented to have this hazard: {hazard}"
    elif not present:
        pytest.skip(f"fixed in acsylla {VERSION}: {hazard}")


def test_the_documented_version_is_the_one_that_is_pinned() -> None:
    assert f"acsylla=={DOCUMENTED}" in (requires("event_store_async") or [])


async def test_c1_a_cancelled_connect_hangs_the_process(deaf: FakeServer) -> None:
    ended = await child.run("driver", "cancelled_connect", deaf.port, limit=SHORT)

    expect("C1, a cancelled create_session hangs the process", present=ended.hung)


async def test_c2_a_session_of_a_destroyed_cluster_hangs_the_process(fake: FakeServer) -> None:
    ended = await child.run("driver", "session_of_a_destroyed_cluster", fake.port, limit=SHORT)

    expect("C2, create_session after destroy hangs the process", present=ended.hung)


async def test_c3_destroying_in_flight_strands_callers_and_writes_into_other_files(
    fake: FakeServer,
) -> None:
    ended = await child.run("driver", "destroy_in_flight", fake.port)

    facts = ended.check("C3, destroy with requests in flight")
    expect("C3, destroy in flight strands its callers", present=not facts["answered"])
    expect("C3, destroy in flight writes to foreign descriptors", present=facts["written"])


@pytest.mark.parametrize(
    "scenario", ["none_executed", "none_batch_executed", "bare_statement_executed"]
)
async def test_c4_anything_but_a_statement_crashes_the_process(
    fake: FakeServer, scenario: str
) -> None:
    ended = await child.run("driver", scenario, fake.port)

    expect(f"C4, {scenario} crashes", present=_crashed(ended))


async def test_c4_a_bare_result_crashes_the_process() -> None:
    ended = await child.run("driver", "bare_result_counted")

    expect("C4, a bare Result crashes", present=_crashed(ended))


def _crashed(ended: Child) -> bool:
    return ended.returncode in {-signal.SIGSEGV, -signal.SIGBUS}


async def test_c5_rows_that_are_kept_show_the_last_row(fake: FakeServer) -> None:
    ended = await child.run("driver", "rows_kept", fake.port)

    facts = ended.check("C5, rows that are kept")
    assert facts["taken"] == [0, 1, 2, 3, 4, 5]
    expect("C5, rows that are kept show the last row", present=facts["kept"] == [5] * 6)


async def test_c7_c9_c10_options_that_do_not_do_what_they_say() -> None:
    ended = await child.run("driver", "names")

    facts = ended.check("C7, C9 and C10, options")
    expect("C7, PEER_IDENTITY is PEER_CERT", present=facts["identity is certificate"])
    expect(
        "C9, server_side timestamps are refused",
        present=facts["server side timestamps"] == "ValueError",
    )
    for option in ("client id", "plain text authenticator"):
        expect(f"C10, {option} is an AttributeError", present=facts[option] == "AttributeError")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address only")
async def test_c8_nodes_of_all_datacenters_are_asked(datacenters: Datacenters) -> None:
    near, far = datacenters

    ended = await child.run("driver", "datacenters", near.port)

    ended.check("C8, datacenters")
    assert near.requests
    expect("C8, nodes of all datacenters are asked", present=bool(far.requests))


async def test_a_short_list_leaves_values_unset(fake: FakeServer) -> None:
    ended = await child.run("driver", "short_list", fake.port)

    ended.check("a short list of values")
    sent = [request.values for request in fake.requests]
    expect("a short list leaves values unset", present=sent == [(struct.pack(">i", 1), UNSET)])


async def test_a_statement_that_is_changed_after_submission_is_sent_changed(
    fake: FakeServer,
) -> None:
    changed: list[Request] = []
    for _ in range(10):  # whether the change is in time is a race with the driver's own thread
        ended = await child.run("driver", "changed_after_submission", fake.port)
        ended.check("a statement changed after submission")
        changed = [it for it in fake.requests if it.values[0] == struct.pack(">i", 2)]
        if changed:
            break
    expect("changes after submission are sent", present=bool(changed))


async def test_a_second_close_does_not_wait_if_the_first_was_cancelled(fake: FakeServer) -> None:
    ended = await child.run("driver", "cancelled_close", fake.port)

    facts = ended.check("a cancelled close")
    expect(
        "a close after a cancelled one waits for nothing",
        present=facts["returned before the answer"],
    )


async def test_another_event_loop_is_refused_after_the_request_was_sent(fake: FakeServer) -> None:
    ended = await child.run("driver", "another_loop", fake.port)

    assert "different loop" in ended.check("another event loop")
    sent = [request for request in fake.requests if request.text.startswith("UPDATE")]
    expect("a request from another loop is sent, then refused", present=bool(sent))


async def test_a_forked_child_that_frees_a_session_hangs(fake: FakeServer) -> None:
    ended = await child.run("driver", "freed_in_a_fork", fake.port)

    facts = ended.check("a session is freed in a forked child")
    expect("freeing a session in a forked child hangs", present=facts == "hangs")


async def test_freeing_a_session_in_flight_stops_the_process_until_the_answer(
    fake: FakeServer,
) -> None:
    ended = await child.run("driver", "dropped_in_flight", fake.port)

    # The request's own time limit of one second ends it.
    standstill = ended.check("a session is freed with a request in flight")
    expect("freeing a session waits with everything locked", present=standstill > 0.5)


async def test_too_many_requests_at_once_overflow_the_queue(fake: FakeServer) -> None:
    ended = await child.run("driver", "burst", fake.port)

    facts = ended.check("a burst of requests")
    expect("a burst overflows the queue", present="CassErrorLibRequestQueueFull" in facts)


async def test_cas_write_unknown_is_an_error_without_class_or_text(fake: FakeServer) -> None:
    ended = await child.run("driver", "error", fake.port, 0x1700)

    facts = ended.check("CAS_WRITE_UNKNOWN")
    bare = (facts["error"], facts["arguments"]) == ("CassException", ["33560320"])
    expect("CAS_WRITE_UNKNOWN is a bare CassException of a number", present=bare)


async def test_a_server_error_fails_its_neighbours(fake: FakeServer) -> None:
    ended = await child.run("driver", "error", fake.port, 0x0000)

    facts = ended.check("SERVER_ERROR")
    assert facts["error"] == "CassErrorServerServerError"
    failed = facts["neighbour"] == "CassErrorLibRequestTimedOut"
    expect("a server error fails its neighbours on the connection", present=failed)


async def test_a_lost_connection_is_a_timeout_at_once(fake: FakeServer) -> None:
    ended = await child.run("driver", "cut", fake.port)

    facts = ended.check("a connection is cut")
    same = facts == {"error": "CassErrorLibRequestTimedOut", "at once": True}
    expect("a lost connection is called a timeout", present=same)
