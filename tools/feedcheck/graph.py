"""
`Graph`: all states of a run as numbers, and the steps between them.

A state is the number of its world and those of its sequencers' memories in one integer. Numbers
are given out once for each distinct world and memory, so two states are equal exactly if their
integers are. States that differ only by the names of streams, writers or sequencers have the same
integer. What happens to a world, or to a world and one memory, is worked out once, however many
states they occur in.
"""

from .facts import Facts
from .memory import Memory
from .promises import FATAL, broken_by_memory, broken_by_world
from .rules import Rules
from .sequencers import Sequencer, arrivals, initial_memory
from .state import State, initial_state
from .step import Step
from .world import World
from .writers import writer_steps

MEMORY_BITS = 20
_MEMORIES = 2 * MEMORY_BITS
_MASK = (1 << MEMORY_BITS) - 1
STEP_BITS = 8
"""What a step breaks stands this many bits above what the state itself breaks."""

Images = list[int]
"""For each memory, the number of the same one after a renaming."""


class Moves:
    """What may happen to a world, or to a world and one memory."""

    __slots__ = ("ambiguous", "broken", "plain")

    def __init__(self) -> None:
        self.plain: list[tuple[int, Images, int]] = []
        """The world that a step leads to, shifted; the renaming into it; the mover's memory,
        renamed."""
        self.ambiguous: list[tuple[int, tuple[Images, ...], int]] = []
        """The same where several renamings lead into the world: the least state is meant, and
        the memory is not renamed yet."""
        self.broken = 0


