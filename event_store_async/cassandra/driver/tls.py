"""TLS: what it takes to trust a server, and to be trusted by it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ...checks import check_choice, check_secret
from ...errors import InvalidArgument
from ...text_file import read_text

_PEER_CERT: Final = 1
_PEER_IDENTITY: Final = 2
_PEER_IDENTITY_DNS: Final = 4
_IDENTITIES: Final = ("address", "hostname", "unchecked")
_MARK: Final = "-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """
    A connection encrypted with TLS, to a server whose certificate and identity are checked.

    Each of the PEM fields takes a path (a `pathlib.Path`, or a str that names a file) or the PEM
    content as a str. The private key and its password never appear in a repr.

    Attributes:
        ca: The certificate that signed the server's, or the server's own.
        certificate: The client's certificate, if the server asks for one.
        private_key: The client's private key.
        private_key_password: The key's password, if it has one.
        identity: What the server's certificate must name: ``"address"``, the IP address connected
            to; ``"hostname"``, the name that a reverse lookup of it gives; ``"unchecked"``,
            nothing, so that the holder of any certificate from the same authority can intercept
            the connection.

    Raises:
        InvalidArgument: an argument is of the wrong kind, or `identity` is another word.
    """

    ca: str | Path
    certificate: str | Path | None = None
    private_key: str | Path | None = field(default=None, repr=False)
    private_key_password: str | None = field(default=None, repr=False)
    identity: Literal["address", "hostname", "unchecked"] = "address"

    def __post_init__(self) -> None:
        """Check the kinds of the arguments; their content is looked at when connecting."""
        _check_source("ca", self.ca, optional=False)
        _check_source("certificate", self.certificate)
        _check_source("private_key", self.private_key)
        check_secret("private_key_password", self.private_key_password)
        check_choice("identity", self.identity, *_IDENTITIES)

    def driver_options(self) -> dict[str, Any]:
        """
        Return the options for the driver's cluster.

        Raises:
            InvalidArgument: a file cannot be read or is not PEM, or only one of the client's
                certificate and key is given.
        """
        if (self.certificate is None) != (self.private_key is None):
            raise InvalidArgument("certificate and private_key must be given together")
        flags = {
            "address": _PEER_CERT | _PEER_IDENTITY,
            "hostname": _PEER_CERT | _PEER_IDENTITY_DNS,
            "unchecked": _PEER_CERT,
        }[self.identity]
        options: dict[str, Any] = {"verify_flags": flags, "trusted_cert": _certificate(self.ca)}
        if self.certificate is not None and self.private_key is not None:
            options["cert"] = _pem("certificate", self.certificate)
            options["private_key"] = _pem("private_key", self.private_key)
            options["private_key_password"] = self.private_key_password or ""
        return options


def _check_source(name: str, source: object, *, optional: bool = True) -> None:
    # Not shown: it may be a secret that was given for the wrong argument.
    if not isinstance(source, str | Path) and not (optional and source is None):
        raise InvalidArgument(f"{name} must be a path or PEM, not {type(source).__name__}")


def _certificate(source: str | Path) -> str:
    text = _pem("ca", source)
    if text.count(f"{_MARK}CERTIFICATE") > 1:
        # The driver would silently trust the first one only (OpenSslContext::add_trusted_cert).
        raise InvalidArgument(
            "ca holds more than one certificate, but the driver takes only one",
            hint="pass the certificate of the authority that signed the servers'",
        )
    try:
        ssl.PEM_cert_to_DER_cert(text[text.index(f"{_MARK}CERTIFICATE") :].strip())
    except ValueError as error:
        raise InvalidArgument(f"ca is not a PEM certificate: {error}") from error
    return text


def _pem(name: str, source: str | Path) -> str:
    if isinstance(source, str) and _MARK in source:
        return source
    try:
        text = read_text(source)
    except (OSError, ValueError) as error:
        # `from None`, and without the source: it may be a secret passed as the wrong argument.
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"{name} is neither PEM nor a readable file: {reason}") from None
    if _MARK not in text:
        raise InvalidArgument(f"{name} is a file that contains no PEM")
    return text
