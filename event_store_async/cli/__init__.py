"""
The command ``event-store``: work with a store without writing code.

Needs the extra ``cli``. `main` is the entry point.
"""

import sys

from ..extras import install_hint

__all__ = ["main"]


def main() -> None:
    """Run the command; exit with a hint if its extra is not installed."""
    try:
        from .app import app
        from .failures import help_reported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.exit(f"event-store needs typer and rich; {install_hint('cli')}")
    with help_reported():
        app(prog_name="event-store")
