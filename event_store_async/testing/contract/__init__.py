"""
The contract of every event store, as tests: subclass it, give it a store, and run pytest.

    import pytest
    from event_store_async.testing.contract import EventStoreContract

    class TestMyStore(EventStoreContract):
        @pytest.fixture
        def store(self) -> MyStore:
            return MyStore()

        def reopened(self, store: MyStore, **options: Any) -> MyStore:
            return MyStore(store.data, **options)

`store` may be shared (as a fixture of the module's, with its scope): every test uses streams of its
own. The tests are marked for pytest-asyncio, so they run in its strict and in its auto mode.
"""

import pkgutil

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))
)

from .base import ContractStore  # noqa: E402 - pytest must know before it is imported
from .codecs import Codecs  # noqa: E402
from .compression import Compression  # noqa: E402
from .concurrency import Concurrency  # noqa: E402
from .correlation import Correlation  # noqa: E402
from .expectations import Expectations  # noqa: E402
from .lifetime import Closing  # noqa: E402
from .limits import Limits  # noqa: E402
from .monitoring import Monitoring  # noqa: E402
from .original import Original  # noqa: E402
from .reading import Reading  # noqa: E402
from .records import Records  # noqa: E402
from .refusals import Refusals  # noqa: E402
from .repetition import Repetition  # noqa: E402

__all__ = ["ContractStore", "EventStoreContract"]


class EventStoreContract(
    Original,
    Expectations,
    Repetition,
    Records,
    Correlation,
    Codecs,
    Compression,
    Reading,
    Refusals,
    Limits,
    Concurrency,
    Closing,
    Monitoring,
):
    """
    Every promise of `EventReader` and `EventWriter` that shows without faults, a test for each.

    A subclass provides:

    - ``store``, a fixture: the store under test, with `Settings` as they are by default;
    - `reopened`, a method: a second store on the same streams, with other options.

    Attributes:
        opens_others: There is an `reopened`. Where False, the tests that need it are skipped: those
            of codecs, limits, look-back, sources of time and ids, of two stores and of closing.
        keeps_json: The store's default codec is the library's `JsonCodec`. Where False, the
            tests of its forms and refusals are skipped; the others use payloads that are plain
            dicts, lists, texts and numbers, and expect them back as they were.
        is_monitored: The store tells `Settings.hooks` what happens, and has ``health`` and
            ``statistics``, as the library's own do. Those tests are skipped unless it says so.
    """
