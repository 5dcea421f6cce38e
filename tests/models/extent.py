"""How many cases are generated: a fixed slice of some, or ten thousand new ones."""

from typing import Final

from hypothesis import HealthCheck, settings

LONG: Final = settings.get_current_profile_name() == "long"
"""Whether ``--hypothesis-profile=long`` was given."""

TIMEOUT: Final = 0 if LONG else 400
"""Seconds for one test, with a failing case made small; 0 is no limit."""


def extent(cases: int, *, steps: int = 20) -> settings:
    """Return the settings for so many fixed cases; in the long mode for 10,000 random ones."""
    return settings(
        max_examples=10_000 if LONG else cases,
        stateful_step_count=steps,
        deadline=None,
        # A slice that is the same each time fails only for who changed something.
        derandomize=not LONG,
        database=None,
        print_blob=LONG,
        suppress_health_check=[HealthCheck.too_slow],
    )
