"""The room put together: one object that holds its verbs and its engine."""

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.limits import UNBOUNDED, Quotas
from airside.permissions.assertions import Assertions
from airside.permissions.cached import Cached
from airside.permissions.checks import Checks
from airside.permissions.engine import PermissionEngine
from airside.permissions.feed import Feed
from airside.permissions.indexes import MEMORY, Indexes
from airside.permissions.limits import DEFAULT, Limits
from airside.permissions.lists import Lists
from airside.permissions.models import Models
from airside.permissions.prompt import Prompt
from airside.permissions.records_loading import PAGE
from airside.permissions.relations import Relations
from airside.permissions.several import Several
from airside.permissions.stores import Stores
from airside.permissions.sweeping import Sweeping
from airside.permissions.tuples import Tuples
from airside.permissions.walk import Walk
from airside.store import Engine, Listener


class Permissions:
    """Everything the permissions room can do. Make it before the listener starts: it subscribes.

    Attributes:
        stores, models, tuples: the verbs that change and read what is stored.
        engine: answers questions, `Cached(Walk(index))`.
        prompt: answers without a wait, or not.
        several: answers many questions as of one revision.
        lists, relations: the questions with many answers.
        assertions: what a model is expected to answer.
        sweeping: deletes by what tuples have in common.
        feed: wakes whoever waits for changes.
        limits: how much one request may carry.
        indexes: the stores in memory, for engines stacked otherwise.
        checks: what was answered, counted.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        clock: Clock,
        entropy: Entropy,
        journal: Journal,
        limits: Limits = DEFAULT,
        memory: int = MEMORY,
        page: int = PAGE,
        quotas: Quotas = UNBOUNDED,
    ) -> None:
        """`memory`: bytes that the stores in memory may take together. `page`: rows read at a time to load one."""
        self.limits = limits
        self.indexes = Indexes(engine=engine, listener=listener, clock=clock, memory=memory, page=page)
        self.stores = Stores(indexes=self.indexes, journal=journal, entropy=entropy, quotas=quotas)
        self.models = Models(indexes=self.indexes, journal=journal, entropy=entropy, limits=limits)
        self.tuples = Tuples(indexes=self.indexes, journal=journal, most=limits.write, quotas=quotas)
        self.checks = Checks(clock.monotonic)
        self.engine: PermissionEngine = build_engine(self.indexes, self.checks)
        self.prompt = Prompt(self.indexes, self.checks)
        self.several = Several(self.indexes, self.checks)
        self.lists = Lists(self.indexes)
        self.relations = Relations(engine=self.engine, indexes=self.indexes)
        self.sweeping = Sweeping(tuples=self.tuples, slice_size=limits.write)
        self.feed = Feed(listener)
        self.assertions = Assertions(models=self.models, journal=journal)


def build_engine(indexes: Indexes, checks: Checks | None = None) -> PermissionEngine:
    """The engine as the server runs it; `checks` counts what it answers."""
    return Cached(Walk(indexes), indexes, checks=checks)
