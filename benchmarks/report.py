"""The report: docs/performance.md and its plots, made from a recorded run and nothing else."""

import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from . import tables
from .feeds import DELIVERY
from .flames import write_flame_graphs
from .goals import Goal, goals
from .hot_table import cost_table, model_tables
from .instruction_table import instruction_table
from .other_runs import kept, other_table
from .plots import PLOTS, plot, plotted
from .profiles import PROFILES
from .replica_table import replica_tables
from .results import Results

ROOT: Final = Path(__file__).parents[1]
RECORDED: Final = ROOT / "benchmarks" / "recorded.json"
TRIED: Final = ROOT / "benchmarks" / "tried.md"
PAGE: Final = ROOT / "docs" / "performance.md"
_INTRODUCTION: Final = """\
{headline}
{pictures}**What more replicas change.** The client does the same work, but a quorum of the replicas
must answer each round trip of an append, and these cross a network. So each append takes longer.
While the callers of one stream wait for it, more of them come to share the next batch. Throughput
over many streams should grow with the number of nodes. That was not measured: the
[three replicas](#three-replicas) share one machine, and all other clusters here have one node.

The numbers above are those of the [comparison with the peers](#compared-with-the-peers). Other
tables measure the same calls at other times of the run, and the machine is faster at some times
than at others. Compare numbers within a table, not between tables.

## How to read this page

`make bench RECORD=1` generates this page from [recorded.json](../benchmarks/recorded.json). The
tables of results are made from that file alone, and missed goals are shown. The notes under *Missed
goals*, under *Goals that are met* and on the peers are written by hand, in `benchmarks/tried.md`,
with the numbers and tables in them.

- *ours* is this library. *raw* (`raw_acsylla` in the tables) is the same conditional batch, or the
  same page of rows, written by hand on the driver, without anything that makes it safe. With as
  many events in a batch, a library can hardly be faster than that.
- A number is the median of up to {rounds} rounds, with the lowest and the highest in brackets. If a
  round takes long, or the machine is busy, there are fewer. Each round measures every case once.
  Ratios are taken within a round, so that a disturbance of the machine affects both sides.
- The goals that compare appends with raw's have {pairs} rounds of their own, in which ours and raw
  run one right after the other. Their processes are restarted every few rounds, because one process
  may stay faster than another one that runs the same code.
- *Client CPU* is the user and system time of the client's process, including the driver's threads.
  Client and server share the cores of this machine, so the server can use what a client saves.
"""
FIRST: Final = ("peers", "goals", "throughput")
"""The plots at the top of the page."""
PLOTTED: Final = {
    "Appends, a stream per caller": ("latency",),
    "Appends to one stream, no version expected": ("hot_stream",),
    "Reading, by page size": ("replay",),
    "Appends with a feed: 64 callers, a stream each": ("feed_appends",),
    "Delivery to another process": ("feed_delivery",),
    "A projection in PostgreSQL": ("projection",),
    "Stored snapshots": ("snapshots",),
    "Three replicas": ("replicas",),
}
"""The plots of a section."""
_HOT_STREAM: Final = """\
One batch per append on one stream is measured in two ways: by hand (`raw_acsylla`), and by the
library with one event per batch (`ours_singly`). In both, 64 callers in one process take turns, so
that they do not compete in Paxos. The goal compares with the first, which is faster and contains
nothing of the library. The comparison with the second shows what sharing batches gains by itself.
"""
_HOT_COSTS: Final = """\
Batches of one stream, one after another. By hand (`raw_batches`), they are sent by one caller, or
shared by 64 callers. The library makes one batch of all the appends that wait, so it has as many
callers as a batch has events. What a batch takes beyond the CPU time of the client is its wait for
the server. The server's CPU time is longer than that, since several of its threads work at the same
time. Flushing and compacting go on in the background.
"""
_HOT_MODEL: Final = """\
How fast can one stream be? Its batches cannot overlap, so each takes the client's CPU time and then
the wait for the server. In this model, each of the two is a constant for the batch, and another one
for each of its events. The first table shows these constants, fitted to the batches above; the wait
is that of the batches by hand. The second table shows the rates that follow from them, and those
measured. No client can be faster than the last row.
"""
_FLAT: Final = """\
Does an append cost more on a long stream? The cases take turns, in a changing order. The streams at
version 1 and at version 100,000 are equally old and are flushed to disk, and no flush or compaction
is running. Paxos looks up the row in every file that holds rows of the stream. The last column
counts these files, in a trace; a long stream is flushed several times before it is compacted into
one file. A new stream is in no file at all, so it is shown, but is not what the others are compared
with.
"""
_SNAPSHOTS: Final = """\
What does a stored snapshot save a load, and what does saving one cost a command? A load reads its
snapshot from the server, since nothing is cached in the process. A command is one append, since its
aggregate is cached; snapshots are saved in the background. Cases take turns.
"""
_TRUNCATION: Final = """\
What does reading 100 events cost if 100,000 before them were truncated? A process that has not seen
that a stream is truncated first asks where it begins. Cases take turns.
"""
_PRIVACY: Final = """\
What does [encrypting a personal field](privacy.md) cost? A field of 100 characters in each event is
encrypted with the key of its subject, which is in the cache. The last row reads with an empty
cache, so the keys of 500 subjects are fetched, by one request for each page of events, and
unwrapped. Cases take turns.
"""
_REPLICAS: Final = """\
Three nodes, with a replica of every stream on each. They share the cores of this machine with each
other and with the clients, so compare the rows with each other only. While a node hangs (SIGSTOP),
it does not answer what is sent to it; the driver leaves it out once it has been silent for five
seconds.
"""
_VARIANTS: Final = """\
The library on nodes with other settings. All these nodes run at the same time on this machine, so
compare the rows with each other only.
"""
_PROMISES: Final = """\
Each peer describes itself. In the notes, *own* is a caller that appends to a stream of its own, and
*hot* is many callers that append to one stream.
"""
_OPENING: Final = """\
How long does it take to open a store, to use it first, and to close it? The process is warm, and
the tables exist.
"""
_REPRESENTATION: Final = """\
What would a recorded event cost as another Python type? Measured without a server.
"""
_PROFILE: Final = """\
Where the client's CPU time goes, for ours and raw, when it appends to 64 streams and when it reads.
The totals are measured without a profiler. A profiler outside the process then takes samples while
the event loop's thread holds the GIL, which shows how that thread divides its time. Calls into C
are shown by name if they have one.
"""
_HOT: Final = """\
The same for 64 callers that append to one stream without an expected version. Raw writes one batch
per append. Ours writes one batch for all appends that are waiting.
"""
_FEED: Final = {
    "Appends with a feed: one caller": """\
An append to a table with a feed is announced first, by a plain write, and is sent only once that is
acknowledged. `raw_with_write` does just that by hand. `ours_feed` also sequences the feed in the
same process, as every store does by default. `ours_announcing` leaves that to another process.
""",
    "Appends with a feed: 64 callers, a stream each": """\
`raw_with_write` writes one announcement at a time; callers that come meanwhile share the next one,
as in the library. Nobody sequences what it announces.
""",
    "Appends with a feed: 64 callers, one stream": """\
The callers share batches. The batches of one stream wait for each other, and each waits for its
announcement. `raw_batches` shares them by hand, and `raw_batches_with_write` writes a row before
each of them, as an announcement. What that leaves of the rate is the limit for a library that takes
no time of its own; one that does loses a smaller share.
""",
    "Delivery to another process": """\
One append at a time to a store that is otherwise idle. Measured from the call of the append to the
handler of a follower in another process, on the same machine. The goal is a budget: the time of
eight batches by raw, and 10 ms. Each follower is the one that the peer's documentation shows, with
its default settings; [the notes on the peers](#what-each-peer-promises) say what differs. Pekko's
`eventsByTag` stays seconds behind, because the events of another node may become visible late. The
library's feed need not wait for them: each append is announced before it is sent.
""",
    "Sequencing the appends of 64 callers": """\
The sequencer is a process of its own here, so that its CPU time can be measured separately. The
callers append one portion of events after another. Right after each portion, the end of the feed is
read. If the feed did not keep up, it would be further behind after each portion.
""",
    "Reading a feed": """\
A whole feed, read by a process that has just started. `raw_acsylla` reads the same streams by hand,
as many of them at once as a page of the feed does. It has to know their ids, and gets the events in
no common order.
""",
    "What a feed sends": """\
Counted where the store sends its requests. A conditional write is a lightweight transaction: four
round trips between the replicas.
""",
}
"""The words of the sections about feeds."""
_SUBSCRIPTIONS: Final = {
    "A subscription with an empty handler": """\
A new subscription catches up with a feed of 50,000 events in streams of ten, in a process that has
just started. Reading the same feed without a subscription is the limit.
""",
    "A projection in PostgreSQL": """\
The same feed is projected into a view in PostgreSQL, which is on this machine as well:
`executemany` for each page of 500 events, with the position in the same transaction. By hand, a
loop without the library's projection reads the same pages and sends the same statements. The rows
alone are made in the process, without a feed, and show the limit of this PostgreSQL. The runner of
the package eventsourcing projects 2,000 events of its own, each in a transaction, with the same
statement.
""",
    "Taking over": """\
Two members share 16 slices. One of them ends while events go to 64 streams, about one every 1.5
seconds to each. Measured until the other member has handled an event of each stream that the first
one had. A member that is stopped gives its slices back. One that is killed (`SIGKILL`) cannot: its
slices are free once its lease of 15 seconds is over.
""",
    "What an idle consumer group sends": """\
All members together, with 16 slices and the default `Pace`, counted where the stores send their
requests. The sequencer of the feed is not included.
""",
}
"""The words of the sections about subscriptions."""
_OTHER_RUNS: Final = """\
The goals of full runs whose other tables are not published, beside the recorded run's. A goal that
was missed is bold. The machine was busy during these runs: the first row shows what it did by hand.
On a busy machine, rounds differ by a factor of up to seven, so no speed of these runs is shown
elsewhere. The columns are in the order of time. Some goals are newer than some runs.
"""
_INSTRUCTIONS: Final = """\
What the client executes, counted by Valgrind: the load of the machine hardly matters. System calls
are not part of it. *At first* is the library before the changes that the notes on the goals list.
It is compared with the same by hand, where one stream gets one batch for each append. An append to
a table with a feed is compared with one to a table without a feed, and what a sequencer does to
publish an append is compared with an append by hand.
"""
_MET: Final = """\
What was tried before these goals were met, and what they cost.
"""
_RELATED: Final = {
    "throughput": "append",
    "append_cpu": "append",
    "batching": "hot",
    "batching_alone": "hot",
    "batching_shared_by_hand": "hot",
    "replay": "read",
    "read_cpu": "read",
    "memory": "read",
}
"""The profile that explains a goal."""


