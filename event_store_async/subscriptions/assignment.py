"""Assignment: which member works on which slice, computed by each member for itself."""

from collections.abc import Collection, Mapping
from uuid import UUID


def assigned(
    slices: int, members: Collection[UUID], holders: Mapping[int, UUID]
) -> dict[int, UUID]:
    """
    Return which member is to work on each slice.

    All members that see the same compute the same. Every member gets as many slices as any other,
    or one more. As few slices as possible move: a member keeps what it holds, up to its share.

    Args:
        slices: How many slices there are.
        members: The members that live.
        holders: Who holds which slice. Holders that are not among *members* count as dead.

    Returns:
        The member of each slice; empty if there are no members.
    """
    if not members:
        return {}
    held: dict[UUID, list[int]] = {member: [] for member in sorted(members)}
    for number in range(slices):
        holder = holders.get(number)
        if holder in held:
            held[holder].append(number)
    share, extra = divmod(slices, len(held))
    # Those who hold most keep one more than the others: then the fewest slices move.
    by_size = sorted(held, key=lambda member: (-len(held[member]), member))
    shares = {member: share + (place < extra) for place, member in enumerate(by_size)}
    result = {
        number: member for member, numbers in held.items() for number in numbers[: shares[member]]
    }
    free = (number for number in range(slices) if number not in result)
    for member, numbers in held.items():
        for _ in range(shares[member] - min(len(numbers), shares[member])):
            result[next(free)] = member
    return result
