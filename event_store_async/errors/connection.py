"""Connections that could not be opened."""

from .base import EventStoreError


class ConnectionFailed(EventStoreError):
    """None of the contact points could be reached; no store was opened."""


class AuthenticationFailed(ConnectionFailed):
    """The server refused the user name or the password."""


class TlsFailed(ConnectionFailed):
    """No trusted TLS connection: the certificate, its host name or the handshake is wrong."""
