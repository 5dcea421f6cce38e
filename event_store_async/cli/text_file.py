"""Files that a person or an editor wrote: in UTF-8, with or without a byte order mark."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE


def without_mark(data: bytes) -> bytes:
    """
    Return the bytes of a file without a byte order mark.

    Raises:
        ValueError: they are UTF-16 or UTF-32; the message is for a person, and without content.
    """
    if data.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) or b"\0" in data[:4]:
        raise ValueError("it is in UTF-16 or UTF-32: save it as UTF-8")
    return data.removeprefix(BOM_UTF8)


def decoded(data: bytes) -> str:
    """
    Return the text of a file.

    Raises:
        ValueError: it is not UTF-8; as `without_mark`.
    """
    try:
        return without_mark(data).decode()
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
