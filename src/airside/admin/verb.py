"""How a management verb declares its right, once: `@requires(Right(…))`."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from airside.access.authorise import Authorise, Right
from airside.store import RequestContext

P = ParamSpec("P")
Result = TypeVar("Result")
Self = TypeVar("Self", bound="Verbs")


class Verbs:
    """Base of a family of management verbs: every public method is decorated with `requires` (a house test looks)."""

    def __init__(self, authorise: Authorise) -> None:
        self.authorise = authorise


def requires(
    right: Right,
) -> Callable[
    [Callable[Concatenate[Self, RequestContext, P], Awaitable[Result]]],
    Callable[Concatenate[Self, RequestContext, P], Awaitable[Result]],
]:
    """Ask our own engine for `right` before the verb runs."""

    def decorate(
        verb: Callable[Concatenate[Self, RequestContext, P], Awaitable[Result]],
    ) -> Callable[Concatenate[Self, RequestContext, P], Awaitable[Result]]:
        @wraps(verb)
        async def authorised(self: Self, ctx: RequestContext, *args: P.args, **kwargs: P.kwargs) -> Result:
            await self.authorise(ctx, right)
            return await verb(self, ctx, *args, **kwargs)

        authorised.right = right  # type: ignore[attr-defined]  # read by the house test and the API's documentation
        return authorised

    return decorate
