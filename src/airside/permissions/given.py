"""What a question brings along for tuples that hold under terms: values for conditions, and the moment.

Three answers, as a search has them: yes, no, and *neither* where a condition has no answer. The first reason for that
is kept: it is told if the question's answer needed it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from airside.core.strict_json import Json
from airside.permissions.conditions import Conditions
from airside.permissions.model import Terms
from airside.permissions.refusals import ConditionFailed

YES: Final = 1
NO: Final = 0
NEITHER: Final = -1


class Given:
    """A context and a moment, for one question.

    Attributes:
        used: whether any terms were looked at: the answer then holds for this context and moment alone.
        failure: why the first condition without an answer has none.
    """

    __slots__ = ("_conditions", "_context", "_known", "_now", "failure", "used")

    def __init__(self, conditions: Conditions, context: Mapping[str, Json], now: datetime) -> None:
        self._conditions = conditions
        self._context = context
        self._now = now
        self._known: dict[Terms, int] = {}
        self.used = False
        self.failure: ConditionFailed | None = None

    def holds(self, terms: Terms) -> int:
        """Whether a tuple under `terms` is there: `YES`, `NO` or `NEITHER`."""
        known = self._known.get(terms)
        if known is None:
            known = self._known[terms] = self._evaluate(terms)
        return known

    def _evaluate(self, terms: Terms) -> int:
        self.used = True
        if terms.expires_at is not None and terms.expires_at <= self._now:
            return NO
        try:
            return YES if self._conditions.evaluate(terms, self._context) else NO
        except ConditionFailed as failure:
            self.failure = self.failure or failure
            return NEITHER
