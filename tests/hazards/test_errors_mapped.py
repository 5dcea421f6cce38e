"""Every exception class of the driver is mapped to ours; every error of ours can be pickled."""

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID, uuid4

import acsylla
import pytest
from acsylla import errors as driver_errors

import event_store_async
from event_store_async import (
    NO_STREAM,
    AlreadyPublished,
    AppendOutcomeUnknown,
    AppendTooLarge,
    AuthenticationFailed,
    CategoriesMissing,
    CategoryOutcomeUnknown,
    CommandNotHandled,
    ConcurrentModification,
    ConnectionFailed,
    ErasureOutcomeUnknown,
    EventStoreError,
    FeedDisabled,
    ForeignPosition,
    HandlerCancelled,
    HandlerTimedOut,
    InvalidArchive,
    InvalidCheckpoint,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidKey,
    InvalidSnapshot,
    InvalidStreamId,
    KeyOutcomeUnknown,
    LeaseLost,
    LossyPayload,
    MasterKeyMissing,
    MistypedEvent,
    NewEvent,
    NotParked,
    NotPublished,
    PayloadNotEncodable,
    RequestRefused,
    ResliceRefused,
    RestoreOutcomeUnknown,
    RolledBack,
    SchemaChangeFailed,
    SchemaError,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    SliceHeld,
    StoreClosed,
    StoreUnavailable,
    StreamClosed,
    StreamHole,
    StreamInconsistent,
    StreamTruncated,
    SubjectForgotten,
    SubscriptionMismatch,
    SubscriptionRunning,
    SubscriptionUnknown,
    TimeToLiveRefused,
    TlsFailed,
    TruncationMissing,
    UndecodableEvent,
    UndecodableSnapshot,
    UndecryptableField,
    UnknownEventType,
    ViewOutlived,
    WaitedInsideHandler,
    WrongCategory,
    WrongEventLoop,
    WrongProcess,
)
from event_store_async.aggregates import Rejected
from event_store_async.cassandra.driver import faults
from event_store_async.cassandra.driver.faults import (
    CERTAINTIES,
    Certainty,
    Fault,
    certainty_of,
    connect_error,
)
from event_store_async.cassandra.driver.port import ERROR_CLASSES, DriverError

_PACKAGE: Final = EventStoreError.__module__.rpartition(".")[0]

CLASSES: Final = {name: getattr(driver_errors, name) for name in sorted(ERROR_CLASSES)}


# The driver's classes


def test_every_class_of_the_driver_is_mapped() -> None:
    assert ERROR_CLASSES - CERTAINTIES.keys() == set()


def test_every_mapped_class_is_one_of_the_drivers() -> None:
    assert CERTAINTIES.keys() - ERROR_CLASSES == set()


def test_no_class_is_mapped_twice() -> None:
    listed = [
        *(f"CassError{name}" for name in faults._UNSENT + faults._UNKNOWN + faults._REFUSED),
        *faults._NOT_OF_REQUESTS,
        *faults._BASES,
    ]

    assert len(listed) == len(set(listed)) == len(CERTAINTIES)


def test_the_drivers_list_of_its_classes_is_complete() -> None:
    from acsylla._cython import cyacsylla

    found = {
        name
        for module in (driver_errors, cyacsylla, acsylla)
        for name, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }

    assert found == ERROR_CLASSES


def test_one_base_catches_every_class() -> None:
    assert all(issubclass(class_, DriverError) for class_ in CLASSES.values())


@pytest.mark.parametrize("name", CLASSES)
def test_every_exception_of_the_driver_becomes_an_error_of_ours(name: str) -> None:
    exception = CLASSES[name]("the server's words")

    fault = Fault.of(exception)
    error = fault.as_error("reading stream x")

    assert (fault.name, fault.certainty) == (name, CERTAINTIES[name])
    assert isinstance(error, EventStoreError)
    assert type(error) is (
        RequestRefused if fault.certainty is Certainty.REFUSED else StoreUnavailable
    )
    for words in ("reading stream x", name, "the server's words"):
        assert words in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Request timed out: Request timed out", "Request timed out"),
        ("No hosts available: No hosts available: refused", "No hosts available: refused"),
        ("Request timed out", "Request timed out"),
        ("Unavailable: 1 of 2", "Unavailable: 1 of 2"),
        ("", ""),
    ],
)
def test_the_driver_is_not_quoted_twice(text: str, said: str) -> None:
    assert Fault.of(DriverError(text)).message == said


def test_a_class_that_is_not_listed_is_unknown() -> None:
    assert certainty_of("CassErrorServerNewInSomeVersion", "") is Certainty.UNKNOWN


