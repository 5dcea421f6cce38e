"""Completeness: what a run lacks that it must have before it is recorded."""

from typing import Final

from .bench import OURS, RAW
from .feeds import DELIVERY
from .goals import goals
from .peers import BATCHES, DELIVERING, NAMES, SINGLY
from .profiles import PROFILES
from .results import Results

GOALS: Final = (
    *("latency", "throughput", "append_cpu_alone", "append_cpu"),
    *("least_throughput", "least_cpu", "batching"),
    *("batching_alone", "batching_by_hand", "batching_shared_by_hand"),
    *("sharing", "sharing_conflicts", "sharing_fairness", "sharing_exact"),
    *("replay", "read_cpu", "memory", "flat_cost"),
    *("feed_latency", "feed_throughput", "feed_batching"),
    *("feed_throughput_by_hand", "feed_batching_by_hand"),
    *("announcing_latency", "announcing_throughput", "announcing_batching", "feed_delivery_p50"),
    *("feed_delivery_p99", "feed_sequencer_cpu", "feed_lag", "feed_catch_up", "feed_memory"),
    *("projection",),
    *("snapshot_load", "snapshot_save", "truncated_read"),
    *("private_append", "private_read"),
    *("replicas_latency", "replicas_throughput", "replicas_batching", "replicas_feed_latency"),
    *("replicas_feed_throughput", "replicas_feed_batching", "replicas_hanging"),
    *("replicas_feed_hanging",),
)
"""The names of the goals that a full run measures."""


def missing(results: Results) -> list[str]:
    """Return what a full run has and this one lacks, a line each; empty if nothing is missing."""
    measured = {goal.name for goal in goals(results)}
    lines = [f"no goal {name}" for name in GOALS if name not in measured]
    for name in (*NAMES, SINGLY, BATCHES):
        if not results.peers.get(name, {}).get("ready"):
            lines.append(f"no peer {name}")
    delivered = {key.subject for key in results.series if key.scenario == DELIVERY}
    lines += [f"no deliveries by {name}" for name in DELIVERING if name not in delivered]
    for profile in (f"{what}/{name}" for what in PROFILES for name in (RAW, OURS)):
        if profile not in results.profiles:
            lines.append(f"no profile {profile}")
    if not any(key.scenario == "variants" for key in results.series):
        lines.append("no variants: the machine was too slow")
    most: dict[str, int] = {}
    for key, rounds in results.series.items():
        most[key.scenario] = max(most.get(key.scenario, 0), len(rounds))
    for key, rounds in results.series.items():
        if len(rounds) < most[key.scenario]:
            what = f"{key.scenario}: {key.subject}, {key.case} {key.x or ''}".strip()
            lines.append(f"{what}: {len(rounds)} of {most[key.scenario]} rounds")
    return lines
