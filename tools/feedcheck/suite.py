"""
The runs: sound ones, and one for each rule that something goes wrong without.

Each `v2-` run does what an earlier design said or allowed; each `mut-` run breaks one rule. Most of
them publish in the order `CLOSURE`, which lets a log entry hold several appends. Those are run
again, as `s8-`, in the order `LANES`, which was chosen: a mutation that is caught in one of the
orders only would mean that the rule is not needed in the other.
"""

from dataclasses import dataclass, replace
from typing import Any

from .promises import Promise
from .rules import Announcing, Closing, Dropping, Order, Rules, Unacknowledged
from .run import Run

_LOST = Promise.LOST
_ORDER = Promise.ORDER
_PHANTOM = Promise.PHANTOM
_SKIP = Promise.SKIP
_TWICE = Promise.TWICE

_LANES = Rules()
_CLOSURE = Rules(order=Order.CLOSURE, outcome_marks=True)
_TABLE = {"progress_table": True, "sequencers": 2, "half_commits": False}
"""The table of progress. Commits that are half visible are left to the other runs."""
_LOWS = {"lows": True, "dropping": Dropping.STORED, "half_commits": False}
_EVERYTHING = {
    **_TABLE,
    **_LOWS,
    "half_commits": True,
    "entry_in_flight": True,
}


@dataclass(frozen=True, slots=True)
class _Mutation:
    """A broken rule, with the shortest traces in the two orders of publication."""

    name: str
    about: str
    breaks: dict[Promise, int]
    breaks_lanes: dict[Promise, int] | None
    changes: dict[str, Any]


def _ok(name: str, about: str, states: int | None, base: Rules, **changes: Any) -> Run:
    return Run(name, about, replace(base, **changes), states=states)


def _large(name: str, about: str, states: int | None, base: Rules, **changes: Any) -> Run:
    return Run(name, about, replace(base, **changes), states=states, is_large=True)


