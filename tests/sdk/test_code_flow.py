"""The way to the sign-in page and back: an answer is taken only by the browser that began, from the server it was led
to."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.protocols.jose import b64url_encode
from airside.protocols.oauth import challenge_of
from airside.sdk.code_flow import (
    KEPT,
    LIFETIME,
    MAX_RETURN,
    MOST_EXPIRED,
    Flow,
    LoginRefused,
    address,
    answered,
    new_flow,
    outdated,
)

ISSUER = "https://id.example/t/acme"


@pytest.fixture
def flow() -> Flow:
    return new_flow("/page?tab=1", SystemEntropy())


def answer(flow: Flow, **changes: str) -> dict[str, str]:
    return {"state": flow.state, "code": "c-1", "iss": ISSUER} | changes


def cookies(*flows: Flow) -> dict[str, str]:
    return {flow.cookie.name: flow.cookie.value for flow in flows}


def test_answer_is_taken_by_the_browser_that_began(flow: Flow) -> None:
    found, code = answered(answer(flow), cookies(flow), ISSUER)
    assert (found.state, found.return_to, code.reveal()) == (flow.state, "/page?tab=1", "c-1")
    assert found.verifier.reveal() == flow.verifier.reveal()
    assert found.nonce.reveal() == flow.nonce.reveal()


def test_two_tabs_sign_in_at_once(flow: Flow) -> None:
    other = new_flow("/other", SystemEntropy())
    kept = cookies(flow, other)
    assert len(kept) == 2
    for each in (flow, other):
        assert answered(answer(each), kept, ISSUER)[0].return_to == each.return_to


def test_cookie_is_the_browsers_alone_and_soon_forgotten(flow: Flow) -> None:
    line = flow.cookie.render()
    assert line.startswith("__Host-airside_login_")
    assert line.endswith(f"; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={LIFETIME}")


def test_request_shows_nothing_that_the_answer_needs(flow: Flow) -> None:
    """RFC 7636: whoever reads the address has neither the verifier nor the browser's secret."""
    where = address(flow, ISSUER, client_id="cli_1", redirect_uri="https://a.example/cb", scope="openid", acr="aal2")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
    assert asked["code_challenge"] == challenge_of(flow.verifier.reveal())
    assert (asked["code_challenge_method"], asked["acr_values"]) == ("S256", "aal2")
    assert flow.verifier.reveal() not in where
    assert flow.secret.reveal() not in where
    assert len({flow.state, flow.nonce.reveal(), flow.verifier.reveal()}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example/t/other"},
        {"iss": ""},
        {"state": ""},
        {"code": ""},
        {"code": "é"},
        {"error": "access_denied"},
    ],
    ids=["other-issuer", "no-issuer", "no-state", "no-code", "code-not-ascii", "error"],
)
def test_answer_of_another_shape_signs_nobody_in(flow: Flow, changes: dict[str, str]) -> None:
    with pytest.raises(LoginRefused):
        answered(answer(flow, **changes), cookies(flow), ISSUER)


def test_answer_in_a_browser_that_began_nothing_signs_nobody_in(flow: Flow) -> None:
    """N11: login CSRF."""
    other = new_flow("/", SystemEntropy())
    for kept in ({}, cookies(other), {flow.cookie.name: other.cookie.value}, {flow.cookie.name: "x"}):
        with pytest.raises(LoginRefused):
            answered(answer(flow), kept, ISSUER)


def test_state_that_begins_as_the_right_one_is_another(flow: Flow) -> None:
    """The cookie's name carries a part of the state alone."""
    with pytest.raises(LoginRefused):
        answered(answer(flow, state=flow.state[:-1] + "_-"[flow.state[-1] == "_"]), cookies(flow), ISSUER)


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", "é"], ids=repr)
def test_cookie_that_leads_away_signs_nobody_in(flow: Flow, where: str) -> None:
    """N10."""
    planted = replace(flow, secret=Secret(flow.secret.reveal()))
    value = f"{planted.secret.reveal()}.{b64url_encode(where.encode())}"
    with pytest.raises(LoginRefused):
        answered(answer(flow), {flow.cookie.name: value}, ISSUER)


def jar(flows: list[Flow]) -> str:
    """The Cookie header of a browser that has begun them, one after another."""
    return "; ".join(f"{name}={value}" for name, value in cookies(*flows).items())


@pytest.mark.parametrize("begun", [0, 1, KEPT - 1, KEPT, KEPT + 3, 80], ids=str)
def test_oldest_flows_are_taken_back(begun: int) -> None:
    """The new one and those that stay are `KEPT`; what can't be taken back at once is with the next."""
    flows = [new_flow("/" + "a" * (MAX_RETURN - 1), SystemEntropy()) for _ in range(begun)]
    told = outdated(f"{jar(flows)}; other=1; __Host-airside_login_x; __Host-airside_login_=\x00")
    names = [each.cookie.name for each in flows[: max(0, begun + 1 - KEPT)]]
    assert [cookie.name for cookie in told] == names[:MOST_EXPIRED]
    assert all(cookie.value == "" and cookie.max_age == 0 for cookie in told)


def test_way_back_is_of_bounded_length() -> None:
    assert new_flow("/" + "a" * (MAX_RETURN - 1), SystemEntropy())
    with pytest.raises(InvalidInput):
        new_flow("/" + "a" * MAX_RETURN, SystemEntropy())