class Graph:
    """The states of one run."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.worlds: list[World] = []
        self.memories: list[Memory] = []
        self._world_numbers: dict[World, int] = {}
        self._memory_numbers: dict[Memory, int] = {}
        self._targets: dict[World, tuple[int, tuple[int, ...]]] = {}
        self._facts: dict[int, Facts] = {}
        renamings = [(False, False)]
        if rules.symmetry:
            renamings.append((True, False))
            if rules.appends[0] == rules.appends[1] and rules.silent[0] == rules.silent[1]:
                renamings += [(False, True), (True, True)]
        self._renamings = renamings
        self._images: list[Images] = [[] for _ in renamings]
        self._world_moves: list[Moves | None] = []
        self._memory_moves: dict[int, Moves] = {}
        self._is_sorted = rules.symmetry and rules.sequencers == 2
        self._memory_number(initial_memory(rules))
        self.initial = self.number(initial_state(rules))

    def number(self, state: State) -> int:
        """Return the number of a state."""
        world, renamings = self._target(state.world)
        memories = [self._memory_number(memory) for memory in state.memories]
        if len(memories) == 1:
            memories.append(0)
        return world << _MEMORIES | min(
            self._pair(self._images[i][memories[0]], self._images[i][memories[1]])
            for i in renamings
        )

    def state(self, number: int) -> State:
        """Return a state that has this number."""
        memories = (number >> MEMORY_BITS & _MASK, number & _MASK)
        return State(
            self.worlds[number >> _MEMORIES],
            tuple(self.memories[memory] for memory in memories[: self.rules.sequencers]),
        )

    def successors(self, number: int) -> tuple[list[int], int]:
        """
        Return the numbers of all states that follow a state, and the promises that are broken.

        Those that the state breaks are the lowest `STEP_BITS` bits; those that a step breaks
        stand above.
        """
        world = number >> _MEMORIES
        first, second = number >> MEMORY_BITS & _MASK, number & _MASK
        moves = self._world_moves[world]
        if moves is None:
            moves = self._world_moves[world] = self._moved_world(world)
        if self.rules.sequencers == 1:
            # Each world meets each memory once: keeping these moves would be a waste.
            own = self._moved_memory(world, first)
            found = [base | images[first] << MEMORY_BITS for base, images, _ in moves.plain]
            found += [base | mine << MEMORY_BITS for base, _, mine in own.plain]
            for base, several, _ in moves.ambiguous:
                found.append(base | min(images[first] for images in several) << MEMORY_BITS)
            for base, several, mine in own.ambiguous:
                found.append(base | min(images[mine] for images in several) << MEMORY_BITS)
            return found, moves.broken | own.broken
        one = self._moves_of(world, first)
        two = self._moves_of(world, second)
        pair = self._pair
        if self._is_sorted:
            found = [
                base | a << MEMORY_BITS | b if a <= b else base | b << MEMORY_BITS | a
                for base, images, _ in moves.plain
                for a, b in ((images[first], images[second]),)
            ]
            for own, other in ((one, second), (two, first)):
                found += [
                    base | a << MEMORY_BITS | b if a <= b else base | b << MEMORY_BITS | a
                    for base, images, a in own.plain
                    for b in (images[other],)
                ]
        else:
            found = [base | i[first] << MEMORY_BITS | i[second] for base, i, _ in moves.plain]
            found += [base | mine << MEMORY_BITS | i[second] for base, i, mine in one.plain]
            found += [base | i[first] << MEMORY_BITS | mine for base, i, mine in two.plain]
        for base, several, _ in moves.ambiguous:
            found.append(base | min(pair(i[first], i[second]) for i in several))
        for base, several, mine in one.ambiguous:
            found.append(base | min(pair(i[mine], i[second]) for i in several))
        for base, several, mine in two.ambiguous:
            found.append(base | min(pair(i[first], i[mine]) for i in several))
        return found, moves.broken | one.broken | two.broken

    def _moves_of(self, world: int, memory: int) -> Moves:
        key = world << MEMORY_BITS | memory
        moves = self._memory_moves.get(key)
        if moves is None:
            moves = self._memory_moves[key] = self._moved_memory(world, memory)
        return moves

    def _pair(self, first: int, second: int) -> int:
        if self._is_sorted and second < first:
            first, second = second, first
        return first << MEMORY_BITS | second

    def _moved_world(self, number: int) -> Moves:
        facts = self._facts_of(number)
        moves = Moves()
        moves.broken = broken_by_world(facts)
        for steps in (writer_steps(facts), arrivals(facts)):
            for step in steps:
                self._add(moves, step)
        return moves

    def _moved_memory(self, number: int, memory: int) -> Moves:
        facts = self._facts_of(number)
        moves = Moves()
        sequencer = Sequencer(facts, self.memories[memory])
        for step in sequencer.steps():
            self._add(moves, step)
        moves.broken |= broken_by_memory(facts, self.memories[memory], at_rest=sequencer.is_at_rest)
        return moves

    def _add(self, moves: Moves, step: Step) -> None:
        if step.broken:
            moves.broken |= step.broken << STEP_BITS
            if step.broken & FATAL:
                return
        memory = 0 if step.memory is None else self._memory_number(step.memory)
        target, renamings = self._target(step.world)
        base = target << _MEMORIES
        if len(renamings) == 1:
            images = self._images[renamings[0]]
            moves.plain.append((base, images, images[memory]))
        else:
            moves.ambiguous.append((base, tuple(self._images[i] for i in renamings), memory))

    def _facts_of(self, number: int) -> Facts:
        facts = self._facts.get(number)
        if facts is None:
            if len(self._facts) > 20_000:
                self._facts.clear()
            facts = self._facts[number] = Facts(self.rules, self.worlds[number])
        return facts

    def _target(self, world: World) -> tuple[int, tuple[int, ...]]:
        """Return the number of the least of a world's renamings, and which ones are the least."""
        known = self._targets.get(world)
        if known is not None:
            return known
        least, reached = world, [0]
        for index in range(1, len(self._renamings)):
            streams, writers = self._renamings[index]
            other = world.renamed(streams=streams, writers=writers)
            if other < least:
                least, reached = other, [index]
            elif other == least:
                reached.append(index)
        number = self._world_numbers.get(least)
        if number is None:
            number = self._world_numbers[least] = len(self.worlds)
            self.worlds.append(least)
            self._world_moves.append(None)
        target = self._targets[world] = (number, tuple(reached))
        return target

    def _memory_number(self, memory: Memory) -> int:
        number = self._memory_numbers.get(memory)
        if number is None:
            # All renamings at once, so that every number has an image.
            others = [memory.renamed(streams=s, writers=w) for s, w in self._renamings]
            for other in others:
                if other not in self._memory_numbers:
                    self._memory_numbers[other] = len(self.memories)
                    self.memories.append(other)
            for other in dict.fromkeys(others):
                for index, (streams, writers) in enumerate(self._renamings):
                    image = self._memory_numbers[other.renamed(streams=streams, writers=writers)]
                    self._images[index].append(image)
            number = self._memory_numbers[memory]
            if len(self.memories) > _MASK:
                raise OverflowError("more memories than a state's number has room for")
        return number
