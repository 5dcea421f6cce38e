"""The sampler: metrics that are read from stores, for prometheus-client's multiprocess mode."""

import logging
import math
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.multiprocess import mark_process_dead

from .instruments import INSTRUMENTS, Instrument
from .measurements import Gauges

_logger: Final = logging.getLogger("event_store_async")

INTERVAL: Final = 5.0
"""Seconds between two samples; Prometheus seldom asks more often than every 15."""

# prometheus-client writes under a global lock of its own, which a fork must not copy while it is
# held. So no process forks in the middle of a sample.
_SAMPLING: Final = threading.Lock()
os.register_at_fork(
    before=_SAMPLING.acquire,
    after_in_parent=_SAMPLING.release,
    after_in_child=_SAMPLING.release,
)


def multiprocess_folder() -> str | None:
    """Return the folder in which prometheus-client's processes share metrics, if they do."""
    variables = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
    return next((os.environ[name] for name in variables if name in os.environ), None)


class Sampler:
    """
    Sets the metrics that are read from the stores every few seconds, in a thread.

    In multiprocess mode, whichever process answers Prometheus collects what all processes have
    written to files, and calls nobody's collector. So these metrics must have been written, too.
    Gauges have the label ``pid``: one busy process of several can be seen. Those of a process that
    has died are removed by the others.

    Args:
        gauges: Reads the statistics of the observed stores.
        registry: Where the metrics are registered.
        folder: Where prometheus-client's processes share metrics.
    """

    def __init__(self, gauges: Gauges, registry: CollectorRegistry, folder: str) -> None:
        self._gauges = gauges
        self._folder = Path(folder)
        self._metrics = {
            instrument.key: _metric(instrument, registry)
            for instrument in INSTRUMENTS
            if instrument.observed
        }
        self._set: dict[tuple[str, tuple[str, ...]], float] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take a sample now, and then every few seconds for as long as an observed store lives."""
        with _SAMPLING:
            self._sample()
            # In a forked child the thread of the parent is not alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="event_store_async metrics", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            with _SAMPLING:
                try:
                    self._sample()
                    self._bury()
                except OSError:
                    _logger.exception("metrics could not be written to %s", self._folder)
                if not self._set:
                    self._thread = None
                    return

    def _sample(self) -> None:
        read: dict[tuple[str, tuple[str, ...]], float] = {}
        for instrument, value, labels in self._gauges.read():
            read[instrument.key, labels] = value
            metric = self._metrics[instrument.key].labels(*labels)
            if isinstance(metric, Counter):
                # The driver counts from its start. A total that falls is that of fewer stores.
                metric.inc(max(0.0, value - self._set.get((instrument.key, labels), 0.0)))
            else:
                metric.set(value)
        for key, labels in self._set.keys() - read.keys():
            metric = self._metrics[key].labels(*labels)
            if isinstance(metric, Gauge):
                metric.set(math.nan)  # a file of metrics cannot lose one
        self._set = read

    def _bury(self) -> None:
        files = {file.stem.rpartition("_")[2] for file in self._folder.glob("gauge_live*_*.db")}
        if str(os.getpid()) not in files:
            return  # the application names processes otherwise than by their ids
        for name in files:
            if name.isdecimal() and not _is_alive(int(name)):
                with suppress(FileNotFoundError):  # another process removed it first
                    mark_process_dead(int(name), str(self._folder))  # type: ignore[no-untyped-call]


def _metric(instrument: Instrument, registry: CollectorRegistry) -> Counter | Gauge:
    name, labels = instrument.prometheus_name, instrument.prometheus_labels
    if instrument.kind == "counter":
        return Counter(name, instrument.description, labels, registry=registry)
    return Gauge(
        name, instrument.description, labels, registry=registry, multiprocess_mode="liveall"
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
