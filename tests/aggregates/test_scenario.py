"""Scenarios: which assertions pass, which fail, and what a failure shows."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from types import MappingProxyType
from typing import Any

import pytest

from event_store_async import NewEvent
from event_store_async.aggregates import Reducer, Rejected
from event_store_async.testing import given


@dataclass(frozen=True)
class Opened:
    owner: str
    currency: str


@dataclass(frozen=True)
class Withdrawn:
    amount: int
    place: str


@dataclass(frozen=True)
class Account:
    owner: str = ""
    balance: int = 50


Event = Opened | Withdrawn


def handle(account: Account, event: Event) -> Account:
    if isinstance(event, Opened):
        return Account(event.owner, account.balance)
    return Account(account.owner, account.balance - event.amount)


REDUCER = Reducer[Account, Event](Account(), handle)
OPENED = Opened("ann", "EUR")


def withdraw_40(account: Account) -> list[Event] | Rejected[str]:
    if account.balance < 40:
        return Rejected("too little")
    return [Withdrawn(40, "Bern")]


async def withdraw_later(account: Account) -> list[Event] | Rejected[str]:
    return withdraw_40(account)


def nothing(_: Account) -> list[Event]:
    return []


def fail(_: Account) -> list[Event]:
    raise LookupError("no rate for EUR")


def named(_: Account) -> list[NewEvent[Event]]:
    return [NewEvent(OPENED, type="opened", metadata={"by": "ann"})]


async def test_true_assertions_pass() -> None:
    given(REDUCER, OPENED).then_aggregate(Account("ann", 50))
    scenario = given(REDUCER, OPENED).when(withdraw_40)
    scenario.then(Withdrawn(40, "Bern")).then_aggregate(Account("ann", 10))
    given(REDUCER, OPENED, Withdrawn(20, "Bern")).when(withdraw_40).then_rejected("too little")
    given(REDUCER).when(nothing).then_nothing().then_aggregate(Account())
    given(REDUCER).when(fail).then_raises(LookupError, match=r"rate for \w+")
    given(REDUCER, NewEvent(OPENED)).when(fail).then_raises(LookupError)
    (await given(REDUCER).when_async(withdraw_later)).then(Withdrawn(40, "Bern"))


def test_type_and_metadata_are_compared_only_if_expected() -> None:
    scenario = given(REDUCER).when(named)

    scenario.then(OPENED)
    scenario.then(NewEvent(OPENED))
    scenario.then(NewEvent(OPENED, type="opened"))
    scenario.then(NewEvent(OPENED, metadata={"by": "ann"}))
    with pytest.raises(AssertionError, match="type='closed'"):
        scenario.then(NewEvent(OPENED, type="closed"))
    with pytest.raises(AssertionError, match="'bob'"):
        scenario.then(NewEvent(OPENED, metadata={"by": "bob"}))


def test_a_failure_shows_the_scenario_and_the_difference() -> None:
    with pytest.raises(AssertionError) as failure:
        given(REDUCER, OPENED).when(withdraw_40).then(Withdrawn(30, "Bern"))

    assert str(failure.value) == dedent(
        """\
        other events were expected
        given:
            Opened(owner='ann', currency='EUR')
        when:
            withdraw_40
        expected:
            Withdrawn(amount=30, place='Bern')
        actual:
            Withdrawn(amount=40, place='Bern')
        difference (- expected, + actual):
              Withdrawn(
            -     amount=30,
            +     amount=40,
                  place='Bern',
              )"""
    )


@pytest.mark.parametrize(
    ("decide", "check"),
    [
        (withdraw_40, lambda then: then.then()),
        (withdraw_40, lambda then: then.then_nothing()),
        (withdraw_40, lambda then: then.then_rejected("too little")),
        (withdraw_40, lambda then: then.then_raises(LookupError)),
        (withdraw_40, lambda then: then.then_aggregate(Account())),
        (withdraw_40, lambda then: then.then(Withdrawn(40, "Bern"), OPENED)),
        (nothing, lambda then: then.then(OPENED)),
        (fail, lambda then: then.then(OPENED)),
        (fail, lambda then: then.then_nothing()),
        (fail, lambda then: then.then_raises(TypeError)),
        (fail, lambda then: then.then_raises(LookupError, match="elsewhere")),
        (fail, lambda then: then.then_aggregate(Account())),
        (lambda _: Rejected("a"), lambda then: then.then_rejected("b")),
        (lambda _: Rejected("a"), lambda then: then.then_nothing()),
        (lambda _: None, lambda then: then.then_nothing()),
        (lambda _: {"a": 1}, lambda then: then.then("a")),
        (lambda _: MappingProxyType({"a": 1}), lambda then: then.then("a")),
    ],
)
def test_false_assertions_fail(decide: Any, check: Callable[[Any], None]) -> None:
    with pytest.raises(AssertionError, match=r"given:\n.*\nwhen:\n.*\nexpected:\n"):
        check(given(REDUCER, OPENED).when(decide))


@pytest.mark.parametrize(
    "decision",
    [{"a": 1}, MappingProxyType({"a": 1}), "text", b"bytes", NewEvent(OPENED), OPENED, None],
)
def test_a_decision_that_is_not_a_list_of_events_is_refused(decision: Any) -> None:
    scenario = given(REDUCER).when(lambda _: decision)

    scenario.then_raises(TypeError, match="must be a list of events or Rejected")


def test_the_exception_of_a_decision_is_the_cause_of_the_failure() -> None:
    with pytest.raises(AssertionError, match="LookupError: no rate for EUR") as failure:
        given(REDUCER).when(fail).then(OPENED)
    assert isinstance(failure.value.__cause__, LookupError)


def test_another_aggregate_of_the_given_events_fails() -> None:
    with pytest.raises(AssertionError, match=r"\+ +owner='ann',"):
        given(REDUCER, OPENED).then_aggregate(Account("bob"))


def test_a_failure_says_if_unequal_values_look_the_same() -> None:
    class Same:
        def __repr__(self) -> str:
            return "Same"

    with pytest.raises(AssertionError, match="they look the same"):
        given(REDUCER).when(lambda _: Rejected(Same())).then_rejected(Same())


def test_an_asynchronous_decision_must_be_awaited() -> None:
    with pytest.raises(TypeError, match=r"await when_async\(withdraw_later\)"):
        given(REDUCER).when(withdraw_later)  # type: ignore[arg-type]
