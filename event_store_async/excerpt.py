"""Excerpt: a value as a message shows it."""


def excerpt(value: object) -> str:
    """Return a value for a message: on one line, and no more than its beginning."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:77]}..."
