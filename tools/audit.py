"""
The audit: known vulnerabilities of the pinned packages, by pip-audit.

``python -m tools.audit``. Its data come from a service on the network, so it is no part of
``make check``: a build must not fail by what the world learned overnight, or by a service that is
down. Whatever could not be asked about is told, never counted as harmless: pip-audit itself calls
a package that the service does not answer for "skipped", and ends with success.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

FOUND: Final = 1
FAILED: Final = 2
NOT_AUDITED: Final = 3
"""Exit codes: vulnerabilities are known; pip-audit failed; the data could not be had, for all of
the packages or for some, which says nothing about those."""

_PINS: Final = Path(__file__).parents[1] / "constraints.txt"
_COMMAND: Final = [
    *[sys.executable, "-m", "pip_audit", "--requirement", str(_PINS)],
    *["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"],
]


def verdict(report: str, errors: str) -> tuple[int, list[str]]:
    """
    Return the exit code for what pip-audit said, and the lines to print.

    Args:
        report: Its JSON; empty where it failed.
        errors: What else it said.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        if "ServiceError" in errors or "ConnectionError" in errors:
            return NOT_AUDITED, [errors.strip(), _nothing("the service is out of reach")]
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
        lines.append(_nothing("the service answered for none of the packages"))
    elif skipped:
        lines.append(f"NOT AUDITED: {', '.join(skipped)}: the service did not answer for these")
    audited = len(packages) - len(skipped)
    lines.append(f"{audited} of {len(packages)} packages audited, {len(known)} vulnerabilities")
    return FOUND if known else NOT_AUDITED if skipped else 0, lines


def main() -> int:
    """Audit the pins, and tell what came of it."""
    done = subprocess.run(_COMMAND, capture_output=True, text=True, check=False)
    code, lines = verdict(done.stdout, done.stderr)
    print("\n".join(lines))
    return code


def _nothing(reason: str) -> str:
    return f"NOT AUDITED: {reason}. Nothing is known of the pins; run it where it can be reached."


if __name__ == "__main__":
    sys.exit(main())
