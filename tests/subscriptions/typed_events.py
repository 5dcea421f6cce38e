"""Typed events of the tests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opened:
    owner: str


@dataclass(frozen=True)
class Closed:
    pass
