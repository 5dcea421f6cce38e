"""Personal data: what says which fields are about a person, and what is read once they are not."""

from collections.abc import Collection
from enum import Enum
from typing import Any, Final, Generic
from uuid import UUID

from ._typevars import P_co
from .checks import listed
from .errors import InvalidArgument
from .excerpt import excerpt
from .plain import leaves
from .values import value

RESERVED: Final = "$personal"
"""The only key of the dict that stands for an encrypted value. Payloads must not have it."""

_MOST_FIELDS: Final = 1000


class Forgotten(Enum):
    """
    The class of `FORGOTTEN`, for annotations: ``Annotated[str | Forgotten, Personal("id")]``.

    A type checker knows that there is only one: ``if name is FORGOTTEN`` leaves a str.
    """

    # The number is how msgspec and pydantic, which know no other value beside a str, read it from
    # plain data. It is never stored.
    FORGOTTEN = -(2**53) + 1

    def __str__(self) -> str:
        return "(forgotten)"

    def __repr__(self) -> str:
        return "FORGOTTEN"


FORGOTTEN: Final = Forgotten.FORGOTTEN
"""What a personal field is read as once its subject is forgotten."""

FORGOTTEN_JSON: Final = str(FORGOTTEN.value).encode()
"""How libraries write it that know no enums: only data with these bytes may hold it."""


@value
class Encrypted:
    """
    What a personal field is read as if the key of its subject is not known.

    Attributes:
        subject: Whom the field is about.
        key_id: The key that it is encrypted with.
    """

    subject: str
    key_id: UUID


class PersonalValue(Generic[P_co]):
    """
    A value in a plain payload that a `PrivateEventStore` stores encrypted.

    Other stores refuse it. It is equal to another one of the same subject and value. Its repr shows
    the subject alone.

    Args:
        subject: Whom it is about: a str of 1 to 200 printable characters. It is stored in plain
            text, so it must be an identifier.
        value: Anything that `JsonCodec` encodes.
    """

    __slots__ = ("subject", "value")

    def __init__(self, subject: str, value: P_co) -> None:
        self.subject = subject
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PersonalValue):
            return NotImplemented
        return bool(self.subject == other.subject and self.value == other.value)

    __hash__ = None  # type: ignore[assignment] # its value may be a dict

    def __repr__(self) -> str:
        return f"PersonalValue({self.subject!r}, …)"


class Personal:
    """
    Marks a field of a type of event as personal: ``Annotated[str, Personal("customer_id")]``.

    For dataclasses, msgspec structs, pydantic models and TypedDicts that are registered in
    `EventTypes`. The whole value of the field is encrypted, whatever its type is. The mark stands
    around the whole type: ``Annotated[str | None, Personal("customer_id")]``.

    Args:
        subject: The name of the field, of the same class, that holds the subject. Once it is plain
            data it must be a str of 1 to 200 printable characters; a `UUID` is one.
        forgotten: What the field is read as once the subject is forgotten. It must be of the
            field's type. Without it, the type must admit `Forgotten`, as in ``str | Forgotten``.

    Raises:
        InvalidArgument: *subject* is not a name.
    """

    __slots__ = ("forgotten", "subject")

    def __init__(self, subject: str, *, forgotten: Any = FORGOTTEN) -> None:
        if not isinstance(subject, str) or not subject:
            raise InvalidArgument(
                f"subject must be the name of a field, not {excerpt(subject)}",
                hint="the field of the same class that says whom the data is about",
            )
        self.subject = str.__str__(subject)
        self.forgotten = forgotten

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Personal):
            return NotImplemented
        return bool(self.subject == other.subject and self.forgotten == other.forgotten)

    def __hash__(self) -> int:
        return hash(self.subject)

    def __repr__(self) -> str:
        shown = "" if self.forgotten is FORGOTTEN else f", forgotten={self.forgotten!r}"
        return f"Personal({self.subject!r}{shown})"


@value
class PersonalFields:
    """
    Which fields of a type of event are personal, for payloads that are bare dicts.

    Attributes:
        subject: The key in the payload whose value is the subject.
        fields: The keys whose values are encrypted. A payload need not have all of them.

    Raises:
        InvalidArgument: a name is not a str, *fields* is empty, or the subject is one of them.
    """

    subject: str
    fields: Collection[str]

    def __post_init__(self) -> None:
        """Check the names; raises `InvalidArgument`."""
        if not isinstance(self.subject, str):
            raise InvalidArgument(f"subject must be a key, not {excerpt(self.subject)}")
        given: Any = self.fields
        if isinstance(given, str | bytes) or not isinstance(given, Collection):
            raise InvalidArgument(
                f"fields must be a list of keys, not {excerpt(given)}",
                hint="for a single key: fields=['name']",
            )
        keys = listed("fields", given, _MOST_FIELDS)
        if not keys or not all(isinstance(key, str) for key in keys):
            raise InvalidArgument(
                f"fields must hold one key or more, each a str, not {excerpt(given)}"
            )
        if self.subject in keys:
            raise InvalidArgument(
                f"{self.subject!r} is the subject, so it cannot be encrypted",
                hint="use an identifier that is not itself personal",
            )
        object.__setattr__(self, "fields", tuple(dict.fromkeys(keys)))


def holds_forgotten(payload: object) -> bool:
    """Return whether a payload holds `FORGOTTEN`."""
    return any(value is FORGOTTEN for value in leaves(payload))


class Unencrypted(TypeError):
    """
    Personal data in plain text reached a codec.

    Private: `encoding` and stored snapshots make an error of the library of it.
    """


UNENCRYPTED_HINT: Final = (
    "wrap the store: PrivateEventStore(store, keys) encrypts it; "
    "around it: TypedEventStore(PrivateEventStore(store, keys), types)"
)


def refuse_unencrypted(value: object) -> None:
    """Refuse what no codec may store; raises `Unencrypted`."""
    if isinstance(value, PersonalValue):
        raise Unencrypted("personal data must be encrypted before it is stored")
    if isinstance(value, Encrypted):
        raise Unencrypted("it was read without its key, so it cannot be stored again")


def unencrypted(error: BaseException | None) -> Unencrypted | None:
    """Return what refused to encode personal data, if that is why a codec failed."""
    while error is not None and not isinstance(error, Unencrypted):
        error = error.__cause__
    return error
