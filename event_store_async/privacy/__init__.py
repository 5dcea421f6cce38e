"""
Forgetting a person: personal fields are encrypted with a key of the person, which can be destroyed.

    store         `PrivateEventStore`: encrypts and decrypts, on any store
    feed          `private_feed`: a feed in plain text
    snapshots     stored snapshots with personal values
    snapshot_fields  what is personal in snapshots of plain data
    cached_keys   `CachedKeys`: keys that are kept for a minute
    key_cache     what is kept of them, with their ciphers
    master_keys   `MasterKeys`: they encrypt the keys of subjects
    memory_keys   `MemoryKeyStore`: keys in memory, for tests
    appends       encrypts before events are appended
    drafts        the events of an append, sealed
    opener        payloads as they are stored, opened
    page          the events of a read, opened page by page
    payload       where personal values stand in plain data
    envelope      an encrypted value as it is stored
    cipher        AES-256-GCM
    arrival_order  appends that wait for keys keep their order
    repetition    an append that cannot be encrypted again is looked for
    deadline      keys are waited for no longer than a call may take

What is personal is said by `Personal` on a field of a type, by `PersonalFields` for bare dicts, and
by `PersonalValue` in a payload. It needs the extra ``privacy``. `MemoryKeyStore` does not.
"""

from ..personal import (
    FORGOTTEN,
    Encrypted,
    Forgotten,
    Personal,
    PersonalFields,
    PersonalValue,
)
from ..ports import KeyStore, KeyWrapper, WrappedKey
from ..subject_key import ForgottenSubject, SubjectKey
from .cached_keys import CachedKeys
from .feed import private_feed
from .master_keys import MasterKeys
from .memory_keys import MemoryKeyStore
from .store import PrivateEventStore

__all__ = [
    "FORGOTTEN",
    "CachedKeys",
    "Encrypted",
    "Forgotten",
    "ForgottenSubject",
    "KeyStore",
    "KeyWrapper",
    "MasterKeys",
    "MemoryKeyStore",
    "Personal",
    "PersonalFields",
    "PersonalValue",
    "PrivateEventStore",
    "SubjectKey",
    "WrappedKey",
    "private_feed",
]
