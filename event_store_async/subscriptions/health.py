"""Health: how a member of a consumer group is."""

from ..checks import check_bool, check_instance, check_int, check_not_negative
from ..values import value


@value
class SubscriptionHealth:
    """
    How a member of a consumer group is.

    Attributes:
        is_live: Whether its beats go through: for a probe of liveness.
        last_beat: Seconds since it sent the last beat that the store answered; None if there was
            none.
        generation: The generation of the subscription; 0 if it is not known yet.
        slices_held: How many slices it works on.
        caught_up: Whether all of them were at the end of the feed when they last looked.
        parked: How many streams of these slices are parked.
        holding: Which of these slices stay where they are, and why.

    Raises:
        InvalidArgument: a field is not valid.
    """

    is_live: bool
    last_beat: float | None
    generation: int
    slices_held: int
    caught_up: bool
    parked: int
    holding: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_bool("is_live", self.is_live)
        if self.last_beat is not None:
            check_not_negative("last_beat", self.last_beat)
        check_int("generation", self.generation, at_least=0)
        check_int("slices_held", self.slices_held, at_least=0)
        check_bool("caught_up", self.caught_up)
        check_int("parked", self.parked, at_least=0)
        check_instance("holding", self.holding, tuple, "a tuple")
