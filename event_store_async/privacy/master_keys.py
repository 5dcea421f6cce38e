"""Master keys: they encrypt the keys of subjects, and are in a file or in the environment."""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from os import PathLike, urandom
from typing import Final
from uuid import UUID

from ..checks import check_instance, check_text
from ..environment import variable
from ..errors import InvalidArgument, InvalidKey, MasterKeyMissing
from ..excerpt import excerpt
from ..ports import KeyWrapper, WrappedKey
from ..subject_key import KEY_BYTES, SubjectKey, check_subject
from ..text_file import read_text
from .cipher import Cipher, check_installed, context_of

VARIABLE: Final = "EVENT_STORE_MASTER_KEYS"
"""The environment variable that `MasterKeys.from_environment` reads by default."""

_LONGEST_NAME: Final = 200
_MOST: Final = 1000
_HINT: Final = "MasterKeys.generate('2026') makes one"


class MasterKeys(KeyWrapper):
    """
    Encrypts the keys of subjects with AES-256-GCM, each for its subject and id only.

    Keep the master keys apart from the database: whoever has both can read everything. Without
    them, no personal value can be read ever again.

    To change the master key, add one under a new name, make it the current one in every process,
    re-wrap the keys of all subjects, and remove the old one.

    Args:
        keys: The master keys, 32 random bytes each, by their names. A name is 1 to 200 printable
            characters without ``:``, ``,`` and spaces.
        current: The name of the key that new keys are wrapped with; it may be left out if there is
            one key only.

    Raises:
        InvalidArgument: an argument is not valid, or ``cryptography`` is not installed.
    """

    def __init__(self, keys: Mapping[str, bytes], *, current: str | None = None) -> None:
        check_instance("keys", keys, Mapping, "a mapping of names to keys", hint=_HINT)
        check_installed()
        made = dict(keys)
        if not 0 < len(made) <= _MOST:
            raise InvalidArgument(f"there must be 1 to {_MOST:,} master keys", hint=_HINT)
        for name, secret in made.items():
            _check(name, secret)
        if current is None and len(made) > 1:
            raise InvalidArgument("of several master keys, current must name the one for new keys")
        chosen = next(iter(made)) if current is None else current
        if chosen not in made:
            raise InvalidArgument(f"current must be one of the names, not {excerpt(current)}")
        self._current = str.__str__(chosen)
        self._ciphers = {str.__str__(name): Cipher(secret) for name, secret in made.items()}

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> "MasterKeys":
        """
        Read master keys from a text file. It blocks until the file is read.

        A line is a name, ``:``, and the key in base64, as `generate` makes it. The first line is
        the current key. Empty lines, and lines that begin with ``#``, are ignored.

        Args:
            path: The file, of 1 MiB at most. Only the user of the application should be able to
                read it. A pipe will do, too, as of ``<(…)``. It is waited for, for 30 seconds at
                most, so read a pipe before the event loop starts, or in a thread.

        Raises:
            InvalidArgument: the file cannot be read, or is not like that; or a pipe does not end in
                time.
        """
        check_instance("path", path, (str, PathLike), "a path")
        try:
            text = read_text(path)
        except (OSError, ValueError) as error:
            # `from None`, and without the path: it may be the keys, given by mistake.
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidArgument(
                f"the file of master keys cannot be read: {reason}",
                hint="EVENT_STORE_MASTER_KEYS_FILE, master_keys_file and --master-keys-file are "
                "the path of a file with the keys; the keys themselves go into the variable "
                f"{VARIABLE}",
            ) from None
        lines = [line.strip() for line in text.splitlines()]
        wanted = [line for line in lines if line and not line.startswith("#")]
        return cls._of(wanted, "the file of master keys")

    @classmethod
    def from_environment(cls, name: str = VARIABLE) -> "MasterKeys":
        """
        Read master keys from an environment variable: as in a file, with commas for line ends.

        Args:
            name: The name of the variable.

        Raises:
            InvalidArgument: the variable is not set, or is not like that.
        """
        name = check_text("name", name)
        text = variable(name)
        if text is None:
            # What is no name of a variable may be the keys, given by mistake.
            shown = f" {excerpt(name)}" if name.isidentifier() else ""
            raise InvalidArgument(f"the environment variable{shown} is not set", hint=_HINT)
        found = [part.strip() for part in text.replace("\n", ",").split(",")]
        return cls._of([part for part in found if part], f"the variable {excerpt(name)}")

    @staticmethod
    def generate(name: str) -> str:
        """
        Return a new random master key as a line of a file.

        Args:
            name: Its name, for example the year.

        Raises:
            InvalidArgument: it is not a name.
        """
        secret = urandom(KEY_BYTES)
        _check(name, secret)
        return f"{name}:{b64encode(secret).decode()}"

    @classmethod
    def _of(cls, lines: list[str], source: str) -> "MasterKeys":
        keys: dict[str, bytes] = {}
        for number, line in enumerate(lines, 1):
            # The line is not shown: it is a secret, whatever is wrong with it.
            name, colon, encoded = line.partition(":")
            try:
                secret = b64decode(encoded.strip(), validate=True) if colon else b""
            except (Error, ValueError):
                secret = b""
            name = name.strip()
            if len(secret) != KEY_BYTES or name in keys:
                reason = "has a name for the second time" if name in keys else "is not a key"
                raise InvalidArgument(
                    f"{source}: key {number} {reason}: a name, ':' and {KEY_BYTES} bytes in base64 "
                    "are needed",
                    hint=_HINT,
                )
            keys[name] = secret
        if not keys:
            raise InvalidArgument(f"{source} has no master key", hint=_HINT)
        return cls(keys, current=next(iter(keys)))

    @property
    def master(self) -> str:
        """The name of the master key that new keys are wrapped with."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all master keys, in the order in which they were given."""
        return tuple(self._ciphers)

    async def wrap(self, key: SubjectKey) -> WrappedKey:  # noqa: D102 - inherited from the port
        check_instance("key", key, SubjectKey, "a SubjectKey")
        check_subject(key.subject)
        check_instance("the id of key", key.id, UUID, "a uuid.UUID")
        check_instance("the secret of key", key.secret, bytes, "bytes")
        context = _context(self._current, key.subject, key.id)
        return WrappedKey(self._current, self._ciphers[self._current].encrypt(key.secret, context))

    async def unwrap(  # noqa: D102 - inherited from the port
        self, subject: str, key_id: UUID, wrapped: WrappedKey
    ) -> SubjectKey:
        subject = check_subject(subject)
        check_instance("key_id", key_id, UUID, "a uuid.UUID")
        check_instance("wrapped", wrapped, WrappedKey, "a WrappedKey")
        check_text("the master of wrapped", wrapped.master)
        check_instance("the data of wrapped", wrapped.data, bytes, "bytes")
        cipher = self._ciphers.get(wrapped.master)
        if cipher is None:
            raise MasterKeyMissing(subject, wrapped.master)
        try:
            secret = cipher.decrypt(wrapped.data, _context(wrapped.master, subject, key_id))
        except ValueError as error:
            raise InvalidKey(subject, str(error)) from None
        if len(secret) != KEY_BYTES:
            raise InvalidKey(subject, f"it has {len(secret)} bytes, not {KEY_BYTES}")
        return SubjectKey(subject, key_id, secret)

    def __repr__(self) -> str:
        return f"<MasterKeys {', '.join(self._ciphers)}; current: {self._current}>"


def _context(master: str, subject: str, key_id: UUID) -> bytes:
    return context_of("key", master, subject, str(key_id))


def _check(name: object, secret: object) -> None:
    """Refuse what is not a name with a key, without showing the key."""
    if not isinstance(name, str):
        raise InvalidArgument(f"the name of a master key must be a str, not {excerpt(name)}")
    text = str.__str__(name)
    wrong = not text.isprintable() or any(each in text for each in ":, ") or text.startswith("#")
    if not text or len(text) > _LONGEST_NAME or wrong:
        raise InvalidArgument(
            f"the name of a master key must be 1 to {_LONGEST_NAME} printable characters without "
            f"':', ',' and spaces, and not begin with '#', not {excerpt(text)}"
        )
    if not isinstance(secret, bytes) or len(secret) != KEY_BYTES:
        given = f"{len(secret)} bytes" if isinstance(secret, bytes) else type(secret).__name__
        raise InvalidArgument(
            f"master key {text!r} must be {KEY_BYTES} random bytes, not {given}", hint=_HINT
        )
