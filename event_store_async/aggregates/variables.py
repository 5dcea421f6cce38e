"""Variables: the type variables of aggregates and their events."""

from .._typevars import A, A_co, A_contra, E, E_co, R_co

__all__ = ["A", "A_co", "A_contra", "E", "E_co", "R_co"]
