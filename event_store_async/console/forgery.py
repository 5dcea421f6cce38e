"""Forgery: tokens that show that a change was asked for on a page of this console."""

import hmac
import re
import secrets
from hashlib import blake2b
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_COOKIE: Final = "event_store_console"
_BYTES: Final = 32
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{43}")

FIELD: Final = "token"
"""The name of the field of a form that holds the token."""


def session_of(request: Request) -> str:
    """Return the secret of a browser's session, or a new one if it has none."""
    found = request.cookies.get(_COOKIE, "")
    return found if _SESSION.fullmatch(found) else secrets.token_urlsafe(_BYTES)


def remember(request: Request, response: Response, session: str) -> None:
    """Let a browser keep the secret of its session; no other site can send or read it."""
    response.set_cookie(
        _COOKIE,
        session,
        path=f"{request.scope.get('root_path', '')}/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def token(session: str, path: str, who: str) -> str:
    """
    Return the token for one change.

    It follows from the secret of the session alone, so every process of a service knows it.

    Args:
        session: The secret of the session.
        path: The path that the change is sent to.
        who: Who makes it.
    """
    return blake2b(f"{path}\0{who}".encode(), key=session.encode(), digest_size=32).hexdigest()


def check(request: Request, given: str, who: str) -> None:
    """
    Refuse a change that was not asked for on a page of this console.

    Args:
        request: The change.
        given: The token of its form.
        who: Who makes it.

    Raises:
        HTTPException: 403, the token is not that of this session, change and person, or another
            site sent the form.
    """
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    # A proxy may have taken the TLS away, so the scheme is not compared.
    is_own = bool(origin) and urlsplit_host(origin) == request.headers.get("host", "").lower()
    if not is_own or site != "same-origin":
        raise HTTPException(403, "the change was not sent by a page of this console")
    session = request.cookies.get(_COOKIE, "")
    wanted = token(session, request.url.path, who) if _SESSION.fullmatch(session) else ""
    if not wanted or not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise HTTPException(403, "the token of the change is not valid")


def urlsplit_host(origin: str) -> str:
    """Return host and port of an origin, in lower case; an empty str if it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