def _sound() -> list[Run]:
    table: dict[str, Any] = _TABLE
    lows: dict[str, Any] = {**_LOWS, "sequencers": 2}
    everything: dict[str, Any] = _EVERYTHING
    both: dict[str, Any] = {"appends": (2, 2)}
    return [
        # The order that was chosen.
        _ok("ok-lane-wait", "2 writers x 2 appends", 131_038, _LANES, **both),
        _ok(
            "ok-lane-wait-scan",
            "the same with a writer that does not announce, and the scan",
            73_276,
            _LANES,
            **both,
            silent=(False, True),
            scans=True,
            outcome_marks=True,
        ),
        _ok(
            "ok-lane-wait-two",
            "2 sequencers, appends of 1 or 2 events",
            542_401,
            _LANES,
            sequencers=2,
            pairs=True,
        ),
        _ok(
            "ok-lane-wait-all",
            "everything together, K=1, 2 + 0 appends",
            785_060,
            _LANES,
            **everything,
            appends=(2, 0),
        ),
        _large("ok-lane-wait-32", "3 + 2 appends", 7_616_460, _LANES, appends=(3, 2)),
        _large(
            "ok-lane-wait-side",
            "2 sequencers, progress table K=1, half visible commits",
            7_740_258,
            _LANES,
            **{**table, "half_commits": True},
        ),
        _large(
            "ok-lane-wait-all-21",
            "progress table and low marks, none of it half visible, 2 + 1 appends",
            None,
            _LANES,
            **{**table, **lows},
            half_lows=False,
        ),
        # Other orders and variants.
        _ok("ok-n2", "appends of 1 or 2 events", 78_637, _CLOSURE, pairs=True),
        _ok(
            "ok-ledger",
            "the log says what became of each announcement",
            26_165,
            _CLOSURE,
            by_announcement=True,
            any_expected=True,
        ),
        _ok(
            "ok-fence",
            "a sequencer may fence undecided announcements off",
            136_804,
            _CLOSURE,
            any_expected=True,
            fences=True,
        ),
        _ok(
            "ok-legacy-scan",
            "a writer does not announce, streams are scanned",
            143_490,
            _CLOSURE,
            **both,
            silent=(False, True),
            scans=True,
        ),
        _ok(
            "ok-two",
            "2 sequencers and a log entry in flight",
            267_295,
            _CLOSURE,
            sequencers=2,
            entry_in_flight=True,
        ),
        _ok("ok-decide", "2 writers x 2 appends", 257_926, _CLOSURE, **both),
        _large("ok-decide-31", "3 + 1 appends", 494_988, _CLOSURE, appends=(3, 1)),
        _large("ok-decide-32", "3 + 2 appends", None, _CLOSURE, appends=(3, 2)),
        _ok(
            "ok-no-promise2",
            "any order up to the head; no order between streams is promised",
            288_772,
            _CLOSURE,
            **both,
            order=Order.ANY,
            keeps_order=False,
        ),
        _large("ok-n2-22", "2 + 2 appends of 1 or 2 events", None, _CLOSURE, **both, pairs=True),
        _large(
            "ok-ahead",
            "callers may expect any version",
            496_026,
            _CLOSURE,
            **both,
            any_expected=True,
        ),
        _large(
            "ok-fence-22",
            "fences, 2 + 2 appends",
            None,
            _CLOSURE,
            **both,
            any_expected=True,
            fences=True,
        ),
        _ok(
            "ok-close",
            "lanes that seem dead are closed and removed",
            318_338,
            _CLOSURE,
            closing=Closing.CHECK_AFTER,
        ),
        _large(
            "ok-close-fence",
            "the same with fences and 2 sequencers",
            None,
            _CLOSURE,
            sequencers=2,
            closing=Closing.CHECK_AFTER,
            fences=True,
        ),
        _large(
            "ok-two-22",
            "2 sequencers, a log entry in flight, 2 + 2 appends",
            None,
            _CLOSURE,
            **both,
            sequencers=2,
            entry_in_flight=True,
        ),
        _large(
            "ok-ledger-two",
            "the log says what became of each announcement; 2 sequencers, low marks",
            1_641_157,
            _CLOSURE,
            **lows,
            by_announcement=True,
        ),
        _large(
            "ok-ledger-half",
            "the same with half visible commits",
            None,
            _CLOSURE,
            **{**lows, "half_commits": True},
            by_announcement=True,
        ),
        _large("ok-side-k1", "2 sequencers, progress table, K=1", 4_149_884, _CLOSURE, **table),
        _large(
            "ok-side-k1-half",
            "the same with a log entry in flight and half visible commits",
            None,
            _CLOSURE,
            **{**table, "half_commits": True},
            entry_in_flight=True,
        ),
        _large(
            "ok-side-k2",
            "2 sequencers, progress table, K=2, 3 + 0 appends",
            3_951_110,
            _CLOSURE,
            **table,
            window=2,
            appends=(3, 0),
        ),
        _large("ok-side-k2-21", "the same, 2 + 1 appends", None, _CLOSURE, **table, window=2),
        _large(
            "ok-lanes", "2 sequencers, low marks, parts are dropped", 1_265_216, _CLOSURE, **lows
        ),
        _large(
            "ok-lanes-30",
            "the same, 3 + 0 appends, half visible commits",
            1_296_839,
            _CLOSURE,
            **{**lows, "half_commits": True},
            appends=(3, 0),
        ),
        _large(
            "ok-lanes-p2",
            "the same, parts of 2 rows",
            932_434,
            _CLOSURE,
            **{**lows, "half_commits": True},
            appends=(3, 0),
            part_size=2,
        ),
        _large(
            "ok-all-11",
            "everything together, K=1, 1 + 1 appends",
            1_235_974,
            _CLOSURE,
            **everything,
            appends=(1, 1),
        ),
        _large(
            "ok-all-20",
            "the same, 2 + 0 appends",
            1_031_676,
            _CLOSURE,
            **everything,
            appends=(2, 0),
        ),
        _large(
            "ok-all-21",
            "progress table and low marks, none of it half visible, 2 + 1 appends",
            None,
            _CLOSURE,
            **{**table, **lows},
            half_lows=False,
        ),
        _large(
            "ok-all-21-half",
            "the same with half visible low marks; more than 200 million states",
            None,
            _CLOSURE,
            **{**table, **lows},
        ),
    ]


