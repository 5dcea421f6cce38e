"""The ports of keys: `KeyStore` and `KeyWrapper`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from ..checks import check_instance
from ..subject_key import ForgottenSubject, SubjectKey, check_bytes


class KeyStore(Protocol):
    """
    Keeps one key for each subject, until the subject is forgotten.

    A *subject* is whom fields of events are about: a str of 1 to 200 printable characters. It is
    stored in plain text, so it must be an identifier and not a name or an address.
    """

    async def get(self, subjects: Iterable[str]) -> Mapping[str, SubjectKey | ForgottenSubject]:
        """
        Return the keys of subjects. Subjects that never had a key are left out.

        It asks the store itself, not a cache. A subject that is forgotten and came back has its new
        key.

        Args:
            subjects: The subjects, in any number and order.

        Raises:
            InvalidArgument: before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MasterKeyMissing: a key is wrapped with a master key that is not given.
            InvalidKey: a stored key cannot be unwrapped.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table of keys is missing.
        """
        raise NotImplementedError

    async def key_for(
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        """
        Return a key for each subject, and create those that are missing.

        However many callers create the key of a subject at once, all of them get the same one. It
        is stored before this returns.

        Args:
            subjects: The subjects, in any number and order.
            renew: Give a new key to subjects that are forgotten. What was encrypted before they
                were forgotten stays unreadable.

        Raises:
            InvalidArgument: before anything is sent.
            SubjectForgotten: a subject is forgotten, and *renew* is false. Keys of other subjects
                may have been created.
            KeyOutcomeUnknown: no quorum answered in time. A key may have been created.
            EventStoreError: as `get` does.
        """
        raise NotImplementedError

    async def forget(self, subject: str) -> ForgottenSubject:
        """
        Destroy the key of a subject. It is safe to repeat.

        A subject that never had a key is forgotten as well: it gets none later by accident.

        Args:
            subject: The subject.

        Returns:
            When it was forgotten: the first time, if it was forgotten already.

        Raises:
            InvalidArgument: before anything is sent.
            KeyOutcomeUnknown: no quorum answered in time. The key may be destroyed.
            EventStoreError: as `get` does.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """
    The key of a subject, encrypted with a master key.

    Attributes:
        master: The name of the master key: 1 to 200 printable characters.
        data: The encrypted key.

    Raises:
        InvalidArgument: an argument is of the wrong kind.
    """

    master: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the arguments; raises `InvalidArgument`."""
        check_instance("master", self.master, str, "a str")
        check_bytes("data", self.data)


class KeyWrapper(Protocol):
    """Encrypts the keys of subjects before they are stored: with a key file, or with a KMS."""

    @property
    def master(self) -> str:
        """The name of the master key that new keys are wrapped with."""
        raise NotImplementedError

    async def wrap(self, key: SubjectKey) -> WrappedKey:
        """
        Encrypt the key of a subject, so that it is valid for this subject and key id only.

        Raises:
            Exception: any; it reaches the caller of the `KeyStore` as it is.
        """
        raise NotImplementedError

    async def unwrap(self, subject: str, key_id: UUID, wrapped: WrappedKey) -> SubjectKey:
        """
        Decrypt the key of a subject.

        Raises:
            MasterKeyMissing: the master key is not given.
            InvalidKey: it does not decrypt, or belongs to another subject or id.
            Exception: any other reaches the caller of the `KeyStore` as it is.
        """
        raise NotImplementedError
