"""The directory of a cluster: its lock, its manifest and its removal."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from ..json_input import read_json
from .errors import DirectoryInUse, DirectoryRefused
from .file_lock import FileLock
from .java import check_path, directory_mark
from .node import PID_FILE
from .processes import end_left_over

_TEMPORARY = "event-store-async-cluster-"
_LOCK = "lock"
MANIFEST = "cluster.json"
_NEW_MANIFEST = "cluster.json.new"
_NODES = "node*"


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What the data in a directory depends on, so that a later start can check it.

    Attributes:
        version: The version of Cassandra that wrote it.
        addresses: The address of each node.
        storage_port: The port at which the nodes know each other.
    """

    version: str
    addresses: tuple[str, ...]
    storage_port: int


class DataDirectory:
    """
    A directory locked by this process. Nodes that a killed run left in it are ended first.

    Every method blocks: call it in a thread.

    Args:
        path: The directory; None for a temporary one.
        keep: Whether to keep its content at `close`.

    Attributes:
        path: The directory, absolute.
        keep: Whether its content is kept at `close`.

    Raises:
        DirectoryInUse: Another process holds the directory.
        DirectoryRefused: It holds something other than the data of an embedded cluster, or Java
            cannot find it.
        TimeoutError: A node that a killed run left does not end.
    """

    def __init__(self, path: Path | None, *, keep: bool) -> None:
        self.keep = keep
        if path is None:
            _sweep()
            self.path, self._lock = _temporary()
        else:
            self.path = path.expanduser().absolute()
            check_path(self.path)
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
        return node_directory(self.path, index)

    def manifest(self) -> Manifest | None:
        """
        Return the manifest; None if there is no data yet.

        Raises:
            DirectoryRefused: The manifest cannot be read.
        """
        try:
            stored = read_json((self.path / MANIFEST).read_bytes())
            return Manifest(stored["version"], tuple(stored["addresses"]), stored["storage_port"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DirectoryRefused(self.path, f"its {MANIFEST} is unreadable: {error}") from error

    def bind(self, manifest: Manifest) -> None:
        """Write the manifest."""
        new = self.path / _NEW_MANIFEST
        new.write_text(json.dumps(asdict(manifest), indent=2))
        new.replace(self.path / MANIFEST)

    def close(self) -> None:
        """Remove the content unless it is kept, and release the directory."""
        if not self.keep and self._is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        elif not self.keep:
            # Remove only our own files: the directory belongs to the caller.
            for directory in self.path.glob(_NODES):
                shutil.rmtree(directory, ignore_errors=True)
            (self.path / MANIFEST).unlink(missing_ok=True)
            self._lock.path.unlink(missing_ok=True)
        self._lock.release()


def node_directory(path: Path, index: int) -> Path:
    """Return the directory of one node, counted from 0, in the directory of a cluster."""
    return path / f"node{index + 1}"


def _given(path: Path) -> FileLock:
    path.mkdir(parents=True, exist_ok=True)
    strangers = {entry.name for entry in path.iterdir()} - {_LOCK, _NEW_MANIFEST}
    if strangers and not (path / MANIFEST).exists():
        raise DirectoryRefused(path, "it is not empty, and has no data of an embedded Cassandra")
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
            # Another process swept it away before the lock existed: try again.
            continue


def _sweep() -> None:
    """Remove temporary directories that killed runs of this user left behind."""
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
