"""Mutants: the library with one rule of the protocol broken. The checker must catch each."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from event_store_async.cassandra.append.executor import Executor
from event_store_async.cassandra.append.plan import AppendPlan, Verdict, VerdictName
from event_store_async.cassandra.append.settler import Settler
from event_store_async.cassandra.driver.faults import Fault
from event_store_async.cassandra.feed.announcement import Address, Announcement
from event_store_async.cassandra.feed.announcer import Announcer
from event_store_async.cassandra.feed.entry import EntryDraft, Link
from event_store_async.cassandra.feed.lane import Lane
from event_store_async.cassandra.feed.lane_reader import LaneReader
from event_store_async.cassandra.feed.log import Log
from event_store_async.cassandra.feed.look import Look
from event_store_async.cassandra.feed.progress import FeedProgress
from event_store_async.cassandra.feed.runner import Runner
from event_store_async.cassandra.feed.sequencer import Sequencer
from event_store_async.cassandra.feed.tables import FeedTables
from event_store_async.moments import to_milliseconds
from event_store_async.retry import Deadline

from .breaking import Broken, both, patch
from .session import Weather
from .world import Plan


@dataclass(frozen=True)
class Mutant:
    """
    A broken rule.

    Attributes:
        name: What is done wrong.
        rule: The rule that it breaks.
        shows: What the checker must find; any of them. An alarm is not enough.
        broken: Breaks the library for as long as it is entered.
        plan: The runs in which it shows.
        run: The run of the search in which the same rule is broken, if there is one: without the
            ``v2-`` or ``mut-``.
    """

    name: str
    rule: str
    shows: tuple[str, ...]
    broken: Broken
    plan: Plan
    run: str = ""


ROUGH = Weather(lost=0.1, unanswered=0.1, late=0.1, unsent=0.05, half=0.7, slow=0.1, pause=0.01)
DUEL = Plan(writers=3, streams=3, appends=12, weather=ROUGH, crashes=2, everybody_leads=True)
CRASH = Plan(writers=3, streams=4, appends=12, weather=ROUGH, crashes=3)
LATE = replace(CRASH, weather=Weather(late=0.1))
SUDDEN = replace(CRASH, sudden=True, part_rows=1, delay=1)
LOWS = Plan(
    writers=3,
    streams=3,
    appends=30,
    weather=Weather(late=0.02, half=0.5, pause=0.01),
    crashes=2,
    everybody_leads=True,
    part_rows=1,
    fresh=False,
    ahead=0.0,
    timeouts=(None,),
    live=0.02,
)
STALE = replace(LOWS, writers=4, crashes=0, weather=Weather(pause=0.01))
SHORT_LIVED = replace(
    LOWS,
    streams=6,
    appends=20,
    weather=Weather(late=0.15, unanswered=0.1, half=0.5, pause=0.02),
    crashes=10,
    delay=1,
    part_rows=2,
    fresh=True,
    sudden=True,
)
BURSTS = replace(SHORT_LIVED, streams=12, part_rows=5, bursts=0.7)
ORDER = Plan(writers=3, streams=3, appends=15, weather=replace(ROUGH, pause=0.0), crashes=0)
HOLES = Plan(
    writers=3,
    streams=6,
    appends=40,
    weather=Weather(slow=0.5),
    crashes=0,
    part_rows=100,
    live=0.02,
)
AHEAD = Plan(
    writers=1,
    streams=4,
    appends=12,
    weather=Weather(late=0.25),
    crashes=0,
    timeouts=(0.5,),
    ahead=0.5,
    sequences=False,
)


OWN_ONLY = replace(
    DUEL,
    delay=1,
    progress=100.0,
    weather=Weather(slow=0.2, pause=0.03),
    sudden=True,
    crashes=3,
)
MANY = replace(
    DUEL, writers=4, streams=30, appends=25, delay=1, weather=Weather(slow=0.5, pause=0.02)
)
BUILDING = replace(MANY, backfill=True)
BEHIND = Plan(
    writers=3,
    streams=3,
    appends=20,
    weather=Weather(late=0.3, lost=0.1),
    crashes=0,
    timeouts=(None,),
    ahead=0.5,
    old_writers=1.0,
)

LATE_PROGRESS = replace(DUEL, delay=1, sudden=True, crashes=3, progress=0.0)
OLD = Plan(old_writers=1.0, crashes=0)


# Writers


async def _announce_afterwards(self: Any, plan: Any, deadline: Deadline, **options: Any) -> Any:
    if not plan.must_be_announced:
        return await self._settle(plan, deadline, None, doubtful=False)
    plan.address = (UUID(int=0), 1)
    verdict = await self._settle(plan, deadline, None, doubtful=False)
    plan.address = None
    await self.announcing.announce(plan, deadline)
    self.announcing.settled(plan, verdict.name)
    return verdict


def _tell_at_once(self: Any, *args: Any) -> Any:
    *facts, told, of = args
    if self._registered is None:
        return _begin(self, *facts, told, of)
    address = Address(self._registered[1], self._seq + len(self._waiting) + 1)
    waiting = _begin(self, *facts, lambda *_: None, None)
    self._open += 1
    asyncio.get_running_loop().call_soon(told, of, address, None)
    return waiting


_begin: Callable[..., Any] = Lane.begin


def believe_outcomes(*stored: VerdictName) -> Broken:
    def settled(self: Any, plan: Any, outcome: VerdictName) -> None:
        _settled(self, plan, "applied" if outcome in stored else outcome)

    return patch(Announcer, "settled", settled)


_settled = Announcer.settled


async def _announce_once(self: Any, plan: Any, deadline: Deadline) -> None:
    known = self.__dict__.setdefault("addresses", {})
    if plan.stream_id not in known:
        known[plan.stream_id] = await self._lane.announce(
            plan.stream_id, plan.expected, plan.last - plan.expected, None, None, deadline
        )
    plan.address = known[plan.stream_id]
    self._lane._open += 1


async def _replace_batch(self: Any, batch: Any) -> None:
    try:
        await self._tables.announce(*batch.row, Deadline(self._settings.timeout), elsewhere=False)
    except Fault as fault:
        raise fault.as_error("announcing appends") from fault


def _go_on_in_lane(self: Any, last: int) -> None:
    self._seq = last  # the same numbers are given out again


async def _do_not_wait_for_batch(self: Any, batch: Any) -> None:
    write = asyncio.ensure_future(self._tables.announce(*batch.row, Deadline(5.0), elsewhere=False))
    write.add_done_callback(lambda task: task.exception())


async def _do_not_wait_for_registration(
    self: Any, log_id: UUID, writer: UUID, part_rows: int, prev: UUID | None
) -> None:
    prepared = await self._statements.get("feed/register_writer", Deadline(10.0))
    values = (log_id, writer, part_rows, prev)
    task = asyncio.ensure_future(self._session.put([(prepared, values)], Deadline(5.0)))
    task.add_done_callback(lambda task: task.exception())


def _take_all(self: Any) -> Any:
    told, self._told = self._told, []
    self._told_after += len(told)
    return told


# Sequencers: what decides


async def _pass_over_holes(self: Any, writer: UUID, part: int, after: int) -> Any:
    found = []
    for last, text in await self._rows("feed/read_announcements", (writer, part, after)):
        contents = orjson.loads(text)
        first = last - len(contents) + 1
        found += [Announcement(seq, UUID(it[0]), *it[1:]) for seq, it in enumerate(contents, first)]
    return found


_look = Sequencer._look


async def _believe_announcements(self: Any, lanes: Any) -> Any:
    return {lane.writer: {seq: Look("stored") for seq in lane.open} for lane in lanes}


async def _decide_at_once(self: Any, lanes: Any) -> Any:
    looks = await _look(self, lanes)
    for lane in lanes:
        for seq in list(lane.open):
            look = looks[lane.writer].get(seq)
            if look is not None and look.outcome == "open":
                lane.finish((seq,))
    return looks


async def _look_at_some(self: Any, lanes: Any) -> Any:
    looks = await _look(self, lanes)
    for lane in lanes:
        for seq in list(lane.open)[:-1]:
            if seq % 2:  # on backoff
                looks[lane.writer][seq] = Look("open")
    return looks


def _any_order(
    self: Any, lane: Any, looks: Any, staged: dict[UUID, int], draft: EntryDraft
) -> None:
    for seq, row in list(lane.open.items())[::-1]:
        at = max(self._progress.known(row.stream_id) or 0, staged.get(row.stream_id, 0))
        look = looks[lane.writer].get(seq)
        if look is not None and look.outcome == "stored" and at <= row.expected:
            draft.add(Link(row.stream_id, at + 1, row.last - at, None))
            staged[row.stream_id] = row.last


_walk = Sequencer._walk


def _cut_appends(self: Any, lane: Any, looks: Any, staged: Any, draft: Any) -> Any:
    before = len(draft.links)
    gap = _walk(self, lane, looks, staged, draft)
    draft.links[before:] = [link._replace(events=1) for link in draft.links[before:]]
    return gap


# Sequencers: what is remembered


async def _drop_first(self: Any, log_id: UUID) -> None:
    low = self.finished_up_to
    for part in range(self._dropped, low // self._part_rows):
        await self._tables.drop_part(self.writer, part)
        self._dropped = part + 1


async def _low_without_timestamp(self: Any, log_id: UUID, writer: UUID, low: int) -> None:
    await self._put("write_low", (10**15, low, log_id, writer))


def _ignore_low(self: Any, row: Any) -> None:
    self._closed_at = row.closed_at


async def _progress_first(self: Any, links: Any) -> Any:
    for link in links:
        row = link.stream_id, link.last, self._log.head + 1
        await self._tables.write_progress(self._log_id, [row])
    return await _append(self, links)


_append = Sequencer._append


async def _nothing(self: Any, *_: Any) -> None:
    return None


async def _without_overlay(self: Any, stream_ids: Sequence[UUID]) -> None:
    found = await self._tables.progresses(self._log_id, stream_ids)
    for stream_id, (version, _) in zip(stream_ids, found, strict=True):
        self._remember(stream_id, version)


_open = FeedProgress.open


async def _trust_predecessor(self: Any) -> None:
    await _open(self)
    self._written = self._log.head


async def _append_anyway(self: Any, after: int, links: Any, *args: Any) -> Any:
    entry = await _log_append(self, after, links, *args)
    if entry is None:
        await self.catch_up()
        entry = await _log_append(self, self.head, links, *args)
    return entry


# Sequencers: what is looked at


def _rung_only(self: Any, sequencer: Any, _now: float) -> set[UUID]:
    return {writer for writer in sequencer.lanes if _has_rung(self, writer)}


def _has_rung(runner: Any, writer: UUID) -> bool:
    watch = runner._watches.get(writer)
    return watch is not None and watch.due == 0.0


async def _do_not_scan(self: Any, _sequencer: Any) -> bool:
    return False


async def _none_is_open(self: Any, _addresses: Any) -> None:
    return None


def _as_announced(
    self: Any, lane: Any, looks: Any, staged: dict[UUID, int], draft: EntryDraft
) -> None:
    """Publish up to what is announced, whatever must come first."""
    for seq, row in lane.open.items():
        at = max(self._progress.known(row.stream_id) or 0, staged.get(row.stream_id, 0))
        look = looks[lane.writer].get(seq)
        if look is not None and look.outcome == "stored" and at <= row.expected:
            draft.add(Link(row.stream_id, at + 1, row.last - at, None))
            staged[row.stream_id] = row.last


async def _look_at_heads(self: Any, lanes: Any) -> Any:
    looks = await _look(self, lanes)
    self.heads = {}
    for lane in lanes:
        for seq, row in list(lane.open.items()):
            look = looks[lane.writer].get(seq)
            if look is not None and look.outcome != "open":
                head = await self._tables.head(row.stream_id)
                self.heads[row.stream_id] = max(head, self.heads.get(row.stream_id, 0))
    return looks


def _up_to_heads(
    self: Any, lane: Any, looks: Any, staged: dict[UUID, int], draft: EntryDraft
) -> None:
    for seq, row in lane.open.items():
        at = max(self._progress.known(row.stream_id) or 0, staged.get(row.stream_id, 0))
        look = looks[lane.writer].get(seq)
        head = self.heads.get(row.stream_id, 0)
        if look is not None and look.outcome != "open" and at <= row.expected and head > at:
            draft.add(Link(row.stream_id, at + 1, head - at, None))
            staged[row.stream_id] = head


def _finish_what_is_decided(self: Any) -> None:
    for lane in self.lanes.values():
        for seq in list(lane.open):
            if seq in lane.stored:
                lane.finish((seq,))
    _finish(self)


async def _progress_by_the_clock(self: Any, log_id: UUID, rows: Any) -> None:
    at = to_milliseconds(self._settings.clock()) * 1000
    await self._put(
        "write_progress",
        *[(at, version, entry, log_id, stream_id) for stream_id, version, entry in rows],
    )


async def _note_foreign(self: Any) -> Any:
    found = await _catch_up(self)
    self.__dict__.setdefault("foreign", set()).update(entry.number for entry in found)
    return found


_catch_up = Log.catch_up


async def _write_own_only(self: Any, up_to: int) -> None:
    """Write the progress of entries, but of none that was learnt of by a lost compare-and-set."""
    foreign = self._log.__dict__.get("foreign", set())
    for number in range(self._written + 1, up_to + 1):
        if number not in foreign:
            rows = [(UUID(int=key), at, number) for key, at in self._window[number].items()]
            await self._tables.write_progress(self._log_id, rows)
    self._written = max(self._written, up_to)
    self._owed = 0


async def _read_early(self: Any, stream_ids: Sequence[UUID]) -> None:
    """Merge a progress with the window as it is when the answer is there, not when it was asked."""
    found = await self._tables.progresses(self._log_id, stream_ids)
    await self._log.catch_up()
    for stream_id, (version, _) in zip(stream_ids, found, strict=True):
        last = [
            heads for number, heads in self._window.items() if number > self._log.head - self._delay
        ]
        self._remember(stream_id, max([version, *[it.get(stream_id.int, 0) for it in last]]))


def _behind_is_void(self: Any, answer: Any, *, doubtful: bool) -> Verdict:
    verdict = _verdict(self, answer, doubtful=doubtful)
    return replace(verdict, name="conflict") if verdict.name == "behind" else verdict


_verdict = AppendPlan.verdict
_finish = Sequencer._finish
_log_append = Log.append

_always_settled = patch(Executor, "begin", lambda *_: None)
_always_repeated = patch(Lane, "_begin", lambda *_: None)

MUTANTS = (
    Mutant("announce after the append", "W5", ("SKIPPED",),
           both(_always_settled, patch(Settler, "settle", _announce_afterwards)), CRASH,
           "announce-after"),
    Mutant("the first request before its announcement is acknowledged", "W5",
           ("SKIPPED",), patch(Lane, "begin", _tell_at_once), CRASH),
    Mutant("an old announcement for a new plan", "W5", ("SKIPPED",),
           both(_always_settled, patch(Announcer, "announce", _announce_once)), CRASH, "reuse"),
    Mutant("a timed-out batch is replaced under the same numbers", "W3",
           ("SKIPPED", "PHANTOM"),
           both(_always_repeated, both(patch(Lane, "_write", _replace_batch),
                                         patch(Lane, "_give_up", _go_on_in_lane))), SHORT_LIVED,
           "seq-rewritten"),
    Mutant("the next batch before the last is acknowledged", "W3", ("SKIPPED", "ORDER"),
           both(_always_repeated, patch(Lane, "_write", _do_not_wait_for_batch)), CRASH,
           "go-on"),
    Mutant("a refusal is told as stored", "W8", ("PHANTOM", "READER"),
           believe_outcomes("wrong category"), CRASH),
    Mutant("registration is not awaited", "W1", ("SKIPPED",),
           patch(FeedTables, "register", _do_not_wait_for_registration), CRASH, "register-late"),
    Mutant("a refusal below the expected version is void", "W6", ("DENIED",),
           patch(AppendPlan, "verdict", _behind_is_void), BEHIND, "void-behind"),
    Mutant("an expected version above the head is announced", "W2", ("SKIPPED",),
           patch(Announcer, "is_committed", lambda *_: True), AHEAD, "lane-wait-ahead"),
    Mutant("holes in a lane are passed over", "S2", ("SKIPPED", "ORDER"),
           patch(FeedTables, "announcements", _pass_over_holes), HOLES, "hole-skipped"),
    Mutant("what a writer tells is taken wherever it begins", "S2",
           ("SKIPPED", "ORDER", "TWICE", "PHANTOM", "MISORDERED"),
           patch(LaneReader, "_take_told", _take_all), BURSTS),
    Mutant("foreign lows are ignored", "S3", ("SKIPPED",),
           patch(LaneReader, "saw", _ignore_low), STALE, "low-in-memory"),
    Mutant("only lanes whose doorbell rang are read", "S4", ("SKIPPED",),
           patch(Runner, "_due", _rung_only), CRASH, "doorbell-only"),
    Mutant("published when announced", "S5", ("PHANTOM", "SKIPPED", "READER"),
           patch(Sequencer, "_look", _believe_announcements), CRASH, "unread"),
    Mutant("head == e decides", "S6", ("SKIPPED", "ORDER"),
           patch(Sequencer, "_look", _decide_at_once), LATE, "eq-decided"),
    Mutant("finished before the log has it", "S7", ("SKIPPED",),
           patch(Sequencer, "_finish", _finish_what_is_decided), DUEL),
    Mutant("up to what is announced, whatever comes first", "S8", ("ORDER",),
           patch(Sequencer, "_walk", _as_announced), ORDER, "order-lane-exact"),
    Mutant("up to the head of the stream", "S8", ("ORDER",),
           both(patch(Sequencer, "_look", _look_at_heads),
                 patch(Sequencer, "_walk", _up_to_heads)), ORDER, "order-lane"),
    Mutant("older announcements are on backoff", "S8", ("ORDER",),
           patch(Sequencer, "_look", _look_at_some), ORDER, "lane-wait-backoff"),
    Mutant("any order, up to what is announced", "S8", ("ORDER",),
           patch(Sequencer, "_walk", _any_order), ORDER, "order-naive"),
    Mutant("an append is cut across entries", "S9", ("SKIPPED",),
           patch(Sequencer, "_walk", _cut_appends), CRASH, "split"),
    Mutant("an entry is appended without recomputing", "S10", ("TWICE", "MISORDERED"),
           patch(Log, "append", _append_anyway), DUEL, "log-uncond"),
    Mutant("progress is written for own entries only", "S11", ("TWICE", "MISORDERED"),
           both(patch(Log, "catch_up", _note_foreign),
                 patch(FeedProgress, "write", _write_own_only)), OWN_ONLY, "k-own-only"),
    Mutant("rule K is off", "S11", ("TWICE", "MISORDERED"),
           patch(FeedProgress, "write", _nothing), SUDDEN, "k-off"),
    Mutant("rule K is off, with a K of 2", "S11", ("TWICE", "MISORDERED"),
           patch(FeedProgress, "write", _nothing), replace(SUDDEN, delay=2), "k2-as-k1"),
    Mutant("a new sequencer trusts the one before", "S11", ("TWICE", "MISORDERED"),
           patch(FeedProgress, "open", _trust_predecessor), SHORT_LIVED, "takeover-trust"),
    Mutant("a part is dropped before its low is acknowledged", "S12", ("SKIPPED",),
           patch(LaneReader, "write_low", _drop_first), LOWS, "drop-unacked"),
    Mutant("low without timestamps of its own", "S12", ("SKIPPED",),
           patch(FeedTables, "write_low", _low_without_timestamp), LOWS, "low-plain"),
    Mutant("low is ahead of the log", "S12", ("SKIPPED",),
           patch(LaneReader, "finished_up_to", property(lambda self: self.read_up_to)), LOWS,
           "low-ahead"),
    Mutant("progress without the last entries", "S13", ("TWICE", "MISORDERED"),
           patch(FeedProgress, "_learn", _without_overlay), DUEL, "no-overlay"),
    Mutant("progress is read earlier than the last entries", "S13", ("TWICE", "MISORDERED"),
           patch(FeedProgress, "_learn", _read_early), MANY, "pipelined"),
    Mutant("progress without timestamps of its own", "S14", ("TWICE", "MISORDERED"),
           patch(FeedTables, "write_progress", _progress_by_the_clock), LATE_PROGRESS,
           "no-timestamp"),
    Mutant("nobody scans", "S19", ("SKIPPED",),
           patch(Runner, "_scan_on", _do_not_scan), OLD, "legacy"),
    Mutant("the backfill takes what was announced", "S19", ("ORDER",),
           patch(Sequencer, "first_open", _none_is_open), BUILDING),
    Mutant("progress before the entry is certain", "S11", ("SKIPPED", "INCONSISTENT"),
           patch(Sequencer, "_append", _progress_first), DUEL, "progress-early"),
)  # fmt: skip

WITHOUT = {
    "close-check": "lanes are not closed (W4, S16), as they may be by the design",
    "fence-ignored": "there are no fences (S15)",
}
"""The runs of the search whose rule cannot be broken in the code, and why."""
