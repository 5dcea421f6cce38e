"""Extras: how to install a package that only part of the library needs."""


def install_hint(extra: str) -> str:
    """
    Return how to install an extra, as a hint for an error.

    The first command works wherever the library is installed, from a wheel, a clone or an index:
    pip keeps the installed library and adds what the extra needs. The second is for a clone that
    is run in place.
    """
    return (
        f"install the extra: pip install 'event_store_async[{extra}]', "
        f"or pip install '.[{extra}]' in a clone"
    )
