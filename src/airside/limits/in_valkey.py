"""A Limiter in Valkey or Redis: every node sees the same counters, and the database does none of the counting."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from airside.core.errors import LimitExceeded, Unavailable
from airside.core.secret import Secret
from airside.limits.model import MAX_DEMANDS, Demand
from airside.store.context import RequestContext
from airside.vault import Vault

PATIENCE: Final = 1.0
"""Seconds to wait for a connection, and for an answer: then nothing was counted, and nothing is allowed."""
MAX_FLUSH: Final = 256
"""Most questions in one flush."""

_SPEND: Final = """
local now, after, worst, refused = tonumber(ARGV[1]), {}, 0, 0
for i, key in ipairs(KEYS) do
  local interval, period = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local start = after[key] or math.max(tonumber(redis.call('GET', key) or now), now)
  local wait = start + interval - now - period
  if wait > 1e-6 then
    if wait > worst then worst, refused = wait, i end
  else
    after[key] = start + interval
  end
end
if refused == 0 then
  for key, tat in pairs(after) do
    redis.call('SET', key, string.format('%.6f', tat), 'PX', math.ceil((tat - now) * 1000))
  end
end
return {refused, string.format('%.6f', worst)}
"""
"""The rule of `core.gcra` on every counter at once: a script runs whole, or not at all. A counter lives for as long as
it is ahead of `now`, in the server's own time, so that clocks that differ forget nothing early."""

_REFUND: Final = """
for i, key in ipairs(KEYS) do
  local tat = redis.call('GET', key)
  if tat then redis.call('SET', key, string.format('%.6f', tonumber(tat) - tonumber(ARGV[i])), 'KEEPTTL') end
end
"""


@dataclass(frozen=True, slots=True)
class _Question:
    script: str
    keys: Sequence[bytes]
    arguments: Sequence[str | float]
    answer: "asyncio.Future[Any]"


class ValkeyLimiter:
    """Implements `Limiter` by a script in Valkey 7.2, Redis 7 or newer.

    Like the one in memory it knows no transaction: what it spends stays spent, whatever happens to the caller's. Keys
    are keyed hashes, as in PostgreSQL, and carry the tenant's id as the hash tag, so that one script's keys are on
    one node of a cluster. A server that evicts (`maxmemory-policy`) forgets counters: run it with `noeviction`.
    """

    def __init__(self, url: Secret[str], *, vault: Vault) -> None:
        """On the server at `url` (`redis://`, `rediss://`, `unix://`); connects at first use."""
        self._vault = vault
        where: dict[str, Any] = dict(parse_url(url.reveal()))
        retry = Retry(NoBackoff(), 1)  # a connection that the server closed while it was idle
        pool = ConnectionPool(socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=retry, **where)
        self._redis = Redis.from_pool(pool)
        self._waiting: list[_Question] = []
        self._flushing: asyncio.Task[None] | None = None

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        if not demands:
            return
        keys = await self._keys(ctx, demands)
        rates = [number for limit, _ in demands for number in (limit.rate.interval * cost, limit.rate.period)]
        refused, wait = await self._ask(_SPEND, keys, [f"{ctx.now.timestamp():.6f}", *rates])
        if refused:
            raise LimitExceeded(demands[int(refused) - 1][0].name, float(wait))

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        if not demands:
            return
        keys = await self._keys(ctx, demands)
        await self._ask(_REFUND, keys, [limit.rate.interval * cost for limit, _ in demands])

    async def aclose(self) -> None:
        """Close the connections."""
        if self._flushing is not None:
            await self._flushing
        await self._redis.aclose()

    async def _ask(self, script: str, keys: Sequence[bytes], arguments: Sequence[str | float]) -> Any:
        """Run a script. What is asked while a flush is under way leaves with the next one: a client's way there and
        back costs more than the counting."""
        question = _Question(script, keys, arguments, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="limits flush")
        answer = await question.answer
        if isinstance(answer, Exception):
            raise Unavailable("limiter") from answer
        return answer

    async def _flush(self) -> None:
        while self._waiting:
            leaving, self._waiting = self._waiting[:MAX_FLUSH], self._waiting[MAX_FLUSH:]
            answers: Sequence[Any]
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for question in leaving:
                        pipe.eval(question.script, len(question.keys), *question.keys, *question.arguments)
                    answers = await pipe.execute(raise_on_error=False)
            except (RedisError, OSError, TimeoutError) as error:
                answers = [error] * len(leaving)
            for question, answer in zip(leaving, answers, strict=True):
                if not question.answer.done():  # whoever asked may have gone
                    question.answer.set_result(answer)

    async def _keys(self, ctx: RequestContext, demands: Sequence[Demand]) -> list[bytes]:
        if len(demands) > MAX_DEMANDS:
            raise Unavailable("limiter")
        keyset = await self._vault.keyset(ctx)
        place = b"airside:limit:{%s}:" % ctx.tenant_id.hex.encode()
        return [
            place + limit.name.encode() + b":" + keyset.keyed_hash(f"limit/{limit.name}", key.encode())
            for limit, key in demands
        ]