def markdown(results: Results, *, plots: bool) -> str:
    """Return the page, with or without plots; without them for a terminal."""
    beside = tables.series_of(results, "beside")
    rounds = max((len(it) for key, it in results.series.items() if key not in beside), default=0)
    pairs = max((len(results.series[key]) for key in beside), default=0)
    headline = tables.headline(results)
    drawn = plotted(results) if plots else ()
    pictures = "".join(f"{_picture(name)}\n" for name in FIRST if name in drawn)
    introduction = _INTRODUCTION.format(
        headline=headline, pictures=pictures, rounds=rounds, pairs=pairs
    )
    parts = ["# Performance\n", introduction.lstrip("\n")]
    notes, found = TRIED.read_text(encoding="utf-8"), goals(results)
    missed, met = (
        [each for goal in found if goal.met == met and (each := _notes(results, goal, notes))]
        for met in (False, True)
    )
    words = "What was tried for those that are missed: [below](#missed-goals).\n" if missed else ""
    parts += [_section("Goals", tables.goal_table(results), words)]
    parts.append(_section("Measured on", tables.machine_table(results)))
    for title, made in tables.curves(results).items():
        words = _HOT_STREAM if title == "Ours and raw: one stream" else ""
        parts.append(_section(title, made, _illustrated(title, words, drawn)))
    parts.append(_section("One stream: what a batch costs", cost_table(results), _HOT_COSTS))
    parts.append(_section("One stream: the limit", model_tables(results), _HOT_MODEL))
    for title, made in tables.feed_tables(results).items():
        parts.append(_section(title, made, _illustrated(title, _FEED.get(title, ""), drawn)))
    for title, made in tables.subscription_tables(results).items():
        parts.append(_section(title, made, _illustrated(title, _SUBSCRIPTIONS[title], drawn)))
    parts.append(_section("Flat cost", tables.flat_cost_table(results), _FLAT))
    words = _illustrated("Stored snapshots", _SNAPSHOTS, drawn)
    parts.append(_section("Stored snapshots", tables.snapshots_table(results), words))
    parts.append(_section("Truncated streams", tables.truncation_table(results), _TRUNCATION))
    parts.append(_section("Personal fields", tables.privacy_table(results), _PRIVACY))
    words = _illustrated("Three replicas", _REPLICAS, drawn)
    parts.append(_section("Three replicas", replica_tables(results), words))
    if (said := tried(notes, "peers")) and tables.series_of(results, "peers"):
        parts.append(_section("Compared with the peers", said))
    for scenario, first, words in (("peers", "peer", ""), ("variants", "node", _VARIANTS)):
        for case, made in tables.compared(results, scenario, first).items():
            parts.append(_section(f"{scenario.capitalize()}: {case}", made, words))
    if tables.series_of(results, "peers") or tables.series_of(results, DELIVERY):
        parts.append(_section("What each peer promises", tables.promises_table(results), _PROMISES))
    parts.append(_section("Opening a store", tables.opening_table(results), _OPENING))
    representation = tables.representation_table(results)
    parts.append(_section("How an event is represented", representation, _REPRESENTATION))
    parts.append(_section("Missed goals", "\n".join(missed)))
    parts.append(_section("Goals that are met", "\n".join(met), _MET))
    others = other_table(results, kept()) if plots else ""
    parts.append(_section("Other full runs", others, _OTHER_RUNS))
    parts.append(_section("Instructions", instruction_table() if plots else "", _INSTRUCTIONS))
    parts += _profiles(results, plots=plots)
    parts.append(_section("Not measured", "".join(f"- {note}\n" for note in results.notes)))
    return _linked("\n".join(part for part in parts if part), found)


