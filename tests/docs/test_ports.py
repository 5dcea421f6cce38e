"""The page of the ports: its program type-checks, and its tables tell of every port."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

import event_store_async
from event_store_async import ports
from event_store_async.privacy import PrivateEventStore
from event_store_async.testing import HostileEventStore
from event_store_async.typed import TypedEventStore

from .blocks import blocks
from .session import run

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "ports.md"
STORES: Final[dict[str, type]] = {
    "HostileEventStore": HostileEventStore,
    "PrivateEventStore": PrivateEventStore,
    "TypedEventStore": TypedEventStore,
    **{
        name: getattr(event_store_async, name)
        for name in ("EventStore", "MemoryEventStore", "CategoryStore")
    },
}
METHODS: Final = {
    "EventReader": {"read_events", "current_version"},
    "EventWriter": {"persist_events", "try_persist_events"},
    "StreamFollower": {"read_events", "current_version", "follow"},
    "StreamLister": {"streams"},
    "StreamEraser": {"truncate_stream", "delete_stream", "close_stream"},
    "FeedStore": {"feed"},
    "CategorisedStore": {"category"},
    "HealthCheck": {"health"},
}


def tables() -> list[list[list[str]]]:
    """Return the cells of the page's tables, without the rule below the head."""
    text = PAGE.read_text("utf-8")
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    rows = [[line.strip("|").split("|") for line in table.splitlines()] for table in found]
    return [
        [[cell.strip() for cell in row] for row in table if row[0][:3] != "---"] for table in rows
    ]


def named(cell: str) -> list[str]:
    return re.findall(r"`(\w+)", cell)


def test_its_program_passes_a_strict_type_checker(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(PAGE) if block.language == "python"]
    (tmp_path / "accounts.py").write_text(block.text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "accounts.py"]

    printed = run(command, cwd=tmp_path, environment={"MYPYPATH": str(ROOT)})

    assert printed.startswith("Success: no issues found in 1 source file")


def test_every_port_has_its_use() -> None:
    needs, _ = tables()

    told = {name for row in needs[1:] for name in named(row[1])}
    assert set(ports.__all__) - told == set()


@pytest.mark.parametrize("store", STORES)
def test_it_says_which_ports_a_store_has(store: str) -> None:
    _, (head, *rows) = tables()
    column = [named(cell)[0] if cell else "" for cell in head].index(store)

    said = {port: bool(row[column]) for row in rows for port in named(row[0])}
    assert said == {
        port: all(hasattr(STORES[store], method) for method in methods)
        for port, methods in METHODS.items()
    }
