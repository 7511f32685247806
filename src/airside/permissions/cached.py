"""A cache in front of an engine, itself an engine. A verdict holds for one revision and one model, so nothing
is ever invalidated: a write makes new keys. One that rests on a context or a moment isn't kept."""

from typing import Final

from airside.permissions.checks import Checks
from airside.permissions.engine import PermissionEngine
from airside.permissions.forgotten import Forgotten
from airside.permissions.indexes import Indexes
from airside.permissions.model import Question, Verdict
from airside.store.context import RequestContext

MAX_VERDICTS: Final = 50_000
"""Verdicts kept in each of two generations; the older one is dropped when the younger is full."""

_Key = tuple[int, str, str, str, str]


class Cached:
    """Remembers verdicts. Questions with contextual tuples pass through."""

    def __init__(
        self, inner: PermissionEngine, indexes: Indexes, *, size: int = MAX_VERDICTS, checks: Checks | None = None
    ) -> None:
        self._inner = inner
        self._indexes = indexes
        self._size = size
        self._checks = checks or Checks()
        self._young: dict[_Key, Verdict] = {}
        self._old: dict[_Key, Verdict] = {}
        self._forgotten = Forgotten()

    async def check(self, ctx: RequestContext, question: Question) -> Verdict:
        """See `PermissionEngine.check`."""
        index = self._indexes.warm(ctx.tenant_id, question.store_id, question.at_least)
        if index is None or question.contextual:
            return await self._walk(ctx, question)
        stamp = index.stamp
        key = (
            stamp,
            question.model_id or index.model_id,
            question.subject,
            question.relation,
            question.object,
        )
        verdict = self._young.get(key) or self._old.get(key)
        if verdict is None:
            verdict = await self._walk(ctx, question)
            # The inner engine may have met a later revision, or a later model: that verdict has another key.
            if verdict.lasting and index.stamp == stamp and verdict.revision == index.revision:
                self._keep(key, verdict)
        else:
            self._checks.remembered += 1
            self._checks.answered(verdict.allowed)
        return verdict

    async def _walk(self, ctx: RequestContext, question: Question) -> Verdict:
        began = self._checks.moment()
        verdict = await self._inner.check(ctx, question)
        self._checks.decided.add(self._checks.moment() - began)
        self._checks.answered(verdict.allowed)
        return verdict

    def _keep(self, key: _Key, verdict: Verdict) -> None:
        self._forgotten.let_go()
        if len(self._young) >= self._size:
            self._forgotten.add(self._old)
            self._old, self._young = self._young, {}
        self._young[key] = verdict
