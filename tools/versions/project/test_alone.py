"""A project that only has the package installed."""


def test_nothing_of_the_plugin_is_used() -> None:
    """Pass: what is tried is that the run is not ended."""