def _mutations() -> list[_Mutation]:
    table: dict[str, Any] = _TABLE
    two_lows: dict[str, Any] = {**_LOWS, "sequencers": 2}
    one_low: dict[str, Any] = _LOWS
    return [
        # What an earlier design said or allowed.
        _Mutation(
            "v2-order-naive",
            "streams in any order, one link each",
            {_ORDER: 10},
            None,
            {"order": Order.ANY, "half_commits": False, "appends": (3, 0)},
        ),
        _Mutation(
            "v2-order-lane",
            "a lane in order, each stream up to its head",
            {_ORDER: 11},
            None,
            {"order": Order.LANE_TO_HEAD, "appends": (3, 0)},
        ),
        _Mutation(
            "v2-order-lane-exact",
            "a lane in order, each stream up to the announced append",
            {_ORDER: 12},
            None,
            {"order": Order.LANE_TO_END, "appends": (2, 2)},
        ),
        _Mutation(
            "v2-low-plain",
            "low marks overwrite each other, parts are dropped",
            {_SKIP: 11},
            {_SKIP: 11},
            {**two_lows, "lows_only_rise": False},
        ),
        _Mutation(
            "v2-drop-unacked",
            "a part is dropped before its low mark is acknowledged",
            {_SKIP: 10},
            {_SKIP: 10},
            {**one_low, "dropping": Dropping.KNOWN},
        ),
        _Mutation(
            "v2-low-in-memory",
            "a paused sequencer does not read low marks again",
            {_SKIP: 10},
            {_SKIP: 10},
            {**two_lows, "rereads_lows": False},
        ),
        _Mutation(
            "v2-void-behind",
            "refused below the expected version counts as void",
            {_LOST: 6, _SKIP: 11},
            None,  # without outcome marks nobody is told
            {"any_expected": True, "behind_is_void": True},
        ),
        _Mutation(
            "v2-takeover-trust",
            "a new leader does not write the progress of its window",
            {_TWICE: 21},
            {_TWICE: 19},
            {**table, "takeover_trusts": True, "appends": (2, 0)},
        ),
        _Mutation(
            "v2-k-own-only",
            "progress is written for own entries only",
            {_TWICE: 22},
            {_TWICE: 19},
            {**table, "writes_progress_of_others": False, "appends": (2, 0)},
        ),
        _Mutation(
            "v2-pipelined",
            "progress is read earlier than the window it is merged with",
            {_TWICE: 24},
            {_TWICE: 22},
            {**table, "progress_read_early": True, "appends": (2, 0)},
        ),
        # One rule broken each.
        _Mutation(
            "mut-announce-after",
            "announced after the append",
            {_SKIP: 3},
            {_SKIP: 3},
            {"announcing": Announcing.AFTER},
        ),
        _Mutation(
            "mut-reuse",
            "a new plan under the old announcement",
            {_LOST: 8, _SKIP: 11},
            {_LOST: 9, _SKIP: 10},
            {"plan_reuses_row": True},
        ),
        _Mutation(
            "mut-seq-rewritten",
            "an announcement that timed out is replaced by another",
            {_LOST: 7, _SKIP: 11},
            {_LOST: 8, _SKIP: 11},
            {"unacknowledged": Unacknowledged.REPLACE},
        ),
        _Mutation(
            "mut-go-on",
            "the next announcement is sent though the last is not acknowledged",
            {_SKIP: 5},
            {_SKIP: 5},
            {"unacknowledged": Unacknowledged.GO_ON},
        ),
        _Mutation(
            "mut-hole-skipped",
            "a missing row counts as finished",
            {_LOST: 4, _SKIP: 6},
            {_LOST: 4, _SKIP: 6},
            {"passes_holes": True},
        ),
        _Mutation(
            "mut-eq-decided",
            "a head at the expected version counts as decided",
            {_LOST: 3, _SKIP: 6},
            {_LOST: 3, _SKIP: 6},
            {"head_at_expected_decides": True},
        ),
        _Mutation(
            "mut-unread",
            "published as soon as announced",
            {_PHANTOM: 3},
            {_PHANTOM: 3},
            {"reads_streams": False},
        ),
        _Mutation(
            "mut-split",
            "an append of two events is cut across entries",
            {_LOST: 5, _SKIP: 6},
            None,
            {"cuts_appends": True, "pairs": True, "order": Order.ANY, "keeps_order": False},
        ),
        _Mutation(
            "mut-register-late",
            "the registration of the lane is not waited for",
            {_SKIP: 4},
            {_SKIP: 4},
            {"registers_first": False},
        ),
        _Mutation(
            "mut-doorbell-only",
            "lanes are read only when the doorbell rings",
            {_SKIP: 4},
            {_SKIP: 4},
            {"polls_lanes": False},
        ),
        _Mutation(
            "mut-log-uncond",
            "the log is appended to without a condition",
            {_TWICE: 7},
            {_TWICE: 7},
            {"log_is_conditional": False, "sequencers": 2},
        ),
        _Mutation(
            "mut-k-off",
            "entries are appended though progress is due, K=1",
            {_TWICE: 17},
            {_TWICE: 16},
            {**table, "writes_due_progress": False},
        ),
        _Mutation(
            "mut-k2-as-k1",
            "the same, K=2",
            {_TWICE: 22},
            {_TWICE: 21},
            {**table, "writes_due_progress": False, "window": 2, "appends": (3, 0)},
        ),
        _Mutation(
            "mut-no-overlay",
            "progress is read without the window",
            {_TWICE: 13},
            {_TWICE: 11},
            {**table, "overlays_window": False},
        ),
        _Mutation(
            "mut-no-timestamp",
            "of two writes of progress the later one wins, not the higher",
            {_TWICE: 27},
            None,  # 26 steps, in 2,372,805 states: half a minute for nothing new
            {**table, "progress_by_entry": False, "appends": (3, 0)},
        ),
        _Mutation(
            "mut-progress-early",
            "progress is written before the entry is in the log",
            {_SKIP: 9},
            {_SKIP: 8},
            {**table, "progress_before_entry": True, "sequencers": 1},
        ),
        _Mutation(
            "mut-low-ahead",
            "the low mark counts what is decided but not in the log",
            {_LOST: 5, _SKIP: 6},
            {_LOST: 5, _SKIP: 6},
            {**one_low, "low_before_entry": True},
        ),
        _Mutation(
            "mut-close-check",
            "the closing flag is read before the announcement",
            {_LOST: 3, _SKIP: 6},
            {_LOST: 3, _SKIP: 6},
            {"closing": Closing.CHECK_BEFORE},
        ),
        _Mutation(
            "mut-lane-wait-backoff",
            "an open row is not looked at although newer ones are",
            {_ORDER: 10},
            None,
            {"order": Order.LANES, "looks_at_every_row": False, "appends": (2, 2)},
        ),
        _Mutation(
            "mut-lane-wait-ahead",
            "callers may expect versions above the head",
            {_SKIP: 9},
            None,
            {"order": Order.LANES, "any_expected": True, "appends": (2, 2)},
        ),
        _Mutation(
            "mut-legacy",
            "a writer does not announce, and nothing is scanned",
            {_SKIP: 3},
            {_SKIP: 3},
            {"silent": (False, True)},
        ),
        _Mutation(
            "mut-fence-ignored",
            "appends are not conditional on the fence",
            {_LOST: 4, _SKIP: 7},
            {_LOST: 4, _SKIP: 7},
            {"fences": True, "fence_is_checked": False},
        ),
    ]


def runs() -> list[Run]:
    """Return all runs: the sound ones, what breaks a rule, and that in the order chosen."""
    mutations = _mutations()
    broken = [Run(m.name, m.about, replace(_CLOSURE, **m.changes), m.breaks) for m in mutations]
    in_lanes = [
        Run(
            f"s8-{m.name.removeprefix('mut-').removeprefix('v2-')}",
            f"{m.about}; in the order chosen",
            replace(_LANES, **m.changes),
            m.breaks_lanes,
        )
        for m in mutations
        if m.breaks_lanes is not None
    ]
    return [*_sound(), *broken, *in_lanes]
