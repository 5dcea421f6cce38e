"""Type variables with defaults: a generic type without an argument means that type of `Any`."""

from typing import TYPE_CHECKING, Any

# Python has defaults of type variables from 3.13 on. Type checkers know them on every version.
if TYPE_CHECKING:
    from typing_extensions import TypeVar

    A = TypeVar("A", default=Any)
    A_co = TypeVar("A_co", default=Any, covariant=True)
    A_contra = TypeVar("A_contra", default=Any, contravariant=True)
    E = TypeVar("E", default=Any)
    E_co = TypeVar("E_co", default=Any, covariant=True)
    P_co = TypeVar("P_co", default=Any, covariant=True)
    R_co = TypeVar("R_co", default=Any, covariant=True)
    T = TypeVar("T", default=Any)
    T_co = TypeVar("T_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    A = TypeVar("A")
    A_co = TypeVar("A_co", covariant=True)
    A_contra = TypeVar("A_contra", contravariant=True)
    E = TypeVar("E")
    E_co = TypeVar("E_co", covariant=True)
    P_co = TypeVar("P_co", covariant=True)
    R_co = TypeVar("R_co", covariant=True)
    T = TypeVar("T")
    T_co = TypeVar("T_co", covariant=True)
