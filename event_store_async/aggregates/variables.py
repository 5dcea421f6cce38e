"""Variables: the type variables of aggregates and their events; any, where none is said."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    A = TypeVar("A", default=Any)
    E = TypeVar("E", default=Any)
    A_co = TypeVar("A_co", default=Any, covariant=True)
    A_contra = TypeVar("A_contra", default=Any, contravariant=True)
    E_co = TypeVar("E_co", default=Any, covariant=True)
    R_co = TypeVar("R_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    A = TypeVar("A")
    E = TypeVar("E")
    A_co = TypeVar("A_co", covariant=True)
    A_contra = TypeVar("A_contra", contravariant=True)
    E_co = TypeVar("E_co", covariant=True)
    R_co = TypeVar("R_co", covariant=True)
