"""A slow reader delays the tasks that write, and not the event loop."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from event_store_async.cli.meter import Meter, metered
from event_store_async.cli.output import LineWriter
from event_store_async.maintenance import Progress


@contextmanager
def unread(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[int]:
    """Replace an output by a full pipe; give the end to read from."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    with os.fdopen(writer, "w", encoding="utf-8") as output, monkeypatch.context() as patch:
        patch.setattr(sys, name, output)
        try:
            yield reader
        finally:
            os.close(reader)


def read_up_to(reader: int, words: str) -> list[str]:
    """Read until a line has these words; return the lines, without those that filled the pipe."""
    text = ""
    while words not in text or not text.endswith("\n"):
        text += os.read(reader, 65536).decode()
    return text.lstrip(".").splitlines()


@pytest.mark.timeout(60)
async def test_a_slow_reader_delays_lines_but_not_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[int] = []
    with unread(monkeypatch, "stdout") as reader:
        lines = LineWriter()

        async def write(number: int) -> None:
            await lines.write(f"line {number}")
            written.append(number)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(write, number)
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
            before = list(written)
            read = await to_thread.run_sync(read_up_to, reader, "line 7")

    assert before == [], "who writes waits"
    assert sorted(written) == list(range(8))
    assert read == [f"line {number}" for number in range(8)]


@pytest.mark.timeout(60)
async def test_a_slow_reader_of_progress_does_not_delay_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the latest progress is shown, and none is queued."""
    worked = anyio.Event()
    results: list[str] = []

    async def work(meter: Meter) -> str:
        for done in range(1, 5001):
            meter(Progress(done / 5000, done, done))
            await anyio.lowlevel.checkpoint()
        worked.set()
        return "result"

    async def run() -> None:
        results.append(await metered("verify", 0.0, work, interrupted=""))

    with unread(monkeypatch, "stderr") as reader:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await worked.wait()
            before = list(results)
            read = await to_thread.run_sync(read_up_to, reader, "verify: 100%")

    assert (before, results) == ([], ["result"])
    assert read[-1].startswith("verify: 100%, 5,000 events in 5,000 streams, ")
    assert len(read) <= 2, "the one that was not read, and the last"


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (Progress(0.5, 1, 1), "50%, 1 event in 1 stream, "),
        (Progress(0.62, 0, 0), "62%, no events yet"),
        (Progress(0.0, 2, 1200), "verify: 1,200 events in 2 streams, "),
    ],
)
async def test_counts_in_progress_are_plain_english(
    capsys: pytest.CaptureFixture[str], progress: Progress, shown: str
) -> None:
    async def work(meter: Meter) -> None:
        meter(progress)

    await metered("verify", 0.0, work, interrupted="")

    assert shown in capsys.readouterr().err


async def test_an_error_at_once_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(meter: Meter) -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await metered("import", 0.0, work, interrupted="")

    assert capsys.readouterr().err == ""


async def test_an_interrupted_job_says_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(meter: Meter) -> None:
        group.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        await metered("import", 0.0, work, interrupted="run it again")

    assert capsys.readouterr().err == "interrupted: run it again\n"


async def test_what_the_work_raises_ends_the_meter() -> None:
    async def work(meter: Meter) -> None:
        meter(Progress(0.5, 1, 1))
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await metered("verify", 0.0, work, interrupted="")
