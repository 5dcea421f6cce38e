"""Envelope: an encrypted value as it stands in a stored payload, in the place of the value."""

from base64 import b64decode, b64encode
from binascii import Error
from typing import Any, Final
from uuid import UUID

from ..personal import RESERVED
from ..subject_key import SubjectKey, check_subject
from ..values import value
from .cipher import Cipher, context_of

FORGOTTEN_ENVELOPE: Final[dict[str, Any]] = {RESERVED: None}
"""A copy: how a value is stored that was forgotten before."""

_FIELDS: Final = {"subject", "key", "data"}


@value
class Envelope:
    """
    An encrypted value.

    Attributes:
        subject: Whom it is about.
        key_id: The key that it is encrypted with.
        data: The ciphertext, with its version and nonce.
    """

    subject: str
    key_id: UUID
    data: bytes

    @classmethod
    def of(cls, plain: Any) -> "Envelope | None":
        """
        Return an envelope as it was read; None for one of a value that was forgotten before.

        Raises:
            ValueError: it is not one.
        """
        content = plain[RESERVED]
        if content is None:
            return None
        if isinstance(content, dict) and content.keys() == _FIELDS:
            subject, key, data = content["subject"], content["key"], content["data"]
            try:
                return cls(check_subject(subject), UUID(key), b64decode(data, validate=True))
            except (Error, ValueError, TypeError, AttributeError):
                pass  # it may be anything
        raise ValueError("it is not an encrypted value")

    @property
    def plain(self) -> dict[str, Any]:
        """The envelope as plain data."""
        data = b64encode(self.data).decode()
        return {RESERVED: {"subject": self.subject, "key": str(self.key_id), "data": data}}


def is_envelope(plain: Any) -> bool:
    """Return whether plain data is an envelope, or claims to be one."""
    return isinstance(plain, dict) and RESERVED in plain and len(plain) == 1


def sealed(key: SubjectKey, cipher: Cipher, encoded: bytes, *place: Any) -> dict[str, Any]:
    """
    Return a value in an envelope, as plain data.

    Args:
        key: The key of its subject.
        cipher: The cipher of that key.
        encoded: The value, encoded.
        place: Where it will be stored; it decrypts nowhere else.
    """
    context = context_of(*place, key.subject, str(key.id))
    return Envelope(key.subject, key.id, cipher.encrypt(encoded, context)).plain


def opened(envelope: Envelope, cipher: Cipher, *place: Any) -> bytes:
    """
    Return the encoded value of an envelope.

    Raises:
        ValueError: it was changed, or is not in the place where it was stored.
    """
    context = context_of(*place, envelope.subject, str(envelope.key_id))
    return cipher.decrypt(envelope.data, context)


def pointer(path: tuple[Any, ...]) -> str:
    """Return a path in a payload as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
