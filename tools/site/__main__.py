"""``python -m tools.site build`` builds the site; ``serve`` serves it and follows changes."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from .built import faults
from .staging import ROOT, stage

_ZENSICAL: Final = [sys.executable, "-m", "zensical"]
_FOLLOWED: Final = ("docs", "cql", "event_store_async")


def build() -> int:
    """Build the site and check it; return the exit status."""
    stage()
    done = subprocess.run([*_ZENSICAL, "build", "--clean", "--strict"], cwd=ROOT, check=False)
    if done.returncode:
        return done.returncode
    found = faults((ROOT / "build" / "site").resolve())
    print("\n".join(found) or "build/site/index.html")
    return bool(found)


def serve() -> int:
    """Serve the site until Ctrl-C, and rebuild it when a document changes."""
    stage()
    newest = _newest()
    server = subprocess.Popen([*_ZENSICAL, "serve"], cwd=ROOT)
    try:
        while server.poll() is None:
            time.sleep(1)
            if (now := _newest()) != newest:
                newest = now
                stage()
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
    return server.wait()


def _newest() -> float:
    return max(
        path.stat().st_mtime
        for folder in _FOLLOWED
        for path in Path(ROOT / folder).rglob("*")
        if path.suffix in {".md", ".svg", ".cql", ".py"}
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("command", choices=["build", "serve"])
    sys.exit({"build": build, "serve": serve}[parser.parse_args().command]())
