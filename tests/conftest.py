"""Fixtures are in tests/fixtures, one concern a file."""

pytest_plugins = ("tests.fixtures.loop", "tests.fixtures.server", "tests.fixtures.stores")
