"""``python -m tools.smoke DIST``: tests the wheel and sdist in a folder, and the checkout."""

import sys
import tempfile
from pathlib import Path

from .environment import ROOT, Environment, SmokeError, fetch


def smoke(dist: Path, work: Path) -> None:
    """
    Test the build; *work* is an empty folder to work in.

    Raises:
        SmokeError: the build does not work.
    """
    (wheel,) = dist.glob("*.whl")
    (sdist,) = dist.glob("*.tar.gz")
    wheelhouse = work / "wheelhouse"
    wheelhouse.mkdir()
    fetch(wheel, wheelhouse, Path(sys.executable))
    for name, what in (("wheel", str(wheel)), ("sdist", str(sdist)), ("editable", str(ROOT))):
        environment = Environment(work / name, wheelhouse)
        options = ["--editable"] if name == "editable" else []
        environment.install(*options, what)
        print(f"{name}: {environment.try_core().strip()}")
        environment.install(*options, f"{what}[cli]")
        environment.try_command()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        try:
            smoke(Path(sys.argv[1]).resolve(), Path(folder))
        except SmokeError as error:
            sys.exit(f"the build does not work: {error}")
    print("wheel, sdist and editable install work")
