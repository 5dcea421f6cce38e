"""What a diagnosis finds: also in clusters that a test cannot have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from event_store_async import Position
from event_store_async.cassandra import (
    ClockDifference,
    ClusterState,
    FeedFacts,
    FeedStatus,
    Finding,
    NodeState,
    SchemaState,
    Severity,
    TableOptions,
    TableState,
)
from event_store_async.cassandra.operations.diagnosis import diagnose
from event_store_async.cassandra.schema.tables import EVENTS, FEED_SPECS

SETTINGS = {
    "paxos_variant": "v2",
    "paxos_state_purging": "legacy",
    "commitlog_sync": "group",
    "write_request_timeout": "2000ms",
    "cas_contention_timeout": "1800ms",
    "auto_snapshot": "true",
}
ON_TIME = ClockDifference(timedelta(milliseconds=3), timedelta(milliseconds=2))
NTS = "org.apache.cassandra.locator.NetworkTopologyStrategy"


def node(number: int, **changes: Any) -> NodeState:
    return replace(
        NodeState(f"10.0.0.{number}", "east", "5.0.8", "one", ON_TIME, SETTINGS), **changes
    )


OPTIONS = TableOptions(
    {"class": "UnifiedCompactionStrategy"},
    {"class": "ZstdCompressor", "chunk_length_in_kb": "16"},
    864000,
    "99p",
)
GOOD = ClusterState(
    schema=SchemaState(
        tables=(TableState(EVENTS, "bank.events", EVENTS.all_columns, version=EVENTS.latest),),
        replication={"class": NTS, "east": "3"},
        release="5.0.8",
    ),
    options={"bank.events": OPTIONS},
    nodes=(node(1), node(2), node(3)),
    local_datacenter="east",
    consistency="local",
    request_timeout=3.0,
    driver="1.2.0",
    library="0.1.0",
)


def wrong(state: ClusterState) -> list[Finding]:
    return [finding for finding in diagnose(state) if finding.severity is not Severity.OK]


def replicated(state: ClusterState, **counts: str) -> ClusterState:
    return replace(state, schema=replace(state.schema, replication={"class": NTS, **counts}))


def with_options(**changes: Any) -> ClusterState:
    return replace(GOOD, options={"bank.events": replace(OPTIONS, **changes)})


def with_table(**changes: Any) -> ClusterState:
    (events,) = GOOD.schema.tables
    return replace(GOOD, schema=replace(GOOD.schema, tables=(replace(events, **changes),)))


def with_settings(on_first: dict[str, str | None] | None) -> ClusterState:
    said = None if on_first is None else {**SETTINGS, **on_first}
    return replace(GOOD, nodes=(node(1, settings=said), *GOOD.nodes[1:]))


def test_a_good_cluster_has_nothing_to_change() -> None:
    assert wrong(GOOD) == []
    assert {finding.check for finding in diagnose(GOOD)} >= {
        *("server", "driver", "library", "schema", "consistency", "local datacenter"),
        *("replication", "clock", *SETTINGS, "default_time_to_live", "compaction", "compression"),
        *("gc_grace_seconds", "speculative_retry"),
    }


def test_it_says_when_the_bytes_of_erased_events_are_gone() -> None:
    """Only if events can be erased."""
    (words,) = [each.found for each in diagnose(GOOD) if each.check == "erased events"]
    without = {
        name: kind for name, kind in GOOD.schema.tables[0].columns.items() if name != "kept_from"
    }

    assert "gc_grace_seconds (864000 s)" in words
    assert "backups" in words
    assert "erased events" not in {each.check for each in diagnose(with_table(columns=without))}


EAST_AND_WEST = replace(
    replicated(GOOD, east="3", west="3"),
    nodes=(
        *GOOD.nodes,
        *[node(n, datacenter="west", clock=None, settings=None) for n in (4, 5, 6)],
    ),
)


@pytest.mark.parametrize(
    ("state", "check", "severity", "says"),
    [
        pytest.param(
            replicated(GOOD, east="1"), "replication", Severity.ADVICE, "one copy", id="one replica"
        ),
        pytest.param(
            replicated(GOOD, east="2"), "replication", Severity.ADVICE, "is both", id="two replicas"
        ),
        pytest.param(
            replicated(GOOD, east="4"),
            "replication",
            Severity.MUST,
            "without a node",
            id="more replicas than nodes",
        ),
        pytest.param(
            replicated(GOOD, east="7"),
            "replication",
            Severity.MUST,
            "nothing can be appended",
            id="a quorum that cannot be",
        ),
        pytest.param(
            replicated(GOOD, east="3", typo="3"),
            "replication",
            Severity.MUST,
            "nothing can be appended or read from typo",
            id="a datacenter without nodes",
        ),
        pytest.param(
            replace(replicated(EAST_AND_WEST, west="3"), consistency="local"),
            "replication",
            Severity.MUST,
            "no quorum of local replicas",
            id="no replicas here",
        ),
        pytest.param(
            replace(
                GOOD,
                schema=replace(
                    GOOD.schema,
                    replication={
                        "class": "org.apache.cassandra.locator.SimpleStrategy",
                        "replication_factor": "3",
                    },
                ),
            ),
            "replication",
            Severity.ADVICE,
            "without regard to datacenters",
            id="simple strategy",
        ),
        pytest.param(EAST_AND_WEST, "consistency", Severity.ADVICE, "decides for itself", id="two"),
        pytest.param(
            replace(GOOD, nodes=(node(1, release="4.1.3"), *GOOD.nodes[1:])),
            "server",
            Severity.ADVICE,
            "several releases",
            id="an upgrade half done",
        ),
        pytest.param(
            replace(GOOD, nodes=(node(1, release="4.0.13"),) * 3),
            "server",
            Severity.ADVICE,
            "is tested with",
            id="an old release",
        ),
        pytest.param(
            replace(GOOD, nodes=(node(1, schema_version="two"), *GOOD.nodes[1:])),
            "schema agreement",
            Severity.MUST,
            "nodes that know different schemas",
            id="schemas that differ",
        ),
        pytest.param(
            with_table(version=0),
            "schema",
            Severity.MUST,
            "no store can use",
            id="an old schema",
        ),
        pytest.param(
            replace(GOOD, nodes=(node(1, clock=None, settings=None), *GOOD.nodes[1:])),
            "node",
            Severity.ADVICE,
            "one replica less for a quorum",
            id="a node that does not answer",
        ),
        pytest.param(
            with_settings({"paxos_variant": "v1"}),
            "paxos_variant",
            Severity.MUST,
            "v2",
            id="paxos v1",
        ),
        pytest.param(
            with_settings({"paxos_state_purging": "repaired"}),
            "paxos_state_purging",
            Severity.ADVICE,
            "until such a repair",
            id="paxos repairs",
        ),
        pytest.param(
            with_settings({"commitlog_sync": "periodic"}),
            "commitlog_sync",
            Severity.ADVICE,
            "crashes loses",
            id="commit log",
        ),
        pytest.param(
            with_settings({"write_request_timeout": "10s"}),
            "write_request_timeout",
            Severity.MUST,
            "before the server answers",
            id="a server slower than its client",
        ),
        pytest.param(
            with_settings({"auto_snapshot": "false"}),
            "auto_snapshot",
            Severity.ADVICE,
            "by mistake",
            id="no snapshots",
        ),
        pytest.param(
            replace(GOOD, nodes=tuple(replace(each, settings=None) for each in GOOD.nodes)),
            "settings",
            Severity.ADVICE,
            "twice the round trips",
            id="settings that cannot be read",
        ),
        pytest.param(
            with_options(compaction={"class": "SizeTieredCompactionStrategy"}),
            "compaction",
            Severity.ADVICE,
            "many files",
            id="size-tiered",
        ),
        pytest.param(
            with_options(compaction={"class": "TimeWindowCompactionStrategy"}),
            "compaction",
            Severity.ADVICE,
            "never expire",
            id="time windows",
        ),
        pytest.param(
            with_options(compression={}), "compression", Severity.ADVICE, "disk", id="uncompressed"
        ),
        pytest.param(
            with_options(compression={"class": "LZ4Compressor", "chunk_length_in_kb": "256"}),
            "compression",
            Severity.ADVICE,
            "large chunk",
            id="large chunks",
        ),
        pytest.param(
            with_options(gc_grace_seconds=0),
            "gc_grace_seconds",
            Severity.ADVICE,
            "is down",
            id="grace",
        ),
        pytest.param(
            with_options(speculative_retry="NEVER"),
            "speculative_retry",
            Severity.ADVICE,
            "slow replica",
            id="no second replica",
        ),
        pytest.param(
            with_options(speculative_retry="ALWAYS"),
            "speculative_retry",
            Severity.ADVICE,
            "one more replica",
            id="always a second replica",
        ),
    ],
)
def test_what_is_wrong_is_found_with_its_reason(
    state: ClusterState, check: str, severity: Severity, says: str
) -> None:
    (found,) = [finding for finding in wrong(state) if finding.check == check]

    assert found.severity is severity
    assert says in f"{found.why}"
    assert found.change


@pytest.mark.parametrize("release", ["4.1.10", "5.0.8", "5.1", "6.0-alpha2"])
def test_a_release_that_the_library_is_tested_with_or_a_later_one_is_fine(release: str) -> None:
    state = replace(GOOD, nodes=(node(1, release=release),) * 3)

    assert [finding.check for finding in wrong(state)] == []


@pytest.mark.parametrize(
    ("release", "strategy"),
    [("4.1.10", "LeveledCompactionStrategy"), ("5.0.8", "UnifiedCompactionStrategy")],
)
def test_the_change_names_a_compaction_that_the_server_has(release: str, strategy: str) -> None:
    state = with_options(compaction={"class": "SizeTieredCompactionStrategy"})
    state = replace(state, schema=replace(state.schema, release=release))

    (found,) = [finding for finding in wrong(state) if finding.check == "compaction"]

    assert f"{{'class': '{strategy}'" in str(found.change)


@pytest.mark.parametrize(
    ("ahead", "within", "severity"),
    [
        (timedelta(milliseconds=400), timedelta(0), Severity.OK),
        (timedelta(seconds=2), timedelta(seconds=3), Severity.OK),
        (timedelta(seconds=-2), timedelta(0), Severity.ADVICE),
        (timedelta(hours=1), timedelta(milliseconds=5), Severity.MUST),
        (timedelta(hours=-1), timedelta(milliseconds=5), Severity.MUST),
    ],
)
def test_clocks(ahead: timedelta, within: timedelta, severity: Severity) -> None:
    late = node(1, clock=ClockDifference(ahead, within))
    state = replace(GOOD, nodes=(late, *GOOD.nodes[1:]))

    found = [finding for finding in diagnose(state) if finding.check == "clock"]

    assert [finding.severity for finding in found] == [severity, Severity.OK, Severity.OK]
    assert ("behind" in found[0].found) == (ahead < timedelta(0))


def test_a_setting_that_only_some_nodes_have_is_reported_with_their_addresses() -> None:
    (found,) = wrong(with_settings({"paxos_variant": "v1"}))

    assert found.found == "v1 on 10.0.0.1"


@pytest.mark.parametrize(
    ("counts", "severity"),
    [
        ({"east": "3", "west": "3"}, Severity.OK),
        ({"west": "3"}, Severity.OK),
        ({"east": "2", "west": "1"}, Severity.OK),
        ({"east": "1", "west": "1"}, Severity.ADVICE),
        ({"east": "3", "typo": "1"}, Severity.MUST),
        ({"east": "3", "typo": "3"}, Severity.MUST),
    ],
)
def test_where_all_replicas_decide_they_are_counted_together(
    counts: dict[str, str], severity: Severity
) -> None:
    state = replace(replicated(EAST_AND_WEST, **counts), consistency="global")

    (found,) = [finding for finding in diagnose(state) if finding.check == "replication"]

    assert found.severity is severity


def test_the_change_of_replication_is_cql() -> None:
    (found,) = wrong(replicated(GOOD, east="7"))

    assert found.change == (
        'ALTER KEYSPACE "bank" WITH replication = '
        "{'class': 'NetworkTopologyStrategy', 'east': 3}, then `nodetool repair --full`"
    )


def test_no_table_is_one_finding() -> None:
    empty = replace(with_table(columns={}, version=0).schema, replication=None)

    assert [finding.check for finding in wrong(replace(GOOD, schema=empty, options={}))] == [
        "schema"
    ]


@pytest.mark.parametrize(
    ("category", "says"),
    [
        (None, "it has no column for categories yet"),
        (("int", "regular"), "category is int regular, not text static"),
    ],
    ids=["missing", "of another type"],
)
def test_a_table_that_cannot_hold_categories_serves_all_but_views(
    category: tuple[str, str] | None, says: str
) -> None:
    columns = {**EVENTS.needed_columns, **({"category": category} if category else {})}

    (finding,) = wrong(with_table(columns=columns))

    assert (finding.check, finding.severity) == ("schema", Severity.ADVICE)
    assert finding.found.startswith("bank.events, version 1 of 1; ")
    assert says in finding.found
    assert "views" in (finding.why or "")
    assert category is not None or "event-store schema migrate" in (finding.change or "")


FEED_STATUS = FeedStatus(
    state="complete",
    backfilled=1.0,
    head=Position(UUID(int=9), 3, 1, 40),
    published=None,
    writers=2,
    undecided=0,
    is_sequenced=True,
)
FACTS = FeedFacts(FEED_STATUS, registered=5, silent=1, found=0, found_at=None, found_stream=None)


def with_feed(facts: FeedFacts | None = FACTS, **changes: Any) -> ClusterState:
    """Return a cluster whose table has a feed; the changes are those of the state."""
    tables = [
        TableState(spec, f"bank.events{spec.suffix}", spec.all_columns, version=spec.latest)
        for spec in (EVENTS, *FEED_SPECS)
    ]
    options = {table.name: OPTIONS for table in tables}
    schema = replace(GOOD.schema, tables=tuple(tables))
    return replace(GOOD, schema=schema, options=options, feed=facts, **changes)


def with_status(**changes: Any) -> ClusterState:
    return with_feed(replace(FACTS, status=replace(FEED_STATUS, **changes)))


def test_a_good_feed_has_nothing_to_change() -> None:
    state = with_feed(partitions={"bank.events_feed_log": 80})

    assert wrong(state) == []
    found = {finding.check: finding.found for finding in diagnose(state)}
    assert found["feed"] == "complete, 40 events"
    assert found["feed sequencer"] == "one works"
    assert found["feed writers"] == ("5, open: 2, silent for a day: 1; undecided announcements: 0")
    assert found["feed scan"] == "found nothing that was not announced"
    assert found["partitions of the feed"] == "the largest have at most 100 MiB"
    assert found["compaction of bank.events_feed_log"] == "UnifiedCompactionStrategy"


def test_a_table_without_a_feed_has_no_finding_on_one() -> None:
    assert not any("feed" in finding.check for finding in diagnose(GOOD))


FOUND = replace(
    FACTS, found=7, found_at=datetime(2026, 11, 25, 9, tzinfo=UTC), found_stream=UUID(int=3)
)


@pytest.mark.parametrize(
    ("state", "check", "severity", "words"),
    [
        (with_status(is_sequenced=False), "feed sequencer", Severity.MUST, "nobody sequences"),
        (with_status(state="building"), "feed", Severity.ADVICE, "building, 40 events"),
        (with_feed(replace(FACTS, silent=101)), "feed writers", Severity.ADVICE, "a day: 101"),
        (
            with_feed(replace(FACTS, registered=200_000)),
            "feed writers",
            Severity.ADVICE,
            "200,000, open",
        ),
        (
            with_feed(FOUND),
            "feed scan",
            Severity.ADVICE,
            f"7 events that no writer announced, the last at 2026-11-25 09:00:00Z, in stream "
            f"{UUID(int=3)}",
        ),
        (
            with_feed(partitions={"bank.events_feed_announcements": 101}),
            "partitions of bank.events_feed_announcements",
            Severity.ADVICE,
            "101 MiB",
        ),
        (
            with_feed(None, feed_problem="entry 3 of the log is missing"),
            "feed",
            Severity.MUST,
            "entry 3 of the log is missing",
        ),
        (
            replace(GOOD, feed_remains=("table bank.events_feed_log",)),
            "feed",
            Severity.MUST,
            "bank.events_feed is missing, but there is table bank.events_feed_log",
        ),
        (
            replace(GOOD, feed_remains=("migrations of bank.events_feed",)),
            "feed",
            Severity.MUST,
            "bank.events_feed is missing, but there is migrations of bank.events_feed",
        ),
    ],
)
def test_what_is_wrong_with_a_feed_is_found(
    state: ClusterState, check: str, severity: Severity, words: str
) -> None:
    (finding,) = wrong(state)

    assert (finding.check, finding.severity) == (check, severity)
    assert words in finding.found
    assert finding.change
    assert finding.why


def test_a_large_partition_of_the_table_of_events_is_not_the_feeds() -> None:
    assert wrong(with_feed(partitions={"bank.events": 500})) == []


def test_a_feed_whose_tables_are_broken_has_one_finding_for_each_of_them() -> None:
    """And none that says that it cannot be read."""
    state = with_feed(None, feed_problem="there is no such table")
    tables = [
        replace(table, columns={}) if table.spec.name in {"log", "writers"} else table
        for table in state.schema.tables
    ]
    broken = replace(state, schema=replace(state.schema, tables=tuple(tables)))

    findings = wrong(broken)

    assert [(finding.check, finding.severity) for finding in findings] == [
        ("schema", Severity.MUST)
    ] * 2
    assert {finding.found.partition(":")[0] for finding in findings} == {
        "bank.events_feed_log",
        "bank.events_feed_writers",
    }
    assert all("event-store feed enable --keyspace bank" in (it.change or "") for it in findings)


def test_a_table_of_a_feed_that_lacks_a_column_is_found() -> None:
    state = with_feed(None, feed_problem="undefined column")
    tables = [
        replace(table, columns={name: of for name, of in table.columns.items() if name != "links"})
        for table in state.schema.tables
    ]

    (finding,) = wrong(replace(state, schema=replace(state.schema, tables=tuple(tables))))

    assert finding.check == "schema"
    assert "links is missing" in finding.found


def test_a_table_of_events_that_cannot_name_announcements_is_found() -> None:
    state = with_feed()
    events, *others = state.schema.tables
    columns = {name: of for name, of in events.columns.items() if not name.startswith("ann_")}
    tables = (replace(events, columns=columns), *others)

    (finding,) = wrong(replace(state, schema=replace(state.schema, tables=tables)))

    assert (finding.check, finding.severity) == ("feed", Severity.MUST)
    assert finding.found == "bank.events lacks ann_writer and ann_seq"
