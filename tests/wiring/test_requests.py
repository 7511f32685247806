"""What is remembered of answers, and the log line for each where that is wished."""

from datetime import UTC, datetime

import pytest
from starlette.routing import Route
from structlog.testing import capture_logs

from airside.core.clock import FixedClock
from airside.shield.passage import KEY, Passage
from airside.wiring.requests import METHODS, NO_ROUTE, OTHER, Requests

MOMENT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)

SECRET = "canary-in-a-path"


def nothing() -> None:
    """What a route would do."""


def scope(method: str = "GET", route: str | None = "/t/{slug}/recover") -> dict[str, object]:
    found = {} if route is None else {"route": Route(route, nothing)}
    return {"method": method, "path": f"/t/acme/{SECRET}", "query_string": SECRET.encode(), **found}


def test_answers_are_kept_by_route_method_and_status() -> None:
    clock = FixedClock(MOMENT)
    requests = Requests(clock=clock)
    began = requests.moment()
    clock.advance(0.2)
    for method, status in (("GET", 200), ("GET", 200), ("GET", 404), ("POST", 200)):
        requests.ended(scope(method), status, began)
    requests.ended(scope(route=None), 403, began)
    requests.ended(scope(route=None), 200, began, "/stores/{store_id}/check")
    kept = {key: sum(durations.counts) for key, durations in requests.answered.items()}
    assert kept == {
        ("/t/{slug}/recover", "GET", 200): 2,
        ("/t/{slug}/recover", "GET", 404): 1,
        ("/t/{slug}/recover", "POST", 200): 1,
        (NO_ROUTE, "GET", 403): 1,
        ("/stores/{store_id}/check", "GET", 200): 1,
    }
    assert requests.answered["/t/{slug}/recover", "GET", 200].total == pytest.approx(0.4)


def test_a_strangers_methods_are_one() -> None:
    requests = Requests(clock=FixedClock(MOMENT))
    for method in ("PROPFIND", "PURGE", "M-SEARCH", *sorted(METHODS)):
        requests.ended(scope(method), 405, 0.0)
    assert {method for _, method, _ in requests.answered} == METHODS | {OTHER}
    assert sum(requests.answered["/t/{slug}/recover", OTHER, 405].counts) == 3


def test_the_line_of_an_answer_has_neither_path_nor_query() -> None:
    requests = Requests(clock=FixedClock(MOMENT), log=True)
    with capture_logs() as lines:
        requests.ended(scope() | {KEY: Passage("req_1", "192.0.2.9", {})}, 200, 0.0)
        requests.ended(scope(route=None) | {"client": ("192.0.2.7", 1234)}, 308, 0.0)
    assert lines == [
        {
            "event": "request",
            "log_level": "info",
            "request_id": "req_1",
            "client": "192.0.2.9",
            "method": "GET",
            "route": "/t/{slug}/recover",
            "status": 200,
            "milliseconds": 0.0,
        },
        lines[1],
    ]
    assert (lines[1]["client"], lines[1]["route"]) == ("192.0.2.7", NO_ROUTE)
    assert SECRET not in str(lines)


def test_without_the_setting_there_is_no_line() -> None:
    with capture_logs() as lines:
        Requests(clock=FixedClock(MOMENT)).ended(scope(), 200, 0.0)
    assert lines == []
