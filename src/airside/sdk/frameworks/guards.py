"""The two decorators that every framework with decorators has."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ParamSpec

from airside.sdk.frameworks.demands import Demand, demand

P = ParamSpec("P")


class Guards(ABC):
    """`user` and `require(…)`, over a `guard` that the framework has."""

    @abstractmethod
    def guard(self, wanted: Demand | None, view: Callable[P, Any]) -> Callable[P, Any]:
        """`view`, behind the question whether the caller may what is `wanted`; None: whether they are somebody."""

    def user(self, view: Callable[P, Any]) -> Callable[P, Any]:
        """Decorator: only for who is somebody."""
        return self.guard(None, view)

    def require(
        self, *, scope: str | None = None, permission: str | None = None, acr: str | None = None
    ) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """Decorator: only for who may. As FastAPI's `require`; places are filled from the route's named values.

        Raises:
            Misconfigured: none is named, or one that can't be meant.
        """
        wanted = demand(scope, permission, acr)
        return lambda view: self.guard(wanted, view)
