"""Snapshot fields: what is said to be personal in aggregates of plain data, for each kind."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..checks import check_instance
from ..errors import InvalidArgument
from ..personal import RESERVED, PersonalFields, PersonalValue
from ..snapshot import check_kind
from .envelope import is_envelope, pointer
from .payload import Path, Unsealable

_HINT: Final = (
    "PrivateEventStore(…, snapshot_fields={{{kind!r}: PersonalFields('subject', ['name'])}}), or "
    "{{{kind!r}: None}} if nothing in it is personal; or give the aggregate a class with marks: "
    "typed_snapshots(private.snapshots, types)"
)


class SnapshotFields:
    """
    The personal fields of aggregates, by their kinds.

    A reducer makes plain data of events that are in plain text. Nothing in it tells what was
    personal, so it must be said, or the aggregate would be stored in plain text.

    Args:
        fields: For each kind its fields; None says that nothing is personal but what is marked.

    Raises:
        InvalidArgument: it is no such mapping.
    """

    def __init__(self, fields: Mapping[str, PersonalFields | None] | None) -> None:
        check_instance("snapshot_fields", fields, Mapping, "a mapping", optional=True)
        self._fields: dict[str, PersonalFields | None] = {}
        for kind, each in (fields or {}).items():
            name = f"snapshot_fields[{kind!r}]"
            check_instance(name, each, PersonalFields, "a PersonalFields", optional=True)
            self._fields[check_kind(kind)] = each

    def check(self, kind: str, conversions: Iterable[Any]) -> None:
        """
        Refuse a kind of which nothing says what is personal.

        Args:
            kind: The kind.
            conversions: What converts its aggregates to plain data. One that knows no personal
                field says nothing.

        Raises:
            InvalidArgument: neither these fields nor a conversion says it.
        """
        if kind in self._fields:
            return
        marked = [getattr(each, "is_marked", True) for each in conversions]
        if any(marked):
            return
        lacking = "its types mark no field as Personal" if marked else "it is plain data"
        raise InvalidArgument(
            f"nothing says what is personal in snapshots of kind {kind!r}: {lacking}, so it would "
            "be stored in plain text",
            hint=_HINT.format(kind=kind),
        )

    def marked(self, kind: str, plain: Any) -> Any:
        """
        Return an aggregate with a `PersonalValue` in the place of each personal field.

        Raises:
            Unsealable: it has no fields.
        """
        fields = self._fields.get(kind)
        if fields is None:
            return plain
        if not isinstance(plain, dict):
            raise Unsealable(
                f"its kind has personal fields, so it must be a dict, not {type(plain).__name__}"
            )
        personal = {
            key: PersonalValue(plain.get(fields.subject), plain[key])  # type: ignore[arg-type] # checked with the others
            for key in fields.fields
            if key in plain and not isinstance(plain[key], PersonalValue)
        }
        return {**plain, **personal}

    def check_places(self, kind: str, paths: Iterable[Path]) -> None:
        """
        Refuse personal values elsewhere: once loaded, they would be saved in plain text.

        Raises:
            Unsealable: there is one.
        """
        fields = self._fields.get(kind)
        known = () if fields is None else fields.fields
        for path in paths:
            if len(path) != 1 or path[0] not in known:
                raise Unsealable(
                    f"{pointer(path) or 'all of it'} is personal, but not among the fields that "
                    "are stated for its kind: it would be saved in plain text after it was loaded"
                )

    def check_stored(self, kind: str, plain: Any) -> None:
        """
        Refuse an aggregate as it is stored if a personal field of it is in plain text.

        Raises:
            Unsealable: it was saved before the field was stated.
        """
        fields = self._fields.get(kind)
        if fields is None or not isinstance(plain, dict):
            return
        for key in fields.fields:
            if key in plain and not is_envelope(plain[key]):
                raise Unsealable(
                    f"{pointer((key,))} is stored in plain text, without {RESERVED!r}: drop the "
                    "snapshots of this kind"
                )
