"""The adapters' libraries are extras: nothing else needs them, and whoever lacks one is told."""

import subprocess
import sys

import pytest

LIBRARIES = ("opentelemetry", "prometheus_client")


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_library_loads_none_of_them() -> None:
    done = run(
        "import sys, event_store_async, event_store_async.telemetry.logs\n"
        "import event_store_async.telemetry.measurements\n"
        f"print([name for name in {LIBRARIES!r} if name in sys.modules])"
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("adapter", "library"),
    [("opentelemetry", "opentelemetry"), ("prometheus", "prometheus_client")],
)
def test_whoever_lacks_one_is_told_the_extra(adapter: str, library: str) -> None:
    done = run(
        f"import sys; sys.modules[{library!r}] = None\nimport event_store_async.telemetry.{adapter}"
    )

    assert f"pip install 'event_store_async[{adapter}]'" in done.stderr
