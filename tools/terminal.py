"""Terminal: what programs show on a pseudo-terminal."""

import os


def shown_on(master: int) -> str:
    """Return what is shown on a terminal until its other side is closed; then close this one."""
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:
        pass  # the other side is closed: everything has been read
    finally:
        os.close(master)
    return shown.decode()
