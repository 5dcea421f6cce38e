"""The command ``event-store``, as ``python -m event_store_async``."""

from .cli import main

main()
