"""A key wrapper whose results are checked: it is code of the application, or asks a service."""

from typing import Final

from ...checks import check_instance, check_methods
from ...errors import InvalidArgument, MasterKeyMissing
from ...excerpt import excerpt
from ...plain import plain_str
from ...ports.keys import KeyWrapper, WrappedKey
from ...subject_key import KEY_BYTES, SubjectKey
from .row import KeyRow

_LONGEST_MASTER: Final = 200
_MOST_BYTES: Final = 64 * 1024
_HINT: Final = "give the key store a KeyWrapper, for example MasterKeys"


class CheckedWrapper:
    """
    Wraps and unwraps keys with a `KeyWrapper`, and checks what it returns.

    Args:
        wrapper: The wrapper; None for a key store that needs no keys.
    """

    def __init__(self, wrapper: KeyWrapper | None) -> None:
        self._wrapper = wrapper

    @property
    def master(self) -> str:
        """The name of the current master key; raises `InvalidArgument`."""
        return _checked_master(self._given().master)

    async def wrap(self, key: SubjectKey) -> WrappedKey:
        """
        Wrap a key.

        Raises:
            InvalidArgument: there is no wrapper, or it returned something else.
            Exception: what the wrapper raises.
        """
        wrapped = await self._given().wrap(key)
        check_instance("what the wrapper returned", wrapped, WrappedKey, "a WrappedKey")
        # What must be told from a destroyed key is not empty.
        if not isinstance(wrapped.data, bytes) or not 0 < len(wrapped.data) <= _MOST_BYTES:
            raise InvalidArgument(f"the wrapper must return 1 to {_MOST_BYTES:,} bytes of key")
        return WrappedKey(_checked_master(wrapped.master), bytes(wrapped.data))

    async def unwrap(self, row: KeyRow) -> SubjectKey:
        """
        Unwrap the key of a row.

        Raises:
            MasterKeyMissing: there is no wrapper, or it does not have the master key.
            InvalidKey: the key is damaged, or the wrapper returned another one.
            Exception: what the wrapper raises.
        """
        key_id, wrapped = row.wrapped_key
        if self._wrapper is None:
            raise MasterKeyMissing(row.subject, wrapped.master)
        key = await self._wrapper.unwrap(row.subject, key_id, wrapped)
        if (
            not isinstance(key, SubjectKey)
            or (key.subject, key.id) != (row.subject, key_id)
            or not isinstance(key.secret, bytes)
            or len(key.secret) != KEY_BYTES
        ):
            raise row.invalid("the wrapper returned something else")
        return key

    def check_given(self) -> None:
        """Raise `InvalidArgument` if there is no wrapper."""
        self._given()

    def _given(self) -> KeyWrapper:
        if self._wrapper is None:
            raise InvalidArgument("this key store has no wrapper", hint=_HINT)
        return self._wrapper


def _checked_master(name: object) -> str:
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_MASTER and name.isprintable():
        return plain_str(name)
    raise InvalidArgument(
        f"the name of a master key must be 1 to {_LONGEST_MASTER} printable characters, not "
        f"{excerpt(name)}"
    )


def check_wrapper(wrapper: object) -> None:
    """Refuse anything but None or a key wrapper; raises `InvalidArgument`."""
    if wrapper is not None:
        check_methods("wrapper", wrapper, "a KeyWrapper or None", "wrap", "unwrap")
