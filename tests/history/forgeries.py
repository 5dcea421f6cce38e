"""Forgeries: a history for each lie, and more than one where it can be told in several ways."""

from collections.abc import Callable

from .forging import Forger
from .lies import Lie

Forgery = Callable[[Forger], object]


def honest(f: Forger) -> None:
    """Three appends: a b, then c, then d e."""
    f.append(0, 1, "a b", 0, first=1)
    f.append(2, 3, "c", 2, first=3)
    f.append(4, 5, "d e", first=4)


def final(f: Forger) -> None:
    f.read(90, 91, "a b c d e", final=True)


def three(events: str, at: list[int] | None = None) -> Forgery:
    """Another end of the honest history."""
    return lambda f: f.read(90, 91, events, at=at, final=True)


FORGED: dict[str, tuple[Lie, tuple[Forgery, ...]]] = {
    "a gap": (Lie.GAP, (honest, three("a b c d e", [1, 2, 3, 5, 6]))),
    "a stream that begins late": (Lie.GAP, (honest, three("c d e", [3, 4, 5]))),
    "a lost append": (Lie.LOST, (honest, three("a b c"))),
    "a lost event": (Lie.LOST, (honest, three("a b c d"))),
    "half an append": (Lie.TORN, (honest, three("a b c d"))),
    "an append with another inside": (
        Lie.TORN,
        (lambda f: f.append(0, 10, "a b", end="unknown"),
         lambda f: f.append(11, 12, "a b", end="unknown"),
         lambda f: f.append(0, 1, "c", first=2),
         three("a c b")),
    ),
    "an append out of its order": (
        Lie.TORN,
        (lambda f: f.append(0, 10, "a b", end="unknown"), three("b a")),
    ),
    "an append at another place": (
        Lie.MISPLACED,
        (lambda f: f.append(0, 1, "a", first=1), lambda f: f.append(0, 1, "b", first=1),
         three("a b")),
    ),
    "another version than its events'": (
        Lie.MISPLACED,
        (lambda f: f.append(0, 1, "a", first=1, version=2), three("a")),
    ),
    "an event twice": (Lie.DOUBLED, (honest, three("a b c d e c"))),
    "an unknown append twice": (
        Lie.DOUBLED,
        (lambda f: f.append(0, 10, "a", end="unknown"),
         lambda f: f.append(11, 12, "a", first=2),
         three("a a")),
    ),
    "nobody's event": (Lie.PHANTOM, (honest, three("a b c d e x"))),
    "a refused append that stands": (
        Lie.REFUSED_BUT_STORED,
        (honest, lambda f: f.append(6, 7, "x", end="refused"), three("a b c d e x")),
    ),
    "a conflict that stands": (
        Lie.REFUSED_BUT_STORED,
        (honest, lambda f: f.append(6, 7, "x", 4, end="conflict", version=5),
         three("a b c d e x")),
    ),
    "an unknown append that stands after its conflict": (
        Lie.REFUSED_BUT_STORED,
        (honest,
         lambda f: f.append(6, 16, "x", 5, end="unknown"),
         lambda f: f.append(17, 18, "x", 5, end="conflict", version=3),
         three("a b c d e x")),
    ),
    "an append elsewhere than expected": (
        Lie.UNMET,
        (lambda f: f.append(0, 1, "a", first=1), lambda f: f.append(2, 3, "b", 5, first=2),
         three("a b")),
    ),
    "an append to no stream that expected one": (
        Lie.UNMET, (lambda f: f.append(0, 1, "a", "exists", first=1), three("a")),
    ),
    "an empty append that was not so": (
        Lie.UNMET, (honest, lambda f: f.append(6, 7, "", 3, version=5), final),
    ),
    "stored and refused": (
        Lie.TWO_ANSWERS,
        (honest, lambda f: f.append(6, 7, "c", 2, end="conflict", version=5), final),
    ),
    "stored at two places": (
        Lie.TWO_ANSWERS, (honest, lambda f: f.append(6, 7, "c", 2, first=4, earlier=True), final),
    ),
    "stored anew twice": (
        Lie.TWO_ANSWERS, (honest, lambda f: f.append(6, 7, "c", 2, first=3), final),
    ),
    "appends against time": (
        Lie.ORDER,
        (lambda f: f.append(0, 1, "b", first=2), lambda f: f.append(2, 3, "a", first=1),
         three("a b")),
    ),
    "appends against time, with others between": (
        Lie.ORDER,
        (lambda f: f.append(0, 1, "c", first=3), lambda f: f.append(2, 9, "a", first=1),
         lambda f: f.append(0, 9, "b", first=2), three("a b c")),
    ),
    "an unknown append before what had begun after its settling": (
        Lie.ORDER,
        (lambda f: f.append(0, 10, "b", end="unknown"),
         lambda f: f.append(11, 12, "b", first=2),
         lambda f: f.append(13, 14, "a", first=1), three("a b")),
    ),
    "a conflict with what came later": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(2, 3, "x", 1, end="conflict", version=5), final),
    ),
    "a conflict with what was long ago": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(6, 7, "x", 5, end="conflict", version=3), final),
    ),
    "a conflict with the middle of an append": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(4, 5, "x", 1, end="conflict", version=4), final),
    ),
    "a conflict with a version never reached": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(6, 7, "x", 1, end="conflict", version=9), final),
    ),
    "a conflict with what was expected": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(6, 7, "x", 5, end="conflict", version=5), final),
    ),
    "a conflict that had no expectation": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(6, 7, "x", end="conflict", version=5), final),
    ),
    "a conflict with a stream that exists": (
        Lie.WRONG_CONFLICT,
        (honest, lambda f: f.append(0, 1, "x", "exists", end="conflict", version=2), final),
    ),
    "two conflicts that cannot both be so": (
        Lie.WRONG_CONFLICT,
        (lambda f: f.append(0, 10, "a", first=1),
         lambda f: f.append(1, 2, "x", 7, end="conflict", version=1),
         lambda f: f.append(3, 4, "y", 7, end="conflict", version=0), three("a")),
    ),
    "a read with a gap": (
        Lie.NOT_A_PREFIX, (honest, lambda f: f.read(6, 7, "a b d", at=[1, 2, 4]), final),
    ),
    "a read that begins late": (
        Lie.NOT_A_PREFIX, (honest, lambda f: f.read(6, 7, "b c d e", at=[2, 3, 4, 5]), final),
    ),
    "a read of what never was": (
        Lie.NOT_A_PREFIX, (honest, lambda f: f.read(6, 7, "a b c d e x"), final),
    ),
    "a read of another event": (
        Lie.NOT_A_PREFIX, (honest, lambda f: f.read(6, 7, "a b x d e"), final),
    ),
    "a read of too many": (
        Lie.NOT_A_PREFIX, (honest, lambda f: f.read(6, 7, "a b c", count=2), final),
    ),
    "a backward read that ends early": (
        Lie.NOT_A_PREFIX,
        (honest, lambda f: f.read(6, 7, "e d c", at=[5, 4, 3], backward=True), final),
    ),
    "a backward read from too high": (
        Lie.NOT_A_PREFIX,
        (honest, lambda f: f.read(6, 7, "e", 4, at=[5], backward=True, count=1), final),
    ),
    "a stale read": (Lie.STALE_READ, (honest, lambda f: f.read(6, 7, "a b c"), final)),
    "a stale read of nothing": (Lie.STALE_READ, (honest, lambda f: f.read(6, 7, ""), final)),
    "a stale read from the middle": (
        Lie.STALE_READ, (honest, lambda f: f.read(6, 7, "", 4), final),
    ),
    "a stale backward read": (
        Lie.STALE_READ, (honest, lambda f: f.read(6, 7, "c b a", backward=True), final),
    ),
    "a stale serial read": (
        Lie.STALE_READ, (honest, lambda f: f.read(6, 7, "a b c", serial=True), final),
    ),
    "a stale version": (Lie.STALE_READ, (honest, lambda f: f.version(6, 7, 3), final)),
    "a serial read that sees less than another before it": (
        Lie.STALE_READ,
        (honest, lambda f: f.read(4.1, 4.2, "a b c d e", serial=True),
         lambda f: f.read(4.3, 4.4, "a b c", serial=True), final),
    ),
    "a serial read that sees less than a quorum read before it": (
        Lie.STALE_READ,
        (honest, lambda f: f.read(4.1, 4.2, "a b c d"),
         lambda f: f.read(4.3, 4.4, "a b c", serial=True), final),
    ),
    "a read of the future": (
        Lie.FUTURE_READ, (honest, lambda f: f.read(2, 3, "a b c d"), final),
    ),
    "a part read of the future": (
        Lie.FUTURE_READ, (honest, lambda f: f.read(2, 3, "d", 4, count=1), final),
    ),
    "a serial read of the future": (
        Lie.FUTURE_READ, (honest, lambda f: f.read(2, 3, "a b c d e", serial=True), final),
    ),
    "a version of the future": (
        Lie.FUTURE_READ, (honest, lambda f: f.version(2, 3, 5), final),
    ),
    "a serial read of half an append": (
        Lie.TORN_READ, (honest, lambda f: f.read(4, 5, "a b c d", serial=True), final),
    ),
    "a version inside an append": (
        Lie.TORN_READ, (honest, lambda f: f.version(4, 5, 4), final),
    ),
    "a hole where none is": (
        Lie.FALSE_HOLE, (honest, lambda f: f.read(6, 7, "", end="hole"), final),
    ),
    "an error of a wrong kind": (
        Lie.ERROR,
        (honest, lambda f: f.append(6, 7, "x", end="error"),
         lambda f: f.append(8, 9, "x", end="refused"), final),
    ),
    "an unknown left over": (
        Lie.UNSETTLED, (honest, lambda f: f.append(6, 16, "x", end="unknown"), final),
    ),
    "an unknown that a refusal does not settle": (
        Lie.UNSETTLED,
        (honest, lambda f: f.append(6, 16, "x", end="unknown"),
         lambda f: f.append(17, 18, "x", end="refused"), final),
    ),
    "an answer far too late": (
        Lie.OVERDUE,
        (honest, lambda f: f.append(6, 18.5, "x", 9, end="conflict", version=5), final),
    ),
    "no answer": (
        Lie.NEVER_ENDED,
        (honest, lambda f: f.append(6, None, "x", end=None),
         lambda f: f.append(17, 18, "x", end="refused"), final),
    ),
    "no last read": (Lie.UNPROVEN, (honest,)),
}  # fmt: skip
