"""Deciding one question by walking the graph along the plan. Plain functions: no await, one revision throughout.

Three answers: yes, no, and *neither*. Neither stands where no lawful answer exists (an exclusion that depends on
itself through the tuples), where a bound was met, or where a condition has no answer. It is never a yes: at the end it
is `TooComplex`, or the condition's own refusal, or else a no. What is found within the bounds counts, whatever lies
beyond.

A circle of tuples adds nobody: meeting a part that is being decided counts as no, and what was decided on the
strength of that isn't remembered.
"""

from typing import Final, TypeAlias

from airside.permissions.ends import each, meets, met
from airside.permissions.given import NEITHER, NO, YES, Given
from airside.permissions.graph import ABSENT, Graph
from airside.permissions.limits import MAX_DEPTH, MAX_VISITS
from airside.permissions.memberships import Subject
from airside.permissions.plan import Part, Plan, Termed
from airside.permissions.refusals import TooComplex

MAX_NESTED: Final = 100
"""Intersections and exclusions that may be under way at once, one within the other."""
_NEVER: Final = 1 << 30
Place: TypeAlias = tuple[Plan, int]
Seen: TypeAlias = set[tuple[int, int]]


def found(plan: Plan, object_: str, subject: Subject, graph: Graph, given: Given) -> int:
    """`YES`, `NO` or `NEITHER`.

    Raises:
        TooComplex: no answer within the bounds.
        ConditionFailed: no answer without that of a condition which has none.
    """
    node = graph.nodes.get(object_)
    start = ABSENT if node is None else node
    search = _Search(subject, graph, given, start if subject.name == object_ else subject.object)
    answer = search.reach(plan, start, 0)
    if answer == NEITHER and search.bounded:
        raise TooComplex("the question needs more depth or breadth than is allowed", max_depth=MAX_DEPTH)
    if answer == NEITHER and given.failure is not None:
        raise given.failure
    return answer


