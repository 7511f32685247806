import json

import pytest

from airside.protocols.problem import CONTENT_TYPE, Problem


def test_a_problem_has_the_six_members_in_order() -> None:
    text = Problem(404, "not_found", "Nothing here.", "req_1").render()
    assert list(json.loads(text)) == ["type", "title", "status", "detail", "code", "request_id"]
    assert json.loads(text) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Nothing here.",
        "code": "not_found",
        "request_id": "req_1",
    }
    assert CONTENT_TYPE == "application/problem+json"


def test_a_detail_cannot_break_out_of_its_string() -> None:
    detail = 'a"b\\c\n</script>\u2028é'
    assert json.loads(Problem(400, "bad_request", detail).render())["detail"] == detail


def test_a_status_that_http_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="299"):
        _ = Problem(299, "odd").render()
