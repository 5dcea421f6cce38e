"""Watching: who collects the facts of what a store does, and tells them to its hooks."""

from .appends import AppendWatch as AppendWatch
from .appends import BatchWatch as BatchWatch
from .observer import Observer as Observer
from .observer import Stopwatch as Stopwatch
from .reads import ReadWatch as ReadWatch

__all__ = ["AppendWatch", "BatchWatch", "Observer", "ReadWatch", "Stopwatch"]
