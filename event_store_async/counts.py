"""Counts in words, in the singular or the plural."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """
    Return a count with its noun, for example ``1 event`` or ``1,200 events``.

    Args:
        number: The count.
        noun: The noun in the singular.
        plural: Its plural; *noun* with an s if not given.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
