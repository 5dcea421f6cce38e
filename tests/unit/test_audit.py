"""The audit: packages without data are never counted as audited."""

import json
from typing import Any

import pytest

from tools.audit import FAILED, FOUND, NOT_AUDITED, verdict

CLEAN: dict[str, Any] = {"name": "anyio", "version": "4.16.0", "vulns": []}
KNOWN: dict[str, Any] = {
    "name": "h11",
    "version": "0.1",
    "vulns": [{"id": "CVE-1", "fix_versions": ["0.2"], "aliases": [], "description": ""}],
}
SKIPPED: dict[str, Any] = {"name": "acsylla", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        pytest.param([CLEAN], 0, "1 of 1 packages audited, 0 vulnerabilities", id="clean"),
        pytest.param([CLEAN, KNOWN], FOUND, "h11 0.1: CVE-1, fixed in 0.2", id="known"),
        pytest.param([KNOWN, SKIPPED], FOUND, "NOT AUDITED: acsylla", id="known and skipped"),
        pytest.param([CLEAN, SKIPPED], NOT_AUDITED, "NOT AUDITED: acsylla", id="one skipped"),
        pytest.param(
            [SKIPPED],
            NOT_AUDITED,
            "has no data for any package",
            id="all skipped",
        ),
    ],
)
def test_a_report_leads_to_an_exit_code(
    packages: list[dict[str, Any]], code: int, said: str
) -> None:
    """pip-audit itself exits with success if it cannot look up a package."""
    ended, lines = verdict(json.dumps({"dependencies": packages, "fixes": []}), "")

    assert ended == code
    assert said in "\n".join(lines)


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ("requests.exceptions.ConnectionError: Max retries exceeded", NOT_AUDITED),
        ("pip_audit._service.interface.ServiceError: 503", NOT_AUDITED),
        ("No module named pip_audit", FAILED),
    ],
)
def test_a_missing_report_is_not_a_success(errors: str, code: int) -> None:
    ended, lines = verdict("", errors)

    assert ended == code
    assert errors in lines
    assert "NOT AUDITED" in lines[-1]
