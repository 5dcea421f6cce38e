"""
Forgetting a person: personal fields are encrypted with a key of the person, which can be destroyed.

    master_keys   `MasterKeys`: they encrypt the keys of subjects
    cipher        AES-256-GCM
"""

from .master_keys import MasterKeys

__all__ = ["MasterKeys"]
