"""What an application knows at once: that a request comes too often, as soon as its head is there; or an answer of 200
to one that has arrived whole. Both are given without a wait."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from airside.shield.cors import Header
from airside.shield.passage import Scope


class Reply(NamedTuple):
    """A whole answer; its length is among its headers. `route` is the template of the route that would have given
    it."""

    headers: Sequence[Header]
    body: bytes
    route: str = ""
    status: int = 200


class Door(Protocol):
    """Stands before everything, screening included: what it turns away costs nothing more."""

    def admit(self, scope: Scope) -> Sequence[Header]:
        """Count a request whose head has arrived. The header lines that tell by which limit, for its answer; none
        where nothing counts it.

        Raises:
            LimitExceeded: it comes too often.
        """
        ...


class Prompt(Protocol):
    """Beside an ASGI application and never of another opinion: what it can't answer, or would refuse, the application
    is asked instead."""

    def takes(self, scope: Scope) -> bool:
        """Whether a request is of a kind that may be answered at once. Nothing is judged yet."""
        ...

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """The answer that the application would give; None: ask the application."""
        ...


class Prompts:
    """Several that take requests of different kinds, as one."""

    def __init__(self, *prompts: Prompt) -> None:
        self._prompts = prompts

    def takes(self, scope: Scope) -> bool:
        """See `Prompt`."""
        return self._of(scope) is not None

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `Prompt`."""
        prompt = self._of(scope)
        return None if prompt is None else prompt.answer(scope, body)

    def _of(self, scope: Scope) -> Prompt | None:
        for prompt in self._prompts:  # no generator: this is asked of every request
            if prompt.takes(scope):
                return prompt
        return None
