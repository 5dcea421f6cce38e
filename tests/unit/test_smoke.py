"""The smoke test fails if the build does not work."""

import sys
from pathlib import Path

import pytest

from tools.smoke.environment import ROOT, SmokeError, run

PROGRAM = ROOT / "tools" / "smoke" / "program.py"


def copied(folder: Path, *, without: str) -> Path:
    """Return a program that runs the smoke program on a package that lacks one file."""
    start = folder / "start.py"
    start.write_text(
        f"""
import pathlib, runpy, shutil, sys
package = pathlib.Path({str(folder)!r}) / "event_store_async"
shutil.copytree({str(ROOT / "event_store_async")!r}, package)
shutil.copytree({str(ROOT / "cql")!r}, package / "_cql")
(package / {without!r}).unlink()
sys.path.insert(0, {str(folder)!r})
runpy.run_path({str(PROGRAM)!r}, run_name="__main__")
""",
        "utf-8",
    )
    return start


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("py.typed", "types are shipped"),
        ("_cql/migrations/0001_event_identity.cql", "migrations are shipped"),
    ],
)
def test_a_package_that_lacks_a_file_is_found(tmp_path: Path, without: str, said: str) -> None:
    with pytest.raises(SmokeError, match=said):
        run([sys.executable, str(copied(tmp_path, without=without))], cwd=tmp_path)
