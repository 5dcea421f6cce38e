"""Fixtures are in tests/fixtures, one concern a file."""

pytest_plugins = (
    "pytester",
    "tests.fixtures.loop",
    "tests.fixtures.ports",
    "tests.fixtures.nats",  # imports ports
    "tests.fixtures.postgres",
    "tests.fixtures.properties",
    "tests.fixtures.server",
    "tests.fixtures.stores",
    "tests.fixtures.time",
)
