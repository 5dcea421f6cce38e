"""A key store on the session of an event store."""

from ...errors import StoreClosed
from ...ports.keys import KeyWrapper
from ...settings import Settings
from ..driver.session import Session
from ..schema.tables import StoreTables
from ..table.calls import RunningCalls
from .room import KeyRoom
from .store import CassandraKeyStore
from .wrapper import CheckedWrapper, check_wrapper


class SharedKeyStore(CassandraKeyStore):
    """
    A key store on the session of an `EventStore`, which closes the session.

    Args:
        session: The store's.
        calls: Those that the store waits for when it closes.
        wrapper: As for `CassandraKeyStore`.
        tables: The table of keys.
        settings: The store's.
    """

    def __init__(
        self,
        session: Session,
        calls: RunningCalls,
        wrapper: KeyWrapper | None,
        tables: StoreTables,
        settings: Settings,
    ) -> None:
        check_wrapper(wrapper)
        self._session = session
        self._calls = calls
        self._closed = False
        self._wrapper = CheckedWrapper(wrapper)
        self._room = KeyRoom(session, tables, self._wrapper, settings)

    async def close(self) -> None:
        """Refuse new calls."""
        self._closed = True

    def __del__(self) -> None:
        """There is no connection to close."""

    def _running(self) -> RunningCalls:
        if self._closed:
            raise StoreClosed
        self._session.check_usable()
        return self._calls
