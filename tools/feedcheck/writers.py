"""The steps of the writers, and of what they sent."""

from collections.abc import Iterator

from .facts import Facts
from .rules import Announcing, Closing, Unacknowledged
from .step import Step
from .world import MOST_VERSIONS, STREAMS, WRITERS, Outcome, Row, Stage, append_number


def writer_steps(facts: Facts) -> Iterator[Step]:
    """Give every step of every writer, and of the database for them."""
    for writer in WRITERS:
        yield from _lane_marks(facts, writer)
        yield from _plans(facts, writer)
        for index in range(len(facts.world.lanes[writer].rows)):
            yield from _announcement(facts, writer, index)
            yield from _replanned(facts, writer, index)
            yield from _conditional_append(facts, writer, index)
    world = facts.world
    for number in STREAMS:
        stream = world.streams[number]
        if stream.half:
            yield Step(
                ("the last commit of {0:stream} becomes visible to every read", number),
                world.with_stream(number, stream._replace(half=False)),
            )


def _lane_marks(facts: Facts, writer: int) -> Iterator[Step]:
    lane, world = facts.world.lanes[writer], facts.world
    if not lane.registered:
        yield Step(
            ("{0:writer} is registered", writer),
            world.with_lane(writer, lane._replace(registered=True)),
        )
    if not facts.rules.polls_lanes and lane.rung < len(lane.rows):
        yield Step(
            ("the doorbell of {0:writer} arrives", writer),
            world.with_lane(writer, lane._replace(rung=len(lane.rows))),
        )


def _plans(facts: Facts, writer: int) -> Iterator[Step]:
    """Give each new append that the writer may plan now."""
    rules, world, lane = facts.rules, facts.world, facts.world.lanes[writer]
    rows = lane.rows
    if len(rows) == rules.appends[writer]:
        return
    if rules.closing is Closing.CHECK_BEFORE and lane.closing == 2:
        return
    if rows and rows[-1].stage == Stage.SENT and rules.unacknowledged is not Unacknowledged.GO_ON:
        return
    after = sum(1 << i for i, row in enumerate(rows) if row.outcome == Outcome.STORED)
    voids = sum(1 << i for i, row in enumerate(rows) if row.outcome == Outcome.VOID)
    silent = rules.silent[writer] or rules.announcing is Announcing.AFTER
    text = "{0:writer} begins {1:append} {2:plan}: "
    text += "the append is sent, nothing is announced" if silent else "the announcement is sent"
    if after:
        text += "; it knows of stored appends"
    for number in STREAMS:
        head = facts.heads[number]
        for expected in range(head + 2) if rules.any_expected else (head,):
            for size in (1, 2) if rules.pairs else (1,):
                if expected + size > MOST_VERSIONS:
                    continue
                row = Row(
                    Stage.UNANNOUNCED if silent else Stage.SENT,
                    number,
                    expected,
                    size,
                    world.streams[number].fence,
                    Outcome.UNKNOWN,
                    after,
                    voids,
                )
                label = (text, writer, append_number(writer, len(rows)), row)
                yield Step(label, world.with_row(writer, len(rows), row))


def _announcement(facts: Facts, writer: int, index: int) -> Iterator[Step]:
    """Give the ways of an announcement from sent to acknowledged."""
    rules, world, lane = facts.rules, facts.world, facts.world.lanes[writer]
    row = lane.rows[index]

    def staged(stage: Stage, text: str) -> Step:
        label = (text, append_number(writer, index), row, writer)
        return Step(label, world.with_row(writer, index, row._replace(stage=stage)))

    if row.stage == Stage.SENT:
        if rules.closing is Closing.CHECK_AFTER:
            yield staged(Stage.UNCHECKED, "the announcement {0:append} {1:plan} is acknowledged")
        else:
            yield staged(
                Stage.SENDING,
                "the announcement {0:append} {1:plan} is acknowledged; the append is sent",
            )
    elif row.stage == Stage.UNCHECKED:
        if lane.closing < 2:
            yield staged(
                Stage.SENDING, "{2:writer} finds its lane open; {0:append} {1:plan} is sent"
            )
        if lane.closing:
            yield staged(Stage.GIVEN_UP, "{2:writer} finds its lane closed and gives {0:append} up")
    elif row.stage == Stage.UNANNOUNCED and not rules.silent[writer]:
        yield staged(Stage.SENDING, "{0:append} {1:plan} is announced")


def _replanned(facts: Facts, writer: int, index: int) -> Iterator[Step]:
    """Give the plans that may take over the announcement of another, if a rule is broken."""
    rules, rows = facts.rules, facts.world.lanes[writer].rows
    row = rows[index]
    replaces = (
        rules.unacknowledged is Unacknowledged.REPLACE
        and row.stage == Stage.SENT
        and index == len(rows) - 1
    )
    reuses = (
        rules.plan_reuses_row
        and row.stage == Stage.SENDING
        and not facts.committed >> append_number(writer, index) & 1
        and facts.heads[row.stream] > row.expected
    )
    for number in STREAMS:
        head = facts.heads[number]
        changes = replaces and (number, head) != (row.stream, row.expected)
        if head < MOST_VERSIONS and (changes or (reuses and number == row.stream)):
            other = row._replace(stream=number, expected=head)
            yield Step(
                (
                    "{0:append} {1:plan} becomes {2:plan} under the same number",
                    append_number(writer, index),
                    row,
                    other,
                ),
                facts.world.with_row(writer, index, other),
            )


def _conditional_append(facts: Facts, writer: int, index: int) -> Iterator[Step]:
    """Give the steps of an append that was sent: it applies, and its writer learns of it."""
    rules, world = facts.rules, facts.world
    row = world.lanes[writer].rows[index]
    if row.stage not in {Stage.SENDING, Stage.UNANNOUNCED}:
        return
    append = append_number(writer, index)
    stream, head = world.streams[row.stream], facts.heads[row.stream]
    if head == row.expected and row.end <= MOST_VERSIONS and facts.may_apply(writer, index):
        grown = stream._replace(appends=(*stream.appends, append), half=rules.half_commits)
        yield Step(
            ("the append {0:append} {1:plan} applies", append, row),
            world.with_stream(row.stream, grown),
        )
    if row.outcome != Outcome.UNKNOWN or len(world.lanes[writer].rows) == rules.appends[writer]:
        return  # what it knows matters only for what it plans next
    if facts.committed >> append & 1:
        told = world.with_row(writer, index, row._replace(outcome=Outcome.STORED))
        if stream.appends[-1] == append:
            told = told.with_stream(row.stream, stream._replace(half=False))
        yield Step(
            ("{0:writer} is told that {1:append} {2:plan} is stored", writer, append, row), told
        )
    elif (
        head > row.expected
        or stream.fence > row.fence
        or (rules.behind_is_void and head < row.expected)
    ):
        told = world.with_row(writer, index, row._replace(outcome=Outcome.VOID))
        yield Step(
            ("{0:writer} is told that {1:append} {2:plan} is void", writer, append, row), told
        )
