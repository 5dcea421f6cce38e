"""The number of generated cases: a small fixed set, or ten thousand random ones."""

from typing import Final

from hypothesis import HealthCheck, settings

LONG: Final = settings.get_current_profile_name() == "long"
"""Whether ``--hypothesis-profile=long`` was given."""

TIMEOUT: Final = 0 if LONG else 400
"""Seconds for one test, including the time to shrink a failing case; 0 is no limit."""


def extent(cases: int, *, steps: int = 20) -> settings:
    """Return the settings for *cases* fixed cases; with the long profile for 10,000 random ones."""
    return settings(
        max_examples=10_000 if LONG else cases,
        stateful_step_count=steps,
        deadline=None,
        # The same cases each time, so that only a change of the code can fail them.
        derandomize=not LONG,
        database=None,
        print_blob=LONG,
        suppress_health_check=[HealthCheck.too_slow],
    )
