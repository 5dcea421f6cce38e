"""Copies the documents, and the files that they link to, to the site's sources."""

import shutil
from collections import deque
from pathlib import Path
from typing import Final

from . import reference, statements
from .links import place, relink

ROOT: Final = Path(__file__).parents[2]
STAGE: Final = ROOT / "build" / "docs"

_LANGUAGES: Final = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".go": "go", ".cql": "sql"}


class Staging:
    """Copies documents, and the files that they link to, into a folder."""

    def __init__(self, stage: Path) -> None:
        self._stage = stage
        self._waiting: deque[str] = deque()
        self._seen: set[str] = set()

    def add(self, path: str) -> str:
        """Add a file or folder of the repository; return the path to show for it."""
        readme = ROOT / path / "README.md"
        if readme.is_file() and path != ".":
            path = f"{path}/README.md"
        if path not in self._seen:
            self._seen.add(path)
            self._waiting.append(path)
        return path

    def run(self) -> None:
        """Copy everything that was added, and everything that it links to."""
        while self._waiting:
            path = self._waiting.popleft()
            target = self._stage / place(path)
            source = ROOT / path
            if target.exists() and not path.startswith("docs/"):
                continue  # generated, or already copied
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".md":
                target.write_text(relink(source.read_text("utf-8"), path, self.add), "utf-8")
            elif path.startswith("docs/"):
                shutil.copyfile(source, target)
            elif source.is_dir():
                target.write_text(relink(_listing(source, path), path, self.add), "utf-8")
            elif source.is_file():
                target.write_text(_shown(source, path), "utf-8")
            else:
                raise FileNotFoundError(f"a document links to {path}, which does not exist")


def stage(target: Path = STAGE) -> None:
    """Create the site's sources anew."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    reference.write(target)
    statements.write(target)
    _mermaid(target)
    staging = Staging(target)
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.is_file():
            staging.add(path.relative_to(ROOT).as_posix())
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        staging.add(name)
    staging.run()


def _shown(source: Path, path: str) -> str:
    language = _LANGUAGES.get(source.suffix, "text")
    return f"# {path}\n\n````{language}\n{source.read_text('utf-8').rstrip()}\n````\n"


def _listing(source: Path, path: str) -> str:
    names = sorted(entry.name for entry in source.iterdir() if entry.name != "__pycache__")
    links = [f"- [{name}]({source.name}/{name})\n" for name in names]
    return f"# {path}/\n\n{''.join(links)}"


def _mermaid(target: Path) -> None:
    # The theme would load it from another host; a package contains the same file.
    import mermaidx

    assets = target / "assets"
    assets.mkdir(exist_ok=True)
    shutil.copyfile(Path(mermaidx.__file__).parent / "assets" / "mermaid.js", assets / "mermaid.js")
