"""The log: what the library, Python and other packages report, escaped, on standard error."""

import logging
import sys
import threading
import traceback
from types import TracebackType

from ..escape import escape


class LogHandler(logging.Handler):
    """Writes warnings and errors to standard error, escaped, each line but the first indented."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            first, *more = self.format(record).split("\n")
            lines = [f"{record.levelname.lower()}: {first}", *(f"    {line}" for line in more)]
            sys.stderr.write("".join(f"{escape(line)}\n" for line in lines))
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as every handler: a log must not end the program
            self.handleError(record)


def escape_logs() -> None:
    """Let log records, warnings and tracebacks reach standard error only escaped."""
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.WARNING, handlers=[LogHandler()], format="%(message)s")
    logging.captureWarnings(capture=True)
    sys.excepthook = _show
    threading.excepthook = lambda arguments: _show(
        arguments.exc_type,
        arguments.exc_value or arguments.exc_type(),
        arguments.exc_traceback,
    )


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(escape(text, keep="\n"))
