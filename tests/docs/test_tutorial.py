"""The tutorial's code type-checks and warns of nothing, and its last step serves a cluster."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_store_async import EventStore

from ..fixtures.ports import free_port
from ..fixtures.server import Server
from .blocks import blocks
from .session import run, shell, wait_for, with_path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"


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

    assert printed.startswith("Success: no issues found in 7 source files")


def test_its_tests_warn_of_nothing(bank: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-W", "error"]

    printed = run(command, cwd=bank)

    assert re.search(r"^7 passed in", printed, re.MULTILINE)
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


@pytest.mark.slow
async def test_two_workers_serve_it(
    bank: Path, server: Server, keyspace: str, store: EventStore
) -> None:
    """The keyspace exists already: creating the schema may be repeated."""
    found = {block.text: block for block in blocks(PAGE)}
    (steps,) = [text for text, it in found.items() if it.mark[1] == "tests/docs/test_tutorial.py"]
    create, serve = steps.splitlines()
    environment = {
        "EVENT_STORE_CONTACT_POINTS": ",".join(server.contact_points),
        "EVENT_STORE_PORT": str(server.port),
        "EVENT_STORE_KEYSPACE": keyspace,
        "PORT": str(free_port()),
    }

    shell(create, cwd=bank, environment=environment)
    with served(serve, bank, environment) as log:
        printed = run([sys.executable, "try_it.py"], cwd=bank, environment=environment)

    said = log.read_text("utf-8")
    assert printed == found["python try_it.py\n"].output, said
    assert said.count("Application startup complete") == 2
    assert said.count("Application shutdown complete") == 2
    assert "Traceback" not in said
