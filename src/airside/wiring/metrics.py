"""The rooms' plain numbers in Prometheus' words. Everything is read when somebody asks; nothing is pushed and no room
knows of it. No label names a tenant, a person, an address or a path (N37, N40)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from airside.audit import Event
from airside.core.measures import BOUNDS, Durations
from airside.wiring.build import Services
from airside.wiring.metrics_names import HELP
from airside.wiring.pulse import Pulse
from airside.wiring.requests import Requests
from airside.wiring.survey import Survey

PREFIX: Final = "airside_"
SIGNINS: Final[Mapping[str, str]] = {
    Event.SIGNIN_SUCCEEDED: "succeeded",
    Event.SIGNIN_REFUSED: "refused",
    Event.SIGNIN_LIMITED: "limited",
}

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = tuple[Sequence[str], float]
"""The labels' values, and the number."""


@dataclass(frozen=True)
class Sources:
    """Who keeps numbers."""

    services: Services
    requests: Requests
    pulse: Pulse
    survey: Survey


def exposition(sources: Sources) -> Callable[[str], tuple[bytes, str]]:
    """The numbers of `sources`, the process and its memory, rendered by what the reader accepts."""
    registry = CollectorRegistry()
    registry.register(_Rooms(sources))
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)

    def render(accept: str) -> tuple[bytes, str]:
        encode, kind = choose_encoder(accept)
        return encode(registry), kind

    return render


class _Rooms(Collector):
    """Reads copies: it runs beside the loop that adds."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        sources, services = self._sources, self._sources.services
        yield from _requests(sources.requests)
        yield from _people(services)
        yield from _permissions(services)
        yield from _limits(services)
        yield from _kms(services)
        yield from _database(services)
        yield from _found(sources.survey, services)
        yield _gauge("revocation_feed_silence_seconds", [((), services.listener.silent_for())])
        yield _histogram("event_loop_lag_seconds", (), [((), sources.pulse.lag)])
        offset = sources.pulse.clock_offset
        yield _gauge("clock_offset_seconds", [] if offset is None else [((), offset)])


def _requests(requests: Requests) -> Iterator[Metric]:
    rows = [((route, method, str(status)), took) for (route, method, status), took in _copy(requests.answered)]
    yield _histogram("http_request_duration_seconds", ("route", "method", "status"), rows)
    yield _counter("http_unreadable_requests", (), [((), requests.unread)])


def _people(services: Services) -> Iterator[Metric]:
    events = _copy(services.journal.events.counts)
    yield _counter("audit_events", ("event", "outcome"), events)
    signins = [((SIGNINS[words[0]],), count) for words, count in events if words[0] in SIGNINS]
    yield _counter("signins", ("outcome",), signins)
    yield _counter("token_requests", ("grant", "answer"), _copy(services.token_endpoint.answers.counts))


def _permissions(services: Services) -> Iterator[Metric]:
    checks, verified = services.permissions.checks, services.token_verifier.verified
    yield _counter("permission_checks", ("answer",), [(("allowed",), checks.allowed), (("denied",), checks.denied)])
    yield _counter("permission_checks_at_once", (), [((), checks.at_once)])
    yield _histogram("permission_decision_duration_seconds", (), [((), checks.decided)])
    rows = [
        (("verdicts", "hit"), checks.remembered),
        (("verdicts", "miss"), sum(checks.decided.counts)),
        (("tokens", "hit"), verified.remembered),
        (("tokens", "miss"), verified.afresh),
    ]
    yield _counter("cache_lookups", ("cache", "result"), rows)


def _limits(services: Services) -> Iterator[Metric]:
    refusals: dict[tuple[str, ...], int] = {}
    for room in (services.limiter, services.key_pace, services.hashes, services.rates):
        for words, count in _copy(room.refusals.counts):
            refusals[words] = refusals.get(words, 0) + count
    yield _counter("limit_refusals", ("limit",), list(refusals.items()))


def _kms(services: Services) -> Iterator[Metric]:
    yield _counter("kms_calls", ("verb", "outcome"), _copy(services.kek.answers.counts))
    yield _histogram("kms_call_duration_seconds", (), [((), services.kek.took)])


def _database(services: Services) -> Iterator[Metric]:
    lender = services.engine.lender
    pool = lender.state()
    rows = [(("most",), pool.most), (("open",), pool.open), (("free",), pool.free)]
    yield _gauge("database_connections", rows, ("state",))
    yield _gauge("database_waiting_requests", [((), pool.waiting)])
    yield _counter("database_loans_at_hand", (), [((), lender.at_hand)])
    yield _histogram("database_loan_wait_seconds", (), [((), lender.waits)])
    yield _counter("database_loans_in_vain", (), [((), lender.in_vain)])


def _found(survey: Survey, services: Services) -> Iterator[Metric]:
    found, now = survey.last, services.clock.now()
    if found.at is None:
        return
    # What waits since a moment has waited until the round saw it; keys and backups grow older by themselves.
    waits = (
        ("outbox_oldest_age_seconds", found.outbox_since),
        ("audit_unplaced_oldest_age_seconds", found.unplaced_since),
        ("audit_unsigned_oldest_age_seconds", found.unsigned_since),
    )
    ages = (
        ("survey_age_seconds", found.at),
        ("signing_key_oldest_age_seconds", found.signing_key_since),
        ("data_key_oldest_age_seconds", found.data_key_since),
        ("backup_age_seconds", found.backup_at),
    )
    yield _gauge("tenants", [((), found.tenants)])
    yield _gauge("survey_unseen_tenants", [((), found.unseen)])
    yield _gauge("outbox_items", [((), found.outbox)])
    for name, since in waits:
        yield _gauge(name, [((), _age(since, found.at) if since else 0.0)])
    for name, since in ages:
        if since is not None:
            yield _gauge(name, [((), _age(since, now))])


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _counter(name: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, HELP[name], labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _gauge(name: str, rows: Iterable[Row], labels: Sequence[str] = ()) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, HELP[name], labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _histogram(name: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Durations]]) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, HELP[name], labels=labels)
    for values, durations in rows:
        sums = list(accumulate(durations.counts))
        buckets = [(str(bound), sums[place]) for place, bound in enumerate(BOUNDS)]
        family.add_metric(values, [*buckets, ("+Inf", sums[-1])], durations.total)
    return family


def _copy(counts: dict[Key, Value]) -> list[tuple[Key, Value]]:
    return list(counts.items())
