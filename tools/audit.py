"""
The audit: runs pip-audit to find known vulnerabilities of the pinned packages.

``python -m tools.audit``. Its data comes from a network service, so it is not part of
``make check``: a build must not fail because a vulnerability became known or the service is down.
Packages that could not be audited are reported as such; pip-audit calls them "skipped" and exits
with success.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

FOUND: Final = 1
FAILED: Final = 2
NOT_AUDITED: Final = 3
"""Exit codes: vulnerabilities were found; pip-audit failed; there was no data for some or all of
the packages."""

_PINS: Final = Path(__file__).parents[1] / "constraints.txt"
_COMMAND: Final = [
    *[sys.executable, "-m", "pip_audit", "--requirement", str(_PINS)],
    *["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"],
]


def verdict(report: str, errors: str) -> tuple[int, list[str]]:
    """
    Return the exit code for a result of pip-audit, and the lines to print.

    Args:
        report: Its JSON; empty if it failed.
        errors: Its standard error.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        if "ServiceError" in errors or "ConnectionError" in errors:
            return NOT_AUDITED, [errors.strip(), _nothing("the service cannot be reached")]
        return FAILED, [errors.strip(), "NOT AUDITED: pip-audit failed"]
    known = [
        f"{package['name']} {package['version']}: {found['id']}, "
        f"fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for package in packages
        for found in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    lines = list(known)
    if len(skipped) == len(packages):
        lines.append(_nothing("the service has no data for any package"))
    elif skipped:
        lines.append(f"NOT AUDITED: {', '.join(skipped)}: the service has no data for these")
    audited = len(packages) - len(skipped)
    lines.append(f"{audited} of {len(packages)} packages audited, {len(known)} vulnerabilities")
    return FOUND if known else NOT_AUDITED if skipped else 0, lines


def main() -> int:
    """Audit the pins, print the result and return the exit code."""
    done = subprocess.run(_COMMAND, capture_output=True, text=True, check=False)
    code, lines = verdict(done.stdout, done.stderr)
    print("\n".join(lines))
    return code


def _nothing(reason: str) -> str:
    return f"NOT AUDITED: {reason}. Run it again where the service can be reached."


if __name__ == "__main__":
    sys.exit(main())