def test_an_error_code_without_a_class_is_unknown() -> None:
    """CAS_WRITE_UNKNOWN comes as the bare base class, with a number for a message."""
    assert Fault.of(DriverError(0x0200_1700)).certainty is Certainty.UNKNOWN


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("text", ["", "SERIAL", "Cannot achieve consistency level LOCAL_SERIAL"])
def test_only_unavailable_becomes_certain_by_its_text(name: str, text: str) -> None:
    speaks = name == "CassErrorServerUnavailable" and "SERIAL" in text

    assert certainty_of(name, text) is (Certainty.UNSENT if speaks else CERTAINTIES[name])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Unavailable: Cannot achieve consistency level SERIAL", Certainty.UNSENT),
        ("Unavailable: Cannot achieve consistency level LOCAL_SERIAL", Certainty.UNSENT),
        ("Unavailable: Cannot achieve consistency level QUORUM", Certainty.UNKNOWN),
        ("Unavailable: Cannot achieve consistency level LOCAL_QUORUM", Certainty.UNKNOWN),
        ("Unavailable: Cannot achieve consistency level LOCAL_ONE", Certainty.UNKNOWN),
        ("", Certainty.UNKNOWN),
    ],
)
def test_unavailable_is_certain_if_it_names_the_serial_level(text: str, kind: Certainty) -> None:
    assert certainty_of("CassErrorServerUnavailable", text) is kind


MAY_BE_STORED: Final = {
    "CassErrorLibRequestTimedOut",
    "CassErrorLibWriteError",
    "CassErrorLibUnexpectedResponse",
    "CassErrorServerServerError",
    "CassErrorServerWriteTimeout",
    "CassErrorServerWriteFailure",
    "CassErrorServerReadTimeout",
    "CassErrorServerReadFailure",
    "CassErrorServerOverloaded",
    "CassErrorServerUnavailable",
    "CassException",
}


@pytest.mark.parametrize("name", sorted(MAY_BE_STORED))
def test_a_fault_after_which_it_may_be_stored_is_never_called_certain(name: str) -> None:
    assert CERTAINTIES[name] is Certainty.UNKNOWN


@pytest.mark.parametrize("name", CLASSES)
def test_every_exception_while_connecting_becomes_connection_failed(name: str) -> None:
    expected: type[ConnectionFailed] = ConnectionFailed
    if name == "CassErrorServerBadCredentials":
        expected = AuthenticationFailed
    elif name.startswith("CassErrorSsl"):
        expected = TlsFailed

    error = connect_error(CLASSES[name]("why"), "127.0.0.1 (port 9042)")

    assert type(error) is expected
    assert "127.0.0.1 (port 9042)" in str(error)
    assert "why" in str(error)
    assert error.hint


# Our classes


def subclasses(class_: type[EventStoreError]) -> Iterator[type[EventStoreError]]:
    for below in class_.__subclasses__():
        yield below
        yield from subclasses(below)


OURS: Final[list[type[EventStoreError]]] = sorted(
    {
        EventStoreError,
        *(it for it in subclasses(EventStoreError) if it.__module__.startswith(_PACKAGE)),
    },
    key=lambda it: it.__name__,
)
NAMES: Final = [it.__name__ for it in OURS]

