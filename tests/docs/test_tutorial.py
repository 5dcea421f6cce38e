"""The tutorial's code type-checks and warns of nothing, and its last steps serve a cluster."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
import pytest

from event_store_async import EventStore

from ..fixtures.ports import free_port
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace
from .blocks import blocks
from .session import run, shell, wait_for, with_path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
BLOCKS: Final = {block.text: block for block in blocks(PAGE)}


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Give a folder with the files of the tutorial."""
    for block in blocks(PAGE):
        kind, name = block.mark
        if kind == "file":
            (tmp_path / name).write_text(block.text, "utf-8")
    return tmp_path


def test_it_passes_a_strict_type_checker(bank: Path) -> None:
    files = sorted(path.name for path in bank.glob("*.py"))
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *files]

    printed = run(command, cwd=bank, environment={"MYPYPATH": str(ROOT)})

    assert printed.startswith("Success: no issues found in 11 source files")


def test_its_tests_warn_of_nothing(bank: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-W", "error"]

    printed = run(command, cwd=bank)

    assert re.search(r"^7 passed, 1 skipped in", printed, re.MULTILINE)
    assert "warning" not in printed


NOT_NOW = """
from contextlib import nullcontext
from uuid import UUID, uuid4
from event_store_async import (
    ANY, AppendOutcomeUnknown, MemoryEventStore, StoreOverloaded, StoreUnavailable
)
from fastapi.testclient import TestClient
from app import create_app

class Failing(MemoryEventStore):
    def read_events(self, *arguments, **options):
        if isinstance(error, StoreUnavailable):
            raise error
        return super().read_events(*arguments, **options)
    async def try_persist_events(self, *_, **__):
        raise error

unknown = AppendOutcomeUnknown(UUID(int=1), ANY, ())
for error in (unknown, StoreUnavailable("away"), StoreOverloaded("too many")):
    with TestClient(create_app(lambda: nullcontext(Failing()))) as client:
        path, headers = f"/accounts/{uuid4()}", {"Idempotency-Key": "1"}
        answer = client.put(path, json={"owner": "ann"}, headers=headers)
        print(answer.status_code, answer.headers["Retry-After"], answer.json()["error"])
        if isinstance(error, StoreUnavailable):
            print(client.get(path).status_code)
"""


def test_each_error_that_means_not_now_has_an_answer(bank: Path) -> None:
    """Also to a request that only reads."""
    printed = run([sys.executable, "-c", NOT_NOW], cwd=bank)

    assert printed.splitlines() == [
        "503 1 the outcome is not known yet: send the request again, with the same key",
        "503 1 the database cannot be reached, and nothing was stored: try again",
        "503",
        "503 1 too many requests at once, and nothing was stored: try again",
    ]


@contextmanager
def served(command: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Serve the bank by a command, and give the file with what the service says."""
    log_file = folder / "log"
    with log_file.open("wb") as log:
        service = subprocess.Popen(
            ["sh", "-euc", f"exec {command}"],
            cwd=folder,
            env=with_path(environment),
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://127.0.0.1:{environment['PORT']}/docs", service)
        yield log_file
    finally:
        service.terminate()
        service.wait(100)


def steps(serve: str) -> tuple[str, str]:
    """Return the commands before one that serves the bank, and that command."""
    (found,) = [text for text in BLOCKS if serve in text]
    *before, last = found.splitlines()
    return "\n".join(before), last


def pointed_at(server: Server, keyspace: str) -> dict[str, str]:
    """Return the variables that the reader sets."""
    return {
        "EVENT_STORE_CONTACT_POINTS": ",".join(server.contact_points),
        "EVENT_STORE_PORT": str(server.port),
        "EVENT_STORE_KEYSPACE": keyspace,
        "PORT": str(free_port()),
    }


def expect_clean(said: str) -> None:
    """Check what two workers have said."""
    assert said.count("Application startup complete") == 2
    assert said.count("Application shutdown complete") == 2
    assert "Traceback" not in said


@pytest.mark.slow
async def test_two_workers_serve_it(
    bank: Path, server: Server, keyspace: str, store: EventStore
) -> None:
    """The keyspace exists already: creating the schema may be repeated."""
    create, serve = steps("uvicorn prod:app")
    environment = pointed_at(server, keyspace)

    shell(create, cwd=bank, environment=environment)
    with served(serve, bank, environment) as log:
        printed = run([sys.executable, "try_it.py"], cwd=bank, environment=environment)

    said = log.read_text("utf-8")
    assert printed == BLOCKS["python try_it.py\n"].output, said
    expect_clean(said)


def test_its_read_model_bears_every_legal_delivery(bank: Path, database: str) -> None:
    (command,) = [text for text in BLOCKS if text.startswith("BANK_TEST_POSTGRES=")]
    printed = shell(command, cwd=bank, environment={"BANK_POSTGRES": database})

    assert re.search(r"^1 passed in", printed, re.MULTILINE)


DEAD = """
import asyncio, logging, signal
from event_store_async import MemoryEventStore, SubscriptionMismatch
from read_model import open_owners

async def main():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with MemoryEventStore() as store:
        await store.subscriptions.register("owners", 2, await store.feed().head())
        try:
            async with open_owners(store):
                await ended.wait()
                print("told to end")
        except SubscriptionMismatch:
            print("says why")

asyncio.run(main())
"""


def test_its_service_ends_with_its_projection(bank: Path, database: str) -> None:
    """Otherwise it would answer from a table that nobody keeps."""
    printed = run([sys.executable, "-c", DEAD], cwd=bank, environment={"BANK_POSTGRES": database})

    assert printed.splitlines()[-2:] == ["told to end", "says why"]


@pytest.mark.slow
async def test_two_workers_keep_its_read_model(
    bank: Path, server: Server, store: EventStore, database: str
) -> None:
    """Of what was stored before the table had a feed, too."""
    keyspace = f"test_{uuid4().hex[:12]}"
    _, serve_before = steps("uvicorn prod:app")
    prepare, serve = steps("uvicorn owners:app")
    environment = {**pointed_at(server, keyspace), "BANK_POSTGRES": database}
    address = f"http://127.0.0.1:{environment['PORT']}"
    try:
        async with server.connect(keyspace) as own:
            await own.create_schema(server.replication)
        with served(serve_before, bank, environment):
            run([sys.executable, "try_it.py"], cwd=bank, environment=environment)
        shell(prepare, cwd=bank, environment=environment)
        with served(serve, bank, environment) as log:
            printed = run([sys.executable, "try_owners.py"], cwd=bank, environment=environment)
            async with asyncio.timeout(120):
                while httpx2.get(f"{address}/owners/ann").json()["cents"] != 200:
                    await asyncio.sleep(0.1)
        said = log.read_text("utf-8")
    finally:
        await drop_keyspace(store, keyspace)

    assert printed == BLOCKS["python try_owners.py\n"].output, said
    expect_clean(said)
