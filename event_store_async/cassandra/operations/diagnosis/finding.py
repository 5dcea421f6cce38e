"""Findings: what was looked at, and what to change."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters."""

    OK = "ok"
    ADVICE = "advice"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was found of one thing that was looked at.

    Attributes:
        check: What was looked at, in a word or two.
        severity: Whether it is right, could be better, or must be changed.
        found: What was found.
        change: What to change; None if it is right.
        why: Why; None if it is right.
    """

    check: str
    severity: Severity
    found: str
    change: str | None = None
    why: str | None = None


def ok(check: str, found: str) -> Finding:
    """Return the finding that it is right."""
    return Finding(check, Severity.OK, found)


def advice(check: str, found: str, change: str, why: str) -> Finding:
    """Return the finding that it could be better."""
    return Finding(check, Severity.ADVICE, found, change, why)


def must(check: str, found: str, change: str, why: str) -> Finding:
    """Return the finding that it must be changed."""
    return Finding(check, Severity.MUST, found, change, why)