class _Search:
    """The state of one question."""

    __slots__ = (
        "_circle",
        "_decided",
        "_given",
        "_graph",
        "_node_object",
        "_node_slot",
        "_nodes",
        "_subject",
        "_under_way",
        "_visits",
        "bounded",
    )

    def __init__(self, subject: Subject, graph: Graph, given: Given, node_object: int) -> None:
        self._graph = graph
        self._given = given
        self._subject = subject
        self._nodes = subject.nodes
        self._node_object = node_object
        self._node_slot = subject.slot
        self._visits = 0
        self._under_way: dict[tuple[int, int], int] = {}
        self._decided: dict[tuple[int, int], int] = {}
        self._circle = _NEVER
        self.bounded = not subject.complete

    def reach(self, plan: Plan, object_: int, depth: int) -> int:
        """Whether the subject is in `plan` of `object_`: a search by breadth over everything that unions join, and then
        over what lies behind tuples whose condition has no answer: a yes there is none, but a no stays a no."""
        answer = NO if self._subject.complete else NEITHER
        seen = {(plan.number, object_)}
        frontier, doubtful, start, yes = [(plan, object_)], list[Place](), depth, YES
        while frontier or (doubtful and answer == NO):
            if not frontier:
                frontier, doubtful, depth, yes = _unseen(doubtful, seen), [], start + 1, NEITHER
            if depth > MAX_DEPTH:
                self.bounded = True
                return NEITHER
            following: list[Place] = []
            for here, at in frontier:
                if self._holds(here, at):
                    return yes
                self._step(here, at, seen, following)
                for termed in here.termed:
                    answer = min(answer, decided := self._under_terms(termed, at, seen, following, doubtful))
                    if decided == YES:
                        return yes
                for termed in here.termed_hops:
                    self._hop_under_terms(termed, at, seen, following, doubtful)
                for part in here.parts:
                    decided = self._part(part, at, depth)
                    if decided == YES:
                        return yes
                    answer = min(answer, decided)
            self._visits += len(frontier)
            if self._visits > MAX_VISITS:
                self.bounded = True
                return NEITHER
            frontier = following
            depth += 1
        return answer

    def _holds(self, plan: Plan, object_: int) -> bool:
        """Whether a tuple of this very object gives it, to the subject or to a flat userset the subject is in."""
        nodes, graph = self._nodes, self._graph
        forward = graph.forward
        for slot in plan.direct:
            ends = forward[slot].get(object_)
            if ends is not None and meets(ends, nodes):
                return True
        for slot, allowed in plan.filtered:
            ends = forward[slot].get(object_)
            if ends is not None and any(graph.kinds[node] in allowed for node in met(ends, nodes)):
                return True
        return object_ == self._node_object and self._node_slot in plan.same

    def _step(self, plan: Plan, object_: int, seen: Seen, following: list[Place]) -> None:
        """Where unions lead from here."""
        graph = self._graph
        kinds = graph.kinds
        for slot, targets in plan.hops:
            for node in each(graph.forward[slot].get(object_)):
                target = targets.get(kinds[node])
                if target is not None and (target.number, node) not in seen:
                    seen.add((target.number, node))
                    following.append((target, node))
        for slot, targets in plan.deep:
            for node in each(graph.usersets[slot].get(object_)):
                target = targets.get(kinds[node])
                if target is not None:
                    _lead(target, graph.parts[node][0], seen, following)

    def _under_terms(
        self, termed: Termed, object_: int, seen: Seen, following: list[Place], doubtful: list[Place]
    ) -> int:
        """Tuples under terms of this very object: `YES` if one gives it, and where the others lead."""
        graph, answer = self._graph, NO
        for node, terms in (graph.termed[termed.slot].get(object_) or {}).items():
            kind = graph.kinds[node]
            target = termed.targets.get(kind)
            mine = node in self._nodes
            if (not mine and target is None) or (kind, terms.condition) not in termed.allowed:
                continue
            self._visits += 1
            holds = self._given.holds(terms)
            if holds == YES and mine:
                return YES
            if holds == NEITHER and mine:
                answer = NEITHER
            elif holds == YES and target is not None:
                _lead(target, graph.parts[node][0], seen, following)
            elif holds == NEITHER and target is not None:
                doubtful.append((target, graph.parts[node][0]))
        return answer

    def _hop_under_terms(
        self, termed: Termed, object_: int, seen: Seen, following: list[Place], doubtful: list[Place]
    ) -> None:
        """Where an `x from y` leads whose y holds under terms."""
        graph = self._graph
        for node, terms in (graph.termed[termed.slot].get(object_) or {}).items():
            kind = graph.kinds[node]
            target = termed.targets.get(kind)
            if target is None or (kind, terms.condition) not in termed.allowed:
                continue
            self._visits += 1
            holds = self._given.holds(terms)
            if holds == YES:
                _lead(target, node, seen, following)
            elif holds == NEITHER:
                doubtful.append((target, node))

    def _part(self, part: Part, object_: int, depth: int) -> int:
        """An intersection or exclusion: decided once, and not while it is being decided."""
        key = (part.number, object_)
        known = self._decided.get(key)
        if known is not None:
            return known
        place = self._under_way.get(key)
        if place is not None:
            self._circle = min(self._circle, place)
            return NO
        place = len(self._under_way)
        if place >= MAX_NESTED:
            self.bounded = True
            return NEITHER
        outer, self._circle = self._circle, _NEVER
        self._under_way[key] = place
        answer = self._combine(part, object_, depth, place)
        del self._under_way[key]
        if answer == YES or self._circle >= place:
            self._decided[key] = answer
        self._circle = min(outer, self._circle if self._circle < place else _NEVER)
        return answer

    def _combine(self, part: Part, object_: int, depth: int, place: int) -> int:
        answer = YES
        for operand in part.all:
            one = self.reach(operand, object_, depth)
            if one == NO:
                return NO
            answer = min(answer, one)
        if part.unless is None:
            return answer
        before, self._circle = self._circle, _NEVER
        unless = self.reach(part.unless, object_, depth)
        within, self._circle = self._circle, min(before, self._circle)
        if unless == YES:
            return NO
        # The exclusion rests on a part that is still being decided, itself included: it has no lawful answer.
        if unless == NEITHER or within <= place:
            return NEITHER
        return answer


def _unseen(places: list[Place], seen: Seen) -> list[Place]:
    found: list[Place] = []
    for target, object_ in places:
        _lead(target, object_, seen, found)
    return found


def _lead(target: Plan, object_: int, seen: Seen, following: list[Place]) -> None:
    if (target.number, object_) not in seen:
        seen.add((target.number, object_))
        following.append((target, object_))
