"""Cipher: AES-256-GCM, of the package ``cryptography``."""

from os import urandom
from typing import Any, Final

import orjson

from ..errors import InvalidArgument
from ..extras import install_hint

VERSION: Final = b"\x01"
"""The first byte of everything that is encrypted: how the rest is."""

_NONCE_BYTES: Final = 12


def check_installed() -> None:
    """Refuse to go on without the package; raises `InvalidArgument`."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise InvalidArgument(
            "cryptography is not installed", hint=install_hint("privacy")
        ) from error


class Cipher:
    """
    Encrypts and decrypts with one key.

    Args:
        secret: The key, 32 bytes.

    Raises:
        InvalidArgument: ``cryptography`` is not installed.
    """

    def __init__(self, secret: bytes) -> None:
        check_installed()
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aes = AESGCM(secret)
        self._invalid = InvalidTag

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Return the bytes encrypted, so that they decrypt in this context only."""
        # A random nonce is safe for 2**32 messages with one key (NIST SP 800-38D, section 8.3).
        nonce = urandom(_NONCE_BYTES)
        return VERSION + nonce + self._aes.encrypt(nonce, data, VERSION + context)

    def decrypt(self, data: bytes, context: bytes) -> bytes:
        """
        Return what was encrypted.

        Raises:
            ValueError: it was changed, or encrypted with another key or in another context.
        """
        if data[:1] != VERSION:
            raise ValueError("it is encrypted in a way that this release does not know")
        nonce, rest = data[1 : 1 + _NONCE_BYTES], data[1 + _NONCE_BYTES :]
        try:
            return self._aes.decrypt(nonce, rest, VERSION + context)
        except (self._invalid, ValueError):
            raise ValueError("it was changed, or moved from elsewhere") from None


def context_of(*parts: Any) -> bytes:
    """Return the associated data of a ciphertext: unambiguous, since it is JSON."""
    return orjson.dumps(parts)
