"""
For tests: of applications, and of stores.

Applications are tested on `event_store_async.MemoryEventStore`, and their handling of faults on
`HostileEventStore`; reducers and decisions without any store, by `given`. Whoever makes a store of
their own proves it with `event_store_async.testing.contract.EventStoreContract`, which needs pytest
and pytest-asyncio; this package itself needs neither.
"""

from .hostile import HostileEventStore as HostileEventStore
from .injections import Injected as Injected
from .injections import Injection as Injection
from .scenario import Given as Given
from .scenario import Then as Then
from .scenario import given as given

__all__ = ["Given", "HostileEventStore", "Injected", "Injection", "Then", "given"]
