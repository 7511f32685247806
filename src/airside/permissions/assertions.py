"""Assertions: what a model is expected to answer, kept beside it for whoever tests it. They decide nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from airside.audit import Event, Journal
from airside.permissions import records, records_assertions
from airside.permissions.model import TupleKey
from airside.permissions.models import Models
from airside.permissions.refusals import ExceededLimit, InvalidQuestion, StoreNotFound
from airside.permissions.rules import Rules
from airside.permissions.words import spell
from airside.store.context import RequestContext

MAX_ASSERTIONS: Final = 100
MAX_CONTEXTUAL: Final = 20
"""Contextual tuples of one assertion: OpenFGA's own bound, as the one above."""
MAX_BYTES: Final = 64_000
"""Bytes that a model's assertions may take together as JSON: OpenFGA's own bound."""


class NamedCondition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition of the model, and values for it."""

    name: str
    context: Mapping[str, Any] | None = None


class ContextualTuple(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tuple that counts for one assertion alone."""

    user: str
    relation: str
    object: str
    condition: NamedCondition | None = None

    @property
    def key(self) -> TupleKey:
        return TupleKey(self.user, self.relation, self.object)


class Assertion(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tuple_key`, checked with the rest, is expected to be answered with `expectation`."""

    tuple_key: TupleKey
    expectation: bool
    contextual_tuples: tuple[ContextualTuple, ...] = ()
    context: Mapping[str, Any] | None = None


_STORED: Final = msgspec.json.Decoder(tuple[Assertion, ...])


class Assertions:
    """Writes and reads a model's assertions, always as a whole."""

    def __init__(self, *, models: Models, journal: Journal) -> None:
        self._models = models
        self._journal = journal

    async def write(self, ctx: RequestContext, store_id: str, model_id: str, assertions: Sequence[Assertion]) -> None:
        """Take the place of whatever the model's assertions were.

        Raises:
            StoreNotFound, ModelNotFound: no such store, or no such model in it.
            InvalidQuestion: one that the model can't mean.
            ExceededLimit: over `MAX_ASSERTIONS`, `MAX_CONTEXTUAL` or `MAX_BYTES`.
        """
        _check_count(len(assertions), MAX_ASSERTIONS, "assertions")
        stored = await self._models.get(ctx, store_id, model_id)
        rules = Rules(stored.model)
        for each in assertions:
            _check_count(len(each.contextual_tuples), MAX_CONTEXTUAL, "contextual tuples of an assertion")
            for key in (each.tuple_key, *(told.key for told in each.contextual_tuples)):
                _check(rules, key)
        body = msgspec.json.encode(tuple(assertions))
        _check_count(len(body), MAX_BYTES, "bytes of assertions")
        await records_assertions.upsert(ctx, store_id, model_id, body.decode())
        await self._journal.record(
            ctx,
            Event.ASSERTIONS_WRITTEN,
            subject=store_id,
            details={"model_id": model_id, "assertions": len(assertions)},
        )

    async def read(self, ctx: RequestContext, store_id: str, model_id: str) -> tuple[Assertion, ...]:
        """The model's assertions; none where none were written, whether or not there is such a model.

        Raises:
            StoreNotFound: no such store.
        """
        if await records.store(ctx, store_id) is None:
            raise StoreNotFound("no such store")
        body = await records_assertions.find(ctx, store_id, model_id)
        return () if body is None else _STORED.decode(body)


def _check(rules: Rules, key: TupleKey) -> None:
    try:
        rules.check_object(key.object)
        rules.relation(key.object.partition(":")[0], key.relation)
        rules.check_subject(key.user)
    except InvalidQuestion as refusal:
        raise InvalidQuestion(f"{spell(key)}: {refusal.reason}") from refusal


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise ExceededLimit(f"at most {most} {what}", most=most)
