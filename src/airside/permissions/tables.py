"""What a graph keeps its facts in, and the same laid over another for one question: nothing of that stays behind."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Column(Protocol[V]):
    """Something of every node. A list is one."""

    def __getitem__(self, node: int, /) -> V: ...
    def __len__(self) -> int: ...
    def append(self, value: V, /) -> None: ...


class Table(Protocol[K, V]):
    """What a graph keeps its facts in. A dict is one."""

    def get(self, key: K, /) -> V | None: ...
    def __getitem__(self, key: K, /) -> V: ...
    def __setitem__(self, key: K, value: V, /) -> None: ...
    def __delitem__(self, key: K, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[K]: ...


class Layer(Generic[K, V]):
    """A table over another: reads through, writes to itself. What was deleted here stands here as None."""

    __slots__ = ("_below", "_own")

    def __init__(self, below: Table[K, V]) -> None:
        self._own: dict[K, V | None] = {}
        self._below = below

    def get(self, key: K, /) -> V | None:
        return self._own[key] if key in self._own else self._below.get(key)

    def __getitem__(self, key: K, /) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V, /) -> None:
        self._own[key] = value

    def __delitem__(self, key: K, /) -> None:
        self._own[key] = None

    def __contains__(self, key: object, /) -> bool:
        return self._own[key] is not None if key in self._own else key in self._below  # type: ignore[index]  # it is one

    def __iter__(self) -> Iterator[K]:
        yield from (key for key, value in self._own.items() if value is not None)
        yield from (key for key in self._below if key not in self._own)


class Stacked(Generic[V]):
    """A column on top of another."""

    __slots__ = ("_below", "_height", "_own")

    def __init__(self, below: Column[V]) -> None:
        self._below, self._height = below, len(below)
        self._own: list[V] = []

    def __getitem__(self, node: int, /) -> V:
        return self._below[node] if node < self._height else self._own[node - self._height]

    def __len__(self) -> int:
        return self._height + len(self._own)

    def append(self, value: V, /) -> None:
        self._own.append(value)
