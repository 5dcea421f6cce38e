"""Damaged checkpoints: whatever is wrong in one, it is refused as `InvalidCheckpoint`."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from event_store_async import InvalidCheckpoint
from event_store_async.archive.export_state import ExportState
from event_store_async.archive.import_state import ImportState
from event_store_async.maintenance import Survey
from event_store_async.maintenance.checkpoint import Checkpoint
from event_store_async.maintenance.job import Job, Tally
from event_store_async.maintenance.verify import _FindingCounts
from event_store_async.maintenance.walk import Walk

OLD = Path(__file__).parent / "old"
JUNK: list[Any] = [None, "x", -1.5, [], {}, [[]], True]


def load_job(tally: Tally) -> Callable[[dict[str, Any]], object]:
    return Job(cast("Any", None), None, Walk.begin(8), tally, print)._load


def load_import(data: dict[str, Any]) -> object:
    return ImportState._from_json(cast("Any", None), data)


DECODERS: dict[str, Callable[[], Callable[[dict[str, Any]], object]]] = {
    "export.zst": lambda: ExportState.from_json,
    "import": lambda: load_import,
    "verify": lambda: load_job(_FindingCounts()),
    "streams": lambda: load_job(Survey()),
}


def old_state(name: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((OLD / f"{name}.checkpoint").read_bytes())["state"]
    return state


def write(checkpoint: Checkpoint, name: str, state: dict[str, Any]) -> None:
    """Write what `Checkpoint.save` would, but not to the disk: it is done some hundred times."""
    whole = {"format": "event-store-checkpoint", "work": name, "state": state}
    checkpoint.path.write_text(json.dumps(whole))


def places(data: Any) -> Iterator[tuple[Any, ...]]:
    """Return the way to every value inside a document."""
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inside:
        yield (key,)
        if isinstance(value, dict | list):
            yield from ((key, *rest) for rest in places(value))


@pytest.mark.parametrize("name", DECODERS)
async def test_any_damage_is_refused_or_harmless(name: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", name, {})
    state = old_state(name)
    write(checkpoint, name, state)
    assert await checkpoint.load(DECODERS[name]()) is not None
    refused = 0
    for *way, last in places(state):
        for junk in JUNK:
            damaged = copy.deepcopy(state)
            inner = damaged
            for key in way:
                inner = inner[key]
            inner[last] = junk
            write(checkpoint, name, damaged)
            try:
                await checkpoint.load(DECODERS[name]())
            except InvalidCheckpoint as error:
                assert error.reason.startswith("it is damaged")
                refused += 1

    assert refused > 50


@pytest.mark.parametrize("name", DECODERS)
async def test_a_missing_value_is_refused(name: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", name, {})
    state = old_state(name)
    for key in state:
        write(checkpoint, name, {other: state[other] for other in state if other != key})
        with pytest.raises(InvalidCheckpoint, match=f"damaged: KeyError.'{key}'"):
            await checkpoint.load(DECODERS[name]())