_STREAM: Final = UUID(int=1)
_MAKERS: Final[dict[type[EventStoreError], Callable[[], EventStoreError]]] = {
    AlreadyPublished: lambda: AlreadyPublished(_STREAM, "account"),
    FeedDisabled: lambda: FeedDisabled("k.t"),
    ForeignPosition: lambda: ForeignPosition(_STREAM, UUID(int=3)),
    NotPublished: lambda: NotPublished(_STREAM, 7, 2.5),
    AppendOutcomeUnknown: lambda: AppendOutcomeUnknown(
        _STREAM, NO_STREAM, (NewEvent({"a": 1}, event_id=UUID(int=2)),)
    ),
    CategoriesMissing: lambda: CategoriesMissing("k.t", 1),
    CategoryOutcomeUnknown: lambda: CategoryOutcomeUnknown(_STREAM, "account"),
    ErasureOutcomeUnknown: lambda: ErasureOutcomeUnknown(_STREAM, 7, True),
    StreamClosed: lambda: StreamClosed(_STREAM),
    StreamTruncated: lambda: StreamTruncated(_STREAM, 3, 7),
    TruncationMissing: lambda: TruncationMissing("k.t", 1),
    LossyPayload: lambda: LossyPayload(0, "card.number", "card", "it would be lost"),
    WrongCategory: lambda: WrongCategory(_STREAM, "account", "order"),
    AppendTooLarge: lambda: AppendTooLarge("bytes", 2_000_000, 1_048_576),
    ConcurrentModification: lambda: ConcurrentModification(_STREAM, 3, 5),
    InvalidArchive: lambda: InvalidArchive("events.jsonl.zst", 3, "no JSON", hint="export again"),
    InvalidCheckpoint: lambda: InvalidCheckpoint("f.checkpoint", "damaged", hint="remove it"),
    InvalidEvent: lambda: InvalidEvent(2, "it is none", hint="make one"),
    InvalidExpectedVersion: lambda: InvalidExpectedVersion("x", "it is none", hint="use ANY"),
    InvalidIdentifier: lambda: InvalidIdentifier("table", "a b", "no spaces"),
    InvalidKey: lambda: InvalidKey("customer-7", "it was changed"),
    KeyOutcomeUnknown: lambda: KeyOutcomeUnknown("customer-7", "create"),
    MasterKeyMissing: lambda: MasterKeyMissing("customer-7", "2025"),
    SubjectForgotten: lambda: SubjectForgotten("customer-7"),
    UndecryptableField: lambda: UndecryptableField(_STREAM, 7, "/name", "it was changed"),
    InvalidSnapshot: lambda: InvalidSnapshot(_STREAM, "account/1", "too large", hint="less"),
    InvalidStreamId: lambda: InvalidStreamId("x"),
    PayloadNotEncodable: lambda: PayloadNotEncodable(0, "a set is no JSON"),
    RestoreOutcomeUnknown: lambda: RestoreOutcomeUnknown(_STREAM, 3, 7),
    SchemaChangeFailed: lambda: SchemaChangeFailed("k.t", "no agreement"),
    SchemaError: lambda: SchemaError("k.t", "wrong"),
    SchemaMismatch: lambda: SchemaMismatch("k.t", "other columns"),
    SchemaMissing: lambda: SchemaMissing("k.t"),
    SchemaOutdated: lambda: SchemaOutdated("k.t", 0, 1),
    SchemaTooNew: lambda: SchemaTooNew("k.t", 9, 1),
    StoreClosed: StoreClosed,
    StreamHole: lambda: StreamHole(_STREAM, 7),
    MistypedEvent: lambda: MistypedEvent(_STREAM, 7, "opened", 2, {"a": 1}, "no owner"),
    UnknownEventType: lambda: UnknownEventType(_STREAM, 7, "opened", 3, 2),
    StreamInconsistent: lambda: StreamInconsistent(_STREAM, 7),
    TimeToLiveRefused: lambda: TimeToLiveRefused("k.t", 60),
    UndecodableEvent: lambda: UndecodableEvent(_STREAM, 7, "text/x", b"\xff", "no codec"),
    UndecodableSnapshot: lambda: UndecodableSnapshot(_STREAM, "account/1", 7, "x", "no codec"),
    WrongEventLoop: WrongEventLoop,
    WrongProcess: WrongProcess,
    CommandNotHandled: lambda: CommandNotHandled(Rejected("sold out")),
    HandlerCancelled: HandlerCancelled,
    HandlerTimedOut: lambda: HandlerTimedOut(60.0),
    LeaseLost: lambda: LeaseLost("mails", 2, 3),
    NotParked: lambda: NotParked("mails", _STREAM, 7),
    ResliceRefused: lambda: ResliceRefused("mails", 8),
    RolledBack: RolledBack,
    SliceHeld: lambda: SliceHeld("mails", 3, "version 7 fails"),
    SubscriptionMismatch: lambda: SubscriptionMismatch("mails", 4, 16),
    SubscriptionRunning: lambda: SubscriptionRunning("mails"),
    SubscriptionUnknown: lambda: SubscriptionUnknown("mails"),
    ViewOutlived: lambda: ViewOutlived("balances"),
    WaitedInsideHandler: lambda: WaitedInsideHandler("mails"),
}


def make(class_: type[EventStoreError]) -> EventStoreError:
    return _MAKERS.get(class_, lambda: class_("what happened", hint="what to do"))()


@pytest.mark.parametrize("class_", OURS, ids=NAMES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_can_be_pickled(class_: type[EventStoreError], protocol: int) -> None:
    error = make(class_)

    assert_same(pickle.loads(pickle.dumps(error, protocol)), error)


@pytest.mark.parametrize("class_", OURS, ids=NAMES)
def test_every_error_can_be_copied(class_: type[EventStoreError]) -> None:
    error = make(class_)

    assert_same(copy.copy(error), error)
    assert_same(copy.deepcopy(error), error)


def assert_same(other: Any, error: Any) -> None:
    assert type(other) is type(error)
    assert (other.args, str(other), vars(other)) == (error.args, str(error), vars(error))
    assert other.hint == error.hint
    if isinstance(error, AppendOutcomeUnknown):
        assert other.event_ids == error.event_ids


@pytest.mark.parametrize("class_", OURS, ids=NAMES)
def test_every_error_is_exported_and_says_what_it_is(class_: type[EventStoreError]) -> None:
    assert getattr(event_store_async, class_.__name__) is class_
    assert class_.__doc__
    assert str(make(class_))


def test_an_error_keeps_its_cause_when_raised_from_a_fault() -> None:
    cause = CLASSES["CassErrorServerWriteTimeout"]("Write timeout")
    fault = Fault.of(cause)

    with pytest.raises(StoreUnavailable) as caught:
        raise fault.as_error(f"reading stream {uuid4()}") from fault

    assert caught.value.__cause__ is fault
