"""Parameters: what stands in an address, read and checked."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from ..versions import MAX_VERSION

_LONGEST: Final = 500


def number(
    given: Mapping[str, str], name: str, *, at_least: int = 0, at_most: int = MAX_VERSION
) -> int | None:
    """
    Return a number of an address; None if it is not given.

    Raises:
        HTTPException: 400, it is not a number in this range.
    """
    text = given.get(name, "").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        found = int(text)
        if at_least <= found <= at_most:
            return found
    raise HTTPException(400, f"{name} must be a number from {at_least} to {at_most}")


def choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """
    Return one of some words; the first one if none is given.

    Raises:
        HTTPException: 400, it is another word.
    """
    text = given.get(name) or choices[0]
    if text not in choices:
        raise HTTPException(400, f"{name} must be one of: {', '.join(choices)}")
    return text


def text(given: Mapping[str, str], name: str) -> str | None:
    """
    Return a text of an address without the space around it; None if it is not given.

    Raises:
        HTTPException: 400, it is too long.
    """
    found = given.get(name, "").strip()
    if len(found) > _LONGEST:
        raise HTTPException(400, f"{name} must have at most {_LONGEST} characters")
    return found or None


def is_live(request: Request) -> bool:
    """Return whether a page goes on by itself: unless its address says ``live=off``."""
    return request.query_params.get("live") != "off"


def stream_id(request: Request, name: str = "stream") -> UUID:
    """
    Return the id of a stream in a path.

    Raises:
        HTTPException: 404, it is not a UUID.
    """
    found = uuid(request.path_params[name])
    if found is None:
        raise HTTPException(404, "the id of a stream is a UUID")
    return found


def uuid(text: str) -> UUID | None:
    """Return the UUID that a text is in one of its usual forms; None if it is none."""
    if len(text) > 50:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def link(request: Request, *parts: object, **query: object) -> str:
    """
    Return the address of a page of this application, below the path where it is mounted.

    It begins with a single slash, whatever the parts are: it never leads to another host.

    Args:
        request: The request that is answered.
        parts: The segments of the path.
        query: The parameters; those that are None are left out.
    """
    root = str(request.scope.get("root_path", "")).strip("/")
    segments = [quote(root)] if root else []
    segments += [quote(str(part), safe="") for part in parts]
    path = "/" + "/".join(segments)
    if root and not parts:
        path += "/"
    given = {name.rstrip("_"): str(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
