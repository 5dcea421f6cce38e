"""
Forgetting a person: fields of events that can be made unreadable for good.

    memory_keys   keys in memory, for tests
"""

from .memory_keys import MemoryKeyStore

__all__ = ["MemoryKeyStore"]
