"""Values that must never be printed, logged or serialised by accident."""

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)


class Secret(Generic[T]):
    """Holds a secret; prints as `***` everywhere. `reveal()` is the only way in, and easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("compare secrets with core.entropy.equal(), in constant time")

    __hash__ = None  # type: ignore[assignment]  # a hash table would compare by ==

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can't be pickled or copied out of the process")
