"""UmaDB: an event store in Rust; its Python package contains the client and the server."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import orjson

from .followers import FollowerProcess
from .payloads import Payload
from .postgres import free_port, wait_for_port
from .protocol import Options, Ready, Unavailable
from .threads import ThreadPeer, Writer, main

NAME = "umadb"
_AT_ONCE = 1000


class UmaDb:
    """The peer: a stream is a tag, and an expected version is a condition on events with it."""

    def __init__(self, url: str, follower: FollowerProcess) -> None:
        import umadb

        self._library: Any = umadb
        self._url = url
        self._follower = follower
        self._client = umadb.Client(url)

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        return Ready(
            name=NAME,
            version=version_of("umadb"),
            guarantees=(
                "one file, each commit synced to disk, appends that wait share a commit; expected "
                "version as a condition on a tag; a total order of all events; no replication"
            ),
            notes=(
                "the synchronous client in threads, one client for all; its server is a process "
                "of its own and its CPU not counted; hot: no condition; "
                "delivery: its subscription, which the server pushes"
            ),
        )

    def own(self, stream: UUID) -> Writer:
        """Append if no event after the last position has the stream's tag."""
        tag = str(stream)
        query = self._query(tag)
        position: int | None = None

        def write(payload: Payload) -> int:
            nonlocal position
            condition = self._library.AppendCondition(query, after=position)
            position = self._client.append([self._event(tag, payload)], condition)
            return 0

        return write

    def hot(self, stream: UUID) -> Writer:
        """Append without a condition."""
        tag = str(stream)

        def write(payload: Payload) -> int:
            self._client.append([self._event(tag, payload)])
            return 0

        return write

    def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Append in batches."""
        tag = str(stream)
        for start in range(0, len(payloads), _AT_ONCE):
            self._client.append(
                [self._event(tag, payload) for payload in payloads[start : start + _AT_ONCE]]
            )

    def read(self, stream: UUID, page_size: int | None) -> int:
        """Read the events with the stream's tag; a page size is the client's batch size."""
        client = self._client
        if page_size is not None:
            client = self._library.Client(self._url, batch_size=page_size)
        count = 0
        for item in client.read(self._query(str(stream))):
            count += isinstance(orjson.loads(item.event.data), dict)
        return count

    def deliver(self, payloads: list[Payload], pause: float) -> list[int]:
        """Append to a stream that a subscriber in another process handles."""
        return self._follower.deliver_blocking(self.own(uuid4()), payloads, pause)

    def _query(self, tag: str) -> Any:
        return self._library.Query([self._library.QueryItem(tags=[tag])])

    def _event(self, tag: str, payload: Payload) -> Any:
        return self._library.Event(payload["type"], orjson.dumps(payload), tags=[tag], uuid=uuid4())


@contextmanager
def open_peer(options: Options) -> Generator[ThreadPeer, None, None]:
    """Start the server and connect."""
    del options
    try:
        import umadb  # noqa: F401 - only to check that it is installed
    except ImportError as error:
        raise Unavailable(
            str(error), "pip install 'event_store_async[bench]'; its wheels need glibc 2.34"
        ) from error
    port = free_port()
    address = f"127.0.0.1:{port}"
    with TemporaryDirectory(prefix="bench-umadb-") as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from umadb.umadb_server_cli import main; main()"),
                    *("--listen", address, "--db-path", str(Path(directory) / "uma.db")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
                start_new_session=True,  # Ctrl-C reaches only this process, which ends the server
            )
        try:
            wait_for_port(server, port, log)
            follower = FollowerProcess("benchmarks.peers.umadb_follower", "--port", str(port))
            yield UmaDb(f"http://{address}", follower)
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main(NAME, open_peer)
