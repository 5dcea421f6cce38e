"""The adapters need extras: nothing else imports them, and a missing one is named."""

import subprocess
import sys

import pytest

LIBRARIES = ("opentelemetry", "prometheus_client")


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_core_loads_none_of_them() -> None:
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
def test_a_missing_library_names_its_extra(adapter: str, library: str) -> None:
    done = run(
        f"import sys; sys.modules[{library!r}] = None\nimport event_store_async.telemetry.{adapter}"
    )

    assert f"pip install 'event_store_async[{adapter}]'" in done.stderr
