"""TLS: what is needed to trust a server, and to be trusted by it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ...errors import InvalidArgument

_PEER_CERT: Final = 1
_PEER_IDENTITY: Final = 2
_PEER_IDENTITY_DNS: Final = 4
_MARK: Final = "-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """
    A connection encrypted by TLS, to a server whose certificate and identity are checked.

    Each of the PEM fields takes a path (`pathlib.Path`, or a text naming a file) or the PEM text
    itself. Private material never appears in a repr.

    Attributes:
        ca: The certificate that signed the server's, or the server's own.
        certificate: The client's certificate, where the server asks for one.
        private_key: The client's private key.
        private_key_password: Its password, if it has one.
        identity: What the server's certificate must name: ``"address"``, the IP address connected
            to; ``"hostname"``, its name by reverse lookup; or ``"unchecked"``, nothing: whoever
            holds any certificate of the same authority can then stand between.
    """

    ca: str | Path
    certificate: str | Path | None = None
    private_key: str | Path | None = field(default=None, repr=False)
    private_key_password: str | None = field(default=None, repr=False)
    identity: Literal["address", "hostname", "unchecked"] = "address"

    def driver_options(self) -> dict[str, Any]:
        """
        Return the options for the driver's cluster.

        Raises:
            InvalidArgument: a file cannot be read or is no PEM, or half of a client's pair is
                missing.
        """
        if (self.certificate is None) != (self.private_key is None):
            raise InvalidArgument("a client's certificate and private key go together")
        flags = {
            "address": _PEER_CERT | _PEER_IDENTITY,
            "hostname": _PEER_CERT | _PEER_IDENTITY_DNS,
            "unchecked": _PEER_CERT,
        }.get(self.identity)
        if flags is None:
            raise InvalidArgument(
                f"identity must be 'address', 'hostname' or 'unchecked', not {self.identity!r}"
            )
        options: dict[str, Any] = {"verify_flags": flags, "trusted_cert": _certificate(self.ca)}
        if self.certificate is not None and self.private_key is not None:
            options["cert"] = _pem("certificate", self.certificate)
            options["private_key"] = _pem("private_key", self.private_key)
            options["private_key_password"] = self.private_key_password or ""
        return options


def _certificate(source: str | Path) -> str:
    text = _pem("ca", source)
    if text.count(f"{_MARK}CERTIFICATE") > 1:
        # The driver would silently trust the first one only (OpenSslContext::add_trusted_cert).
        raise InvalidArgument(
            "ca holds more than one certificate, the driver takes one",
            hint="give the certificate of the authority that signed the servers'",
        )
    try:
        ssl.PEM_cert_to_DER_cert(text[text.index(f"{_MARK}CERTIFICATE") :].strip())
    except ValueError as error:
        raise InvalidArgument(f"ca is no PEM certificate: {error}") from error
    return text


def _pem(name: str, source: str | Path) -> str:
    if isinstance(source, str) and _MARK in source:
        return source
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        # `from None`, and no word of the source: it may be a secret in the wrong place.
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidArgument(f"{name} is neither PEM nor a readable file: {reason}") from None
    if _MARK not in text:
        raise InvalidArgument(f"{name} is a file without PEM in it")
    return text
