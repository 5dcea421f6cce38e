"""Prometheus's multiprocess mode: two worker processes, and one that collects their metrics."""

import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.testclient import TestClient

from event_store_async.telemetry.instruments import INSTRUMENTS

ROOT = Path(__file__).parents[2]
IN_FLIGHT = "event_store_requests_in_flight"
LIMIT = "event_store_requests_in_flight_limit"
CONNECTIONS = "event_store_driver_connections"


class Worker:
    """A worker process, and the commands that it understands."""

    def __init__(self, folder: Path, in_flight: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.telemetry.worker", str(in_flight), "0.05"],
            cwd=ROOT,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    @property
    def pid(self) -> str:
        return str(self.process.pid)

    def do(self, command: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=100)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    started = (Worker(tmp_path, 5), Worker(tmp_path, 127))
    yield started
    for worker in started:
        worker.kill()


def collected(folder: Path) -> dict[str, dict[str, float]]:
    """Return the values that Prometheus is told, by name and process; "" if not of a process."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    found: dict[str, dict[str, float]] = {}
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.labels.get("db_namespace") == "bank":
                found.setdefault(sample.name, {})[sample.labels.get("pid", "")] = sample.value
    return found


def eventually(
    folder: Path, expected: Callable[[dict[str, dict[str, float]]], bool]
) -> dict[str, dict[str, float]]:
    end = time.monotonic() + 100
    while not expected(found := collected(folder)):
        assert time.monotonic() < end, found
    return found


def saturated(found: dict[str, dict[str, float]]) -> set[str]:
    """Return the processes for which the rule EventStoreInFlightSaturated holds."""
    return {pid for pid, value in found[IN_FLIGHT].items() if value / found[LIMIT][pid] > 0.9}


def test_the_application_of_the_page_answers_for_all_processes(
    tmp_path: Path, workers: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block of docs/telemetry.md."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    page = (ROOT / "docs" / "telemetry.md").read_text("utf-8")
    (block,) = re.findall(
        r"tests/telemetry/test_processes.py -->\n```py\n(.*?)```", page, re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - the code of the page

    answer = TestClient(names["metrics"]).get("/").text

    for worker in workers:
        assert (
            f'{LIMIT}{{db_collection_name="events",db_namespace="bank",pid="{worker.pid}"}}'
            in answer
        )


def test_every_metric_that_is_read_from_a_store_is_shown(
    tmp_path: Path, workers: tuple[Worker, Worker]
) -> None:
    found = collected(tmp_path)

    observed = {it.prometheus_name: it.kind for it in INSTRUMENTS if it.observed}
    pids = {worker.pid for worker in workers}
    assert observed.keys() <= found.keys()
    assert {kind: set(found[name]) for name, kind in observed.items()} == {
        "counter": {""},
        "gauge": pids,
    }


def test_one_busy_process_of_two_raises_the_alert(
    tmp_path: Path, workers: tuple[Worker, Worker]
) -> None:
    calm, busy = workers

    assert saturated(collected(tmp_path)) == {busy.pid}
    calm.do("in-flight 120")
    busy.do("in-flight 3")
    eventually(tmp_path, lambda found: saturated(found) == {calm.pid})


def test_counts_of_the_driver_are_those_of_all_processes(
    tmp_path: Path, workers: tuple[Worker, Worker]
) -> None:
    name = "event_store_driver_request_timeouts_total"

    assert collected(tmp_path)[name] == {"": 4}
    workers[0].do("time-out")
    eventually(tmp_path, lambda found: found[name] == {"": 7})


def test_a_process_that_died_is_forgotten_by_the_gauges(
    tmp_path: Path, workers: tuple[Worker, Worker]
) -> None:
    alive, dead = workers
    dead.kill()

    found = eventually(tmp_path, lambda found: dead.pid not in found[IN_FLIGHT])
    assert found[IN_FLIGHT] == {alive.pid: 5}
    assert found["event_store_driver_request_timeouts_total"] == {"": 4}


def test_a_store_that_is_gone_raises_no_alert(
    tmp_path: Path, workers: tuple[Worker, Worker]
) -> None:
    gone, stays = workers
    gone.do("drop")

    found = eventually(tmp_path, lambda found: math.isnan(found[CONNECTIONS][gone.pid]))
    assert saturated(found) == {stays.pid}
    assert [pid for pid, value in found[CONNECTIONS].items() if value == 0] == []


FORKING = """
import os, sys
from event_store_async.telemetry import sampler
from event_store_async.telemetry.prometheus import PrometheusHook
from tests.telemetry.worker import Busy

sampler.INTERVAL = 0.0  # samples are taken without a pause, while the process forks
hook, of_parent = PrometheusHook(), Busy(1)
hook.observe(of_parent)
children = []
for number in range(20):
    child = os.fork()
    if child == 0:
        of_child = Busy(number)
        hook.observe(of_child)
        os._exit(0)
    children.append(child)
print(sum(os.waitpid(child, 0)[1] for child in children))
"""


def test_a_process_may_fork_after_it_began_to_observe(tmp_path: Path) -> None:
    """As gunicorn with ``preload_app`` does; a fork in the middle of a sample would hang it."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("0\n", "")


def test_counts_of_records_are_added_up(tmp_path: Path, workers: tuple[Worker, Worker]) -> None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(tmp_path))  # type: ignore[no-untyped-call]
    stored = [
        sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "event_store_events_stored_total"
    ]

    assert stored == [2]
