"""Where a room tells of a piece of work that takes its time: that it begins, and that it ends. Who listens is no
business of the room's; where nobody does, it is handed nothing and asks nothing."""

from typing import Protocol


class Span(Protocol):
    """A piece of work under way."""

    def end(self, failed: str = "") -> None:
        """It is over; `failed` is the kind of its failure, a word of ours."""
        ...


class Spans(Protocol):
    """Listens."""

    def begin(self, name: str, **told: str | int) -> Span:
        """A piece of work called `name` begins, as a part of whatever this task is doing. What is `told` of it is from
        closed sets, or an operator's to know: never a person's, never a path or a query."""
        ...
