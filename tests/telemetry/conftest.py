"""Fixtures of the telemetry tests."""

from collections.abc import Iterator

import pytest

from .exporters import Exported


@pytest.fixture
def exported() -> Iterator[Exported]:
    """Yield both adapters, with exporters in memory."""
    made = Exported()
    yield made
    made.tracer_provider.shutdown()
    made.meter_provider.shutdown()
