"""A Limiter in Valkey or Redis: every node sees the same counters, and the database does none of the counting."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionFailed

from airside.core.errors import LimitExceeded, Unavailable
from airside.core.secret import Secret
from airside.limits.model import MAX_DEMANDS, Demand
from airside.store.context import RequestContext
from airside.vault import Vault

PATIENCE: Final = 1.0
"""Seconds to wait for a connection, and for an answer: then nothing is allowed, though it may have been counted."""
MAX_FLUSH: Final = 256
"""Most questions in one flush."""

_log = structlog.get_logger("airside.limits")

_SCRIPT: Final = """
local word, nth = string.gmatch(ARGV[1], '%S+'), 0
local function spend(keys, now, intervals, periods)
  local after, worst, refused = {}, 0, 0
  for i, key in ipairs(keys) do
    local start = after[key] or math.max(tonumber(redis.call('GET', key) or now), now)
    local wait = start + intervals[i] - now - periods[i]
    if wait > 1e-6 then
      if wait > worst then worst, refused = wait, i end
    else
      after[key] = start + intervals[i]
    end
  end
  if refused > 0 then return string.format('%d:%.6f', refused, worst) end
  for key, tat in pairs(after) do
    redis.call('SET', key, string.format('%.6f', tat), 'PX', math.ceil((tat - now) * 1000))
  end
  return 'done'
end
local function refund(keys, now, intervals)
  for i, key in ipairs(keys) do
    local tat = redis.call('GET', key)
    if tat then redis.call('SET', key, string.format('%.6f', tonumber(tat) - intervals[i]), 'KEEPTTL') end
  end
  return 'done'
end
local verbs, answers = {spend = spend, refund = refund}, {}
for verb in word do
  local now, count, keys, intervals, periods = tonumber(word()), tonumber(word()), {}, {}, {}
  for i = 1, count do
    keys[i], intervals[i], periods[i] = KEYS[nth + i], tonumber(word()), tonumber(word())
  end
  nth = nth + count
  local whole, answer = pcall(verbs[verb], keys, now, intervals, periods)
  answers[#answers + 1] = whole and answer or 'failed'
end
return table.concat(answers, ' ')
"""
"""Several questions of one tenant, one after the other; each is met whole, or nothing of it is touched. `spend` is the
rule of `core.gcra` on every counter of a question. A counter lives for as long as it is ahead of `now`, in the server's
own time, so that clocks that differ forget nothing early."""
_DONE: Final = b"done"
_FAILED: Final = b"failed"
_REFUSED: Final = re.compile(rb"([0-9]{1,2}):([0-9]{1,15}\.[0-9]{6})")
"""Which demand, from 1 on, and for how many seconds."""


class _Question(NamedTuple):
    tenant: bytes
    keys: list[bytes]
    words: str
    answer: "asyncio.Future[bytes]"


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
        # One that the server closed while it was idle is opened anew. Who is slow isn't asked again: that counts twice.
        retry = Retry(NoBackoff(), 1, supported_errors=(ConnectionFailed,))
        pool = ConnectionPool(socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=retry, **where)
        self._redis = Redis.from_pool(pool)
        self._waiting: list[_Question] = []
        self._flushing: asyncio.Task[None] | None = None

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        answer = await self._ask("spend", ctx, demands, cost)
        if answer == _DONE:
            return
        refused = _REFUSED.fullmatch(answer)
        if refused is None or not 0 < int(refused[1]) <= len(demands):
            raise Unavailable("limiter")
        raise LimitExceeded(demands[int(refused[1]) - 1][0].name, float(refused[2]))

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        if await self._ask("refund", ctx, demands, cost) != _DONE:
            raise Unavailable("limiter")

    async def aclose(self) -> None:
        """Close the connections."""
        if self._flushing is not None:
            await self._flushing
        await self._redis.aclose()

    async def _ask(self, verb: str, ctx: RequestContext, demands: Sequence[Demand], cost: int) -> bytes:
        """What is asked while a flush is under way leaves with the next one: a client's way there and back costs more
        than the counting."""
        if not demands:
            return _DONE
        if len(demands) > MAX_DEMANDS:
            raise Unavailable("limiter")
        keyset = await self._vault.keyset(ctx)
        tenant, keys = ctx.tenant_id.hex.encode(), list[bytes]()
        words = [verb, repr(ctx.now.timestamp()), str(len(demands))]
        for limit, key in demands:
            hashed = keyset.keyed_hash(f"limit/{limit.name}", key.encode())
            keys.append(b"airside:limit:{%b}:%b:%b" % (tenant, limit.name.encode(), hashed))
            words += (repr(limit.rate.interval * cost), repr(limit.rate.period))
        question = _Question(tenant, keys, " ".join(words), asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="limits flush")
        return await question.answer

    async def _flush(self) -> None:
        while self._waiting:
            leaving, self._waiting = self._waiting[:MAX_FLUSH], self._waiting[MAX_FLUSH:]
            by_tenant: dict[bytes, list[_Question]] = {}
            for question in leaving:
                by_tenant.setdefault(question.tenant, []).append(question)
            asked = list(by_tenant.values())
            try:
                for questions, answer in zip(asked, await self._answers(asked), strict=True):
                    told = answer.split(b" ") if isinstance(answer, bytes) else []
                    if len(told) == len(questions):
                        _tell(questions, told)
                    else:
                        _log.warning("limits_uncounted", answered=type(answer).__name__)
            except Exception as error:  # noqa: BLE001 - of what is no answer the client raises whatever it stumbled over
                _log.warning("limits_uncounted", answered=type(error).__name__)
                # Whoever asked meanwhile would only wait for the same, and ever more of them.
                leaving, self._waiting = leaving + self._waiting, []
            finally:  # nobody waits for an answer that doesn't come
                _tell(leaving, [_FAILED] * len(leaving))

    async def _answers(self, asked: Sequence[Sequence[_Question]]) -> Sequence[Any]:
        """To the questions of each tenant together, by one script: its keys are on one node of a cluster."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for questions in asked:
                keys = [key for question in questions for key in question.keys]
                pipe.eval(_SCRIPT, len(keys), *keys, " ".join(question.words for question in questions))
            return await pipe.execute(raise_on_error=False)


def _tell(questions: Sequence[_Question], answers: Sequence[bytes]) -> None:
    for question, answer in zip(questions, answers, strict=True):
        if not question.answer.done():  # told already; or whoever asked has gone
            question.answer.set_result(answer)
