"""The kit as a user runs it: in a folder of its own, in both modes of pytest-asyncio."""

import subprocess
import sys
from pathlib import Path

import pytest

from event_store_async.testing.contract import (
    CategoryContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
)

pytestmark = pytest.mark.slow

A_STORE = """
import pytest
import pytest_asyncio
from event_store_async import MemoryEventStore
from event_store_async.testing.contract import (
    CategoryContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
)

@pytest_asyncio.fixture
async def store():
    async with MemoryEventStore() as store:
        yield store

class TestMine(EventStoreContract):
    follows = True
    lists_streams = True
    is_monitored = True

    def reopened(self, store, **options):
        return store.reopened(**options)

class TestMyCategories(CategoryContract):
    def reopened(self, store, **options):
        return store.reopened(**options)

class TestMyFeed(FeedContract):
    is_monitored = True

    def reopened(self, store, **options):
        return store.reopened(**options)

class TestMySnapshots(SnapshotContract):
    is_monitored = True

    def reopened(self, store, **options):
        return store.reopened(**options)
"""

A_LESSER_STORE = """
import pytest
from event_store_async import MemoryEventStore
from event_store_async.testing.contract import EventStoreContract

@pytest.fixture(scope="module")
def store():
    return MemoryEventStore()

class TestMine(EventStoreContract):
    opens_others = False
    keeps_json = False
"""

A_BROKEN_STORE = """
import pytest
from event_store_async import MemoryEventStore
from event_store_async.testing.contract import EventStoreContract

class Forgetful(MemoryEventStore):
    async def current_version(self, stream_id, **options):
        return 0

class TestMine(EventStoreContract):
    @pytest.fixture
    def store(self):
        return Forgetful()
"""


def run(folder: Path, module: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(module, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_it_runs_whole_in_both_modes(tmp_path: Path, mode: str) -> None:
    done = run(
        tmp_path,
        A_STORE,
        f"--asyncio-mode={mode}",
        "-oasyncio_default_fixture_loop_scope=function",
    )

    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
    assert "failed" not in done.stdout


def test_what_a_store_cannot_do_is_skipped_by_name(tmp_path: Path) -> None:
    done = run(tmp_path, A_LESSER_STORE, "-oasyncio_default_fixture_loop_scope=function", "-rs")

    assert done.returncode == 0, done.stdout
    assert "TestMine.opens_others is False" in done.stdout
    assert "TestMine.keeps_json is False" in done.stdout
    assert "TestMine.follows is False" in done.stdout
    assert "TestMine.lists_streams is False" in done.stdout


def test_a_broken_store_fails_with_the_values(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        A_BROKEN_STORE,
        "-oasyncio_default_fixture_loop_scope=function",
        "-k",
        "test_the_current_version_follows_every_append",
    )

    assert done.returncode == 1, done.stdout
    assert "assert [0, 0, 0, 0, 0] == [0, 1, 4, 4, 6]" in done.stdout, "asserts are rewritten"


def test_a_missing_reopened_is_asked_for(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        A_BROKEN_STORE,
        "-oasyncio_default_fixture_loop_scope=function",
        "-k",
        "test_closing_twice_is_harmless",
    )

    assert "override `reopened`, or set `opens_others = False`" in done.stdout


def test_no_class_of_tests_overrides_a_test_of_another() -> None:
    contracts = (EventStoreContract, CategoryContract, FeedContract, SnapshotContract)
    classes = {base for contract in contracts for base in contract.__mro__}
    own = [name for base in classes for name in vars(base) if name.startswith("test_")]

    inherited = [name for contract in contracts for name in dir(contract)]
    assert len(own) == len(set(own))
    assert len(own) == len([name for name in inherited if name.startswith("test_")])


def test_importing_the_package_needs_no_pytest() -> None:
    program = "import sys, event_store_async.testing; sys.exit('pytest' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
