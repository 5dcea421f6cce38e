"""Findings: what was looked at, and what of it is to be changed."""

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
    Something that was looked at.

    Attributes:
        check: What was looked at, in a word or two.
        severity: Whether it is right, could be better, or must be changed.
        found: What was found.
        change: What to change; None where it is right.
        why: Why; None where it is right.
    """

    check: str
    severity: Severity
    found: str
    change: str | None = None
    why: str | None = None


def ok(check: str, found: str) -> Finding:
    """Return the finding that all is right."""
    return Finding(check, Severity.OK, found)


def advice(check: str, found: str, change: str, why: str) -> Finding:
    """Return the finding that something could be better."""
    return Finding(check, Severity.ADVICE, found, change, why)


def must(check: str, found: str, change: str, why: str) -> Finding:
    """Return the finding that something must be changed."""
    return Finding(check, Severity.MUST, found, change, why)
