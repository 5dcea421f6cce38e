"""Failures to make a session."""

from .base import EventStoreError


class ConnectionFailed(EventStoreError):
    """No session could be made with any of the contact points."""


class AuthenticationFailed(ConnectionFailed):
    """The server refused the credentials."""


class TlsFailed(ConnectionFailed):
    """No trusted TLS connection: a certificate, its identity or the handshake is wrong."""