def publish(results: Results) -> None:
    """Write the page and its plots."""
    plot(results, PAGE.parent / "performance")
    write_flame_graphs(results, PAGE.parent / "performance")
    PAGE.write_text(markdown(results, plots=True), encoding="utf-8")


def tried(text: str, name: str) -> str:
    """Return the section of a document like tried.md under a goal's name; empty if none."""
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        if heading.strip() == name:
            return body.strip() + "\n"
    return ""


def _picture(name: str) -> str:
    return f"![{PLOTS[name]}](performance/{name}.svg)\n"


def _illustrated(title: str, words: str, drawn: Collection[str]) -> str:
    """Return the words of a section, and its plots after them."""
    shown = [_picture(name) for name in PLOTTED.get(title, ()) if name in drawn]
    return "\n".join([*([words] if words else []), *shown])


def _section(title: str, text: str, words: str = "") -> str:
    if not text:
        return ""
    return f"## {title}\n\n" + (f"{words}\n" if words else "") + text


def _notes(results: Results, goal: Goal, text: str) -> str:
    """Return what was tried for a goal; empty if it is met and there is nothing to say."""
    notes = tried(text, goal.name)
    if goal.met and not notes:
        return ""
    made = f"### {_heading(goal)}\n\n"
    what = _RELATED.get(goal.name)
    if what and any(name.startswith(f"{what}/") for name in results.profiles):
        made += f"Where the time goes: [the profile](#profile-{what}).\n\n"
    return made + (notes or "The reason is not known yet.\n")


def _heading(goal: Goal) -> str:
    return goal.text[0].upper() + goal.text[1:]


def _linked(page: str, found: Sequence[Goal]) -> str:
    """Lead links like ``goal:latency`` to the notes on that goal, if the page has them."""
    slugs = {
        goal.name: re.sub(r"[^\w -]", "", _heading(goal).lower()).replace(" ", "-")
        for goal in found
        if f"### {_heading(goal)}\n" in page
    }

    def link(match: re.Match[str]) -> str:
        slug = slugs.get(match["goal"])
        return f"[{match['text']}](#{slug})" if slug else match["text"]

    return re.sub(r"\[(?P<text>[^\]]+)\]\(goal:(?P<goal>\w+)\)", link, page)


def _profiles(results: Results, *, plots: bool) -> list[str]:
    parts = []
    for what in PROFILES:
        made = tables.profile_tables(results, what)
        if made and plots:
            made += f"\n![Flame graph: {what}](performance/flame_{what}.svg)\n"
        parts.append(_section(f"Profile: {what}", made, _HOT if what == "hot" else _PROFILE))
    return parts


def main() -> None:
    """Make the page again from the recorded run."""
    publish(Results.read(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED))


if __name__ == "__main__":
    main()
