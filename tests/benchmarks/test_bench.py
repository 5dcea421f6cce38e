"""The benchmark continues if a part of it fails, and leaves no process behind."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from benchmarks.bench import Bench, Case, Size
from benchmarks.peer import Peer, PeerFailed, run_peer
from benchmarks.results import Key, Results
from event_store_async import EventStore

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace


class FakePeer(Peer):
    """A peer without a process, which fails at a given turn."""

    async def ask(self, **command: Any) -> dict[str, Any]:  # noqa: ARG002
        self.about["asked"] += 1
        if self.about["asked"] == self.about["fails_at"]:
            raise PeerFailed(f"{self.name}: out of breath")
        return {"count": 10, "seconds": 1.0, "cpu_seconds": 0.5}


def fake_case(name: str, fails_at: int = 0) -> Case:
    peer = FakePeer(name, {"asked": 0, "fails_at": fails_at}, None)
    return Case(Key("scenario", name, "case", 1), peer, {"do": "read"})


async def test_a_case_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    results = Results({})
    progress: list[tuple[str, float]] = []
    async with AsyncExitStack() as stack:
        size = Size(rounds=5, seconds=0.1, events=10, quick=True)
        bench = Bench(
            results, size, "127.0.0.1", 1, tmp_path, stack, lambda *it: progress.append(it)
        )
        await bench.interleave([fake_case("good"), fake_case("bad", fails_at=3)])

    assert results.values(Key("scenario", "good", "case", 1), "rate") == [10.0] * 5
    assert results.values(Key("scenario", "bad", "case", 1), "rate") == [10.0] * 2
    assert results.notes == ["scenario: bad, case 1, round 3: bad: out of breath"]
    shares = [share for _, share in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_a_peer_whose_process_is_killed_fails_and_is_gone(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        async with run_peer("ours", server.contact_points[0], server.port, keyspace) as peer:
            assert peer.process is not None
            peer.process.kill()
            for _ in range(2):
                with pytest.raises(PeerFailed, match="ended"):
                    await peer.ask(do="append", count=1, concurrency=1)
        assert not psutil.pid_exists(peer.process.pid)
    finally:
        await drop_keyspace(store, keyspace)


async def test_a_peer_is_ended_if_an_error_leaves_its_block(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    process = None
    try:
        with pytest.raises(ZeroDivisionError):
            async with run_peer("ours", server.contact_points[0], server.port, keyspace) as peer:
                process = peer.process
                raise ZeroDivisionError
        assert process is not None
        assert not psutil.pid_exists(process.pid)
    finally:
        await drop_keyspace(store, keyspace)
