"""A private store: what is stored, what is read, and what is left after a person is forgotten."""
from typing import Any
