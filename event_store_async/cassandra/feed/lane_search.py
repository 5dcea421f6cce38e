"""Lane search: the lanes that the addresses of stored events lead to."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from uuid import UUID

from .announcement import Address
from .lane_reader import LaneReader


class LaneSearch:
    """
    Finds the lane of an address that stands in a stream.

    Args:
        lanes: The lanes that are known, by writer.

    Attributes:
        foreign: Writers without a lane: of another feed, or they have closed it, and all of it is
            finished.
    """

    def __init__(self, lanes: Mapping[UUID, LaneReader]) -> None:
        self._lanes = lanes
        self.foreign: set[UUID] = set()

    async def of(self, writer: UUID, find: Callable[[], Awaitable[object]]) -> LaneReader | None:
        """
        Return the lane of a writer whose address stands in a stream; None if it has none.

        Args:
            writer: The writer.
            find: Reads which lanes there are, and how far they are finished.
        """
        if writer in self.foreign:
            return None
        if writer not in self._lanes:
            await find()
        lane = self._lanes.get(writer)
        if lane is None:  # a writer is known before it announces: this one stays unknown
            self.foreign.add(writer)
        return lane

    async def first_open(
        self, addresses: Iterable[Address | None], find: Callable[[], Awaitable[object]]
    ) -> int | None:
        """
        Return the index of the first address whose announcement is not finished, if there is one.

        Args:
            addresses: Those of events that stand in a stream. So their announcements were written
                before: one that is not in its lane, as it is read now, is finished, or was lost, or
                is of another feed.
            find: As for `of`.
        """
        ended: set[UUID] = set()  # writers whose lanes are read to their ends
        for index, address in enumerate(addresses):
            lane = None if address is None else await self.of(address.writer, find)
            if address is None or lane is None:
                continue
            while not await lane.holds(address.seq):
                read_up_to = lane.read_up_to
                if address.seq <= read_up_to or address.writer in ended:
                    break
                # What another sequencer has finished may be dropped: that is not the end (S3).
                await find()
                if lane.read_up_to == read_up_to:
                    ended.add(address.writer)
            else:
                return index
        return None
