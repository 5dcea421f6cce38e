"""A history that is written is read back unchanged, from several files, cut short or not."""

import json
from pathlib import Path

import pytest

from .builder import HistoryBuilder
from .check import check
from .history import History, load, of_lines, of_operations
from .lines import lines_of
from .operations import Append, Read, Version
from .recorder import Recorder


def everything() -> HistoryBuilder:
    builder = HistoryBuilder()
    builder.append(0, 1, "a b", 0, first=1)
    builder.append(2, 3, "x", 7, end="conflict", version=2)
    builder.append(4, 14, "c", "exists", end="unknown")
    builder.append(15, None, "d", end=None)
    builder.read(20, 21, "b a", backward=True, count=2)
    builder.read(22, 23, "", end="hole")
    builder.version(24, 25, 2)
    return builder


def test_lines_and_back() -> None:
    operations = everything().operations

    lines = json.loads(json.dumps(list(lines_of(operations))))

    assert list(of_lines(lines).operations) == operations


def test_the_recorder_writes_what_the_loader_reads(tmp_path: Path) -> None:
    path = tmp_path / "writer.jsonl"
    with Recorder(path, "writer") as recorder:
        append = recorder.begin(Append(recorder.span(10), "s", 0, ("a",)))
        open_append = recorder.begin(Append(recorder.span(10), "s", 0, ("b",)))
        append = recorder.end(append, "stored", placed=((1, "a"),), version=1)
        read = recorder.begin(Read(recorder.span(5), "s", final=True))
        read = recorder.end(read, "events", placed=((1, "a"),))
        version = recorder.end(recorder.begin(Version(recorder.span(5), "s")), "version", version=1)
        recorder.mark("killed", "writer")
        recorder.stalled((append.span.began, append.span.ended))

    history = load(path)

    assert list(history.operations) == [append, open_append, read, version]
    assert history.killed == {"writer"}
    assert history.stalls == {"writer": [(append.span.began, append.span.ended)]}
    assert append.span.began < append.span.ended < read.span.ended


def test_a_line_that_was_cut_short_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "writer.jsonl"
    with Recorder(path, "writer") as recorder:
        recorder.end(recorder.begin(Version(recorder.span(5), "s")), "version", version=0)
    with path.open("ab") as file:
        file.write(b'{"at": 1')

    history = load(path)

    assert (len(list(history.operations)), history.cut) == (1, 1)


@pytest.mark.parametrize("twice", ["call", "end"])
def test_an_invalid_history_is_refused(twice: str) -> None:
    lines = list(lines_of(everything().operations))
    again = next(line for line in lines if twice in line)

    with pytest.raises(ValueError, match=r"two calls|a second one"):
        of_lines([*lines, again])


def test_counts_tell_how_much_was_checked() -> None:
    counts = check(of_operations(everything().operations)).counts

    assert (counts["appends"], counts["stored"], counts["conflict"]) == (4, 1, 1)
    assert (counts["unknown"], counts["unknown at first"]) == (1, 2)
    assert (counts["reads"], counts["events"], counts["streams"]) == (3, 2, 1)


def test_an_empty_history_is_valid() -> None:
    assert check(History()).valid
