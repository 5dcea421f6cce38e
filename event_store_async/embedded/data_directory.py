"""The directory of a cluster: who holds it, what it is bound to, and its end."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import DirectoryInUse, DirectoryRefused
from .file_lock import FileLock
from .java import directory_mark
from .node import PID_FILE
from .processes import end_left_over

_TEMPORARY = "event-store-async-cluster-"
_LOCK = "lock"
_MANIFEST = "cluster.json"
_NEW_MANIFEST = "cluster.json.new"
_NODES = "node*"


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What the data in a directory is bound to.

    Attributes:
        version: The version of Cassandra that wrote it.
        addresses: The address of each node.
        storage_port: The port by which the nodes know each other.
    """

    version: str
    addresses: tuple[str, ...]
    storage_port: int


class DataDirectory:
    """
    A directory held by this process alone, with whatever a killed run left in it ended.

    All of it blocks: call it in a thread.

    Attributes:
        path: The directory, absolute.
        keep: Whether its content outlives `close`.
    """

    def __init__(self, path: Path | None, *, keep: bool) -> None:
        self.keep = keep
        if path is None:
            _sweep()
            self.path, self._lock = _temporary()
        else:
            self.path = path.expanduser().absolute()
            self._lock = _given(self.path)
        self._is_temporary = path is None
        try:
            for directory in self.path.glob(_NODES):
                _end_left_over(directory)
        except BaseException:
            self._lock.release()
            raise

    def node(self, index: int) -> Path:
        """Return the directory of one node, counted from 0."""
        return self.path / f"node{index + 1}"

    def manifest(self) -> Manifest | None:
        """
        Return what the data is bound to; None if there is none yet.

        Raises:
            DirectoryRefused: The manifest cannot be read.
        """
        try:
            stored = json.loads((self.path / _MANIFEST).read_text())
            return Manifest(stored["version"], tuple(stored["addresses"]), stored["storage_port"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DirectoryRefused(self.path, f"its {_MANIFEST} is unreadable") from error

    def bind(self, manifest: Manifest) -> None:
        """Write what the data is bound to from now on."""
        new = self.path / _NEW_MANIFEST
        new.write_text(json.dumps(asdict(manifest), indent=2))
        new.replace(self.path / _MANIFEST)

    def close(self) -> None:
        """Let others have the directory, and empty it before unless it is kept."""
        if not self.keep and self._is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        elif not self.keep:
            # Only what is ours: the directory was the caller's before.
            for directory in self.path.glob(_NODES):
                shutil.rmtree(directory, ignore_errors=True)
            (self.path / _MANIFEST).unlink(missing_ok=True)
            self._lock.path.unlink(missing_ok=True)
        self._lock.release()


def _given(path: Path) -> FileLock:
    path.mkdir(parents=True, exist_ok=True)
    strangers = {entry.name for entry in path.iterdir()} - {_LOCK, _NEW_MANIFEST}
    if strangers and not (path / _MANIFEST).exists():
        raise DirectoryRefused(path, "it is not empty, and not of an embedded Cassandra")
    lock = FileLock(path / _LOCK)
    if not lock.try_acquire():
        raise DirectoryInUse(path, lock.holder())
    return lock


def _temporary() -> tuple[Path, FileLock]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
        lock = FileLock(path / _LOCK)
        try:
            if lock.try_acquire():
                return path, lock
        except FileNotFoundError:
            # Swept away by another process before the lock was there to stop it.
            continue


def _sweep() -> None:
    """Remove the temporary directories of this user whose runs were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        lock = FileLock(path / _LOCK)
        try:
            if path.is_symlink() or path.stat().st_uid != os.getuid() or not lock.try_acquire():
                continue
            for directory in path.glob(_NODES):
                _end_left_over(directory)
            shutil.rmtree(path, ignore_errors=True)
        except (OSError, TimeoutError):
            continue
        finally:
            lock.release()


def _end_left_over(directory: Path) -> None:
    end_left_over(directory / PID_FILE, directory_mark(directory))
