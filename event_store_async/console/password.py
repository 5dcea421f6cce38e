"""Password: lets in who knows it, by the dialogue that every browser has."""

import base64
import binascii
import hmac
import logging
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ..escape import escape
from ..excerpt import excerpt

_LOG: Final = logging.getLogger("event_store_async.console")
_REALM: Final = {"www-authenticate": 'Basic realm="event-store console", charset="UTF-8"'}
_LONGEST_NAME: Final = 100
_PAUSE: Final = 0.5


class Password:
    """
    Asks for a user and the one password; an `Authorize`.

    Whoever knows the password says who they are: the name is recorded with what they change.

    Args:
        password: The password, not empty.
    """

    def __init__(self, password: str) -> None:
        self._password = password.encode()

    async def __call__(self, request: Request) -> str:
        """
        Return the name of the user.

        Raises:
            HTTPException: 401, the password is wrong, or there is no name.
        """
        given = _credentials(request.headers.get("authorization", ""))
        if given is None:
            raise HTTPException(401, "A user and the password are needed.", _REALM)
        name, password = given
        if not hmac.compare_digest(password, self._password):
            address = request.client.host if request.client else "an unknown address"
            _LOG.warning("a wrong password came from %s, for user %s", address, excerpt(name))
            await anyio.sleep(_PAUSE)
            raise HTTPException(401, "The password is wrong.", _REALM)
        if not name.strip() or len(name) > _LONGEST_NAME or escape(name) != name:
            raise HTTPException(401, "Give the name of the user, too: it is recorded.", _REALM)
        return name.strip()


def _credentials(header: str) -> tuple[str, bytes] | None:
    """Return the user and the password of a header; None if it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
