"""`State`: the tables and what each sequencer knows, with names; the steps from it, in words."""

from collections.abc import Iterator
from typing import NamedTuple

from .facts import Facts
from .memory import Memory
from .promises import FATAL, Promise, broken_by_memory, broken_by_world
from .rules import Rules
from .sequencers import Sequencer, arrivals, initial_memory
from .step import append_name, stream_name, words
from .world import STREAMS, Lane, World
from .writers import writer_steps


class State(NamedTuple):
    """Everything at one moment."""

    world: World
    memories: tuple[Memory, ...]

    def __str__(self) -> str:
        parts = ["streams:"]
        for number in STREAMS:
            stream = self.world.streams[number]
            held = " ".join(append_name(append) for append in stream.appends)
            half = " (the last one visible to some reads)" if stream.half else ""
            parts.append(f"{stream_name(number)}=[{held}]{half}")
        parts.append("log:")
        versions = [0, 0]
        for entry in self.world.log:
            for number in entry:
                versions[number] += 1
                parts.append(f"{stream_name(number)}{versions[number]}")
            parts.append("|")
        return " ".join(parts)


class Transition(NamedTuple):
    """A step in words, where it leads, and the promises that it breaks."""

    words: str
    state: State
    broken: Promise


def initial_world(rules: Rules) -> World:
    """Return the empty tables."""
    lane = Lane(registered=rules.registers_first)
    return World((lane, lane))


def initial_state(rules: Rules) -> State:
    """Return the state that every search begins with."""
    return State(initial_world(rules), (initial_memory(rules),) * rules.sequencers)


def transitions(rules: Rules, state: State) -> Iterator[Transition]:
    """Give every step from a state."""
    facts = Facts(rules, state.world)
    for steps in (writer_steps(facts), arrivals(facts)):
        for step in steps:
            after = State(step.world, state.memories)
            yield Transition(words(step.label, ""), after, Promise(step.broken))
    for number, memory in enumerate(state.memories):
        for step in Sequencer(facts, memory).steps():
            memories = list(state.memories)
            memories[number] = memory if step.memory is None else step.memory
            after = State(step.world, tuple(memories))
            yield Transition(words(step.label, f"Q{number + 1}"), after, Promise(step.broken))


def broken_in(rules: Rules, state: State) -> Promise:
    """Return the promises that a state breaks."""
    facts = Facts(rules, state.world)
    broken = broken_by_world(facts)
    for memory in state.memories:
        sequencer = Sequencer(facts, memory)
        for _ in sequencer.steps():
            pass
        broken |= broken_by_memory(facts, memory, at_rest=sequencer.is_at_rest)
    return Promise(broken)


def is_followed(transition: Transition) -> bool:
    """Tell whether the search goes on behind a step."""
    return not transition.broken & FATAL
