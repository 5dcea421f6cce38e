"""Fixtures are in tests/fixtures, one concern a file."""

pytest_plugins = (
    "pytester",
    "tests.fixtures.loop",
    "tests.fixtures.server",
    "tests.fixtures.stores",
)
