"""Lock lines: what a lock file lists."""

import re
from collections.abc import Iterator


def lock_lines(text: str, pattern: re.Pattern[str], due: str) -> Iterator[re.Match[str]]:
    """
    Yield the lines of a lock file, without comments and empty lines, as they match a pattern.

    Args:
        text: The content of the lock file.
        pattern: What each line must match as a whole.
        due: What a line describes, for the error.

    Raises:
        ValueError: A line does not match.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        match = pattern.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} of the lock file does not describe {due}: {line!r}")
        yield match
