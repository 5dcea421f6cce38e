"""The table of keys: a request for each method."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from ...retry import Deadline
from ...settings import Settings
from ...tasks import side_by_side
from ..driver.answer import Answer, answer_of
from ..driver.port import Page
from ..driver.repeat import Explain
from ..driver.session import Session
from ..schema.added_statements import AddedStatements
from .row import KeyRow

SUBJECTS_AT_ONCE: Final = 100
"""How many keys one request reads: the node that it is sent to asks for each partition."""

_REQUESTS_AT_ONCE: Final = 8
_ROWS: Final = 1000


class KeyTable:
    """
    Reads and writes the table of keys.

    Every method raises `StoreUnavailable` if there is no answer in time, `RequestRefused`,
    `SchemaError` or `MisuseError`.

    Args:
        session: The store's.
        statements: Those of the table.
        settings: The store's.
    """

    def __init__(self, session: Session, statements: AddedStatements, settings: Settings) -> None:
        self._session = session
        self._statements = statements
        self.settings = settings

    def deadline(self) -> Deadline:
        """Return when a request that is made now must be answered."""
        return Deadline(self.settings.timeout)

    async def rows(self, subjects: Sequence[str]) -> dict[str, KeyRow]:
        """
        Return the rows of subjects, of those that have one, by quorum reads.

        A quorum is enough: a change is acknowledged once a quorum has committed it, or once a
        serial read has seen it, which commits it to a quorum first. Any other quorum shares a
        replica with that one. So nobody reads a key after its destruction was acknowledged. A
        serial read could ask for one partition only, and would cost rounds of Paxos.
        """
        found: dict[str, KeyRow] = {}
        chunks = [
            list(subjects[first : first + SUBJECTS_AT_ONCE])
            for first in range(0, len(subjects), SUBJECTS_AT_ONCE)
        ]

        async def read(chunk: list[str]) -> None:
            page = await self._page("read", (chunk, len(chunk)), None)
            found.update({row.subject: row for row in map(KeyRow.of, page.rows)})

        await side_by_side(chunks, read, _REQUESTS_AT_ONCE)
        return found

    async def row(self, subject: str, deadline: Deadline) -> KeyRow | None:
        """Return the row of a subject, at the serial level; None if it has none."""
        page = await self._session.read(
            await self._statements.get("read_one", deadline),
            (subject,),
            deadline,
            doing="reading a key",
            serial=True,
            explain=self._statements.explain,
        )
        return next(map(KeyRow.of, page.rows), None)

    async def pages(self) -> AsyncGenerator[list[KeyRow], None]:
        """Iterate over all rows, a page at a time, in the order of their tokens."""
        state: bytes | None = None
        while True:
            page = await self._page("scan", (), state)
            yield [KeyRow.of(row) for row in page.rows]
            state = page.state
            if state is None:
                return

    async def send(
        self, name: str, values: Sequence[Any], deadline: Deadline, *, elsewhere: bool
    ) -> Answer:
        """Send a compare-and-set once; raises `Fault` as well."""
        prepared = await self._statements.get(name, deadline)
        page = await self._session.write([(prepared, values)], deadline, elsewhere=elsewhere)
        return answer_of(page)

    @property
    def explain(self) -> Explain:
        """Looks for the reason of a fault."""
        return self._statements.explain

    async def _page(self, name: str, values: tuple[Any, ...], state: bytes | None) -> Page:
        deadline = self.deadline()
        return await self._session.read(
            await self._statements.get(name, deadline),
            values,
            deadline,
            doing="reading keys",
            page_size=_ROWS,
            page_state=state,
            explain=self._statements.explain,
        )
