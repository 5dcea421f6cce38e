"""``python -m tools.versions lowest|newest|pythons``: prints what was tried, or what fails."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from . import bounds, interpreters
from .bounds import EXTRAS, OLDEST_PYTEST, ROOT
from .trial import Trial, TrialFailed, build

NOT_TRIED: Final = 3
"""The exit code if there was nothing to try with."""


def lowest(work: Path) -> int:
    """
    Try the lowest declared versions, on the lowest Python; *work* is an empty folder.

    Raises:
        TrialFailed: the package does not work with them.
    """
    minor = interpreters.MINORS[0]
    python = interpreters.find(minor)
    if python is None:
        print(f"NOT TRIED: python3.{minor} was not found. Later ones need later versions.")
        return NOT_TRIED
    pins = bounds.lowest(bounds.declared(bounds.project()), f"3.{minor}")
    wheel = build(work, pins)
    _try_everything(Trial(work / "lowest", python), wheel, pins)
    old = Trial(work / "plugin", python)
    old.install(f"pytest=={OLDEST_PYTEST}")
    old.install(str(wheel), alone=True)
    print(f"plugin under pytest {OLDEST_PYTEST}: {old.try_plugin()}", flush=True)
    return 0


def newest(work: Path) -> int:
    """
    Try the newest versions of the registry, on this Python; *work* is an empty folder.

    Raises:
        TrialFailed: the package does not work with them.
    """
    _try_everything(Trial(work / "newest", sys.executable), build(work, {}), {})
    return 0


def pythons(work: Path) -> int:
    """
    Try the contract in memory on every Python that is found; *work* is an empty folder.

    Raises:
        TrialFailed: the package does not work on one of them.
    """
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    wheel = build(work, pins)
    failures = []
    for minor in interpreters.MINORS:
        python = interpreters.find(minor)
        if python is None:
            print(f"python3.{minor}: NOT TRIED: it was not found", flush=True)
            continue
        try:
            trial = Trial(work / f"3.{minor}", python)
            trial.install(f"{wheel}[testing]", pins=pins)
            core, contract = trial.try_core(), trial.try_contract()
            print(f"python3.{minor}: {core.partition(':')[0]}, contract: {contract}", flush=True)
        except TrialFailed as failure:
            failures.append(f"python3.{minor}: {failure}")
    if failures:
        raise TrialFailed("\n".join(failures))
    return 0


def _try_everything(trial: Trial, wheel: Path, pins: dict[str, str]) -> None:
    trial.install(f"{wheel}[{','.join(EXTRAS)}]", pins=pins)
    print(f"installed: {trial.versions()}", flush=True)
    print(f"core: {trial.try_core()}", flush=True)
    trial.try_command()
    print(f"contract: {trial.try_contract()}", flush=True)
    print(f"extras: {trial.try_extras()}", flush=True)
    print(f"Cassandra: {trial.try_cassandra()}", flush=True)


def main() -> int:
    """Run a trial; return the exit code."""
    trials = {trial.__name__: trial for trial in (lowest, newest, pythons)}
    parser = argparse.ArgumentParser(prog="python -m tools.versions")
    parser.add_argument("trial", choices=trials)
    name = parser.parse_args().trial
    with tempfile.TemporaryDirectory() as folder:
        try:
            return trials[name](Path(folder))
        except TrialFailed as failure:
            print(f"{name}: the package does not work:\n{failure}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
