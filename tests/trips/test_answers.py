"""Refusals over HTTP: each interface in its own shape, and none says more than its caller may know."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from airside.core.ids import CLIENT, SESSION, USER, format_id, uuid7
from airside.oauth import ClientDraft
from airside.store import TABLES
from tests.federation.scim.directory import directory
from tests.running import Place, Running
from tests.surface import administrator_token, endpoints
from tests.trips.visitor import API, FORM, token_request

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
JSON_TYPE = {"content-type": "application/json"}
INTERNAL = re.compile(
    r"airside\.|\.py\b|Traceback|psycopg|pydantic|starlette|fastapi|msgspec|sqlstate|constraint|[a-z]+_pkey"
    r"|\b[A-Z][a-z]+[A-Z]\w+|\b(?:" + "|".join(name for name in TABLES if "_" in name) + r")\b"
)
"""Words of the inside: modules, files, libraries, classes, tables."""


@dataclass(frozen=True)
class Ask:
    """A request below the tenant, and how it must be refused."""

    status: int
    code: str
    method: str
    path: str
    body: bytes | None = None
    known: bool = True
    kind: str = "application/json"


USERS = "/api/v1/users"
ASKS = [
    Ask(401, "unauthenticated", "GET", USERS, known=False),
    Ask(401, "unauthenticated", "POST", USERS, b"{", known=False),
    Ask(401, "unauthenticated", "POST", USERS, b"a=b", known=False, kind="text/plain"),
    Ask(403, "forbidden", "GET", USERS),  # by the narrow token
    Ask(404, "not_found", "GET", f"{USERS}/usr_nobody"),
    Ask(404, "not_found", "GET", "/api/v1/nothing"),
    Ask(404, "not_found", "GET", f"{USERS}/"),
    Ask(405, "method_not_allowed", "PUT", USERS),
    Ask(405, "method_not_allowed", "DELETE", USERS),
    Ask(409, "conflict", "POST", USERS, b'{"email":"twice@example.com"}'),
    Ask(413, "too_large", "POST", USERS, b'{"email":"' + b"a" * 70_000 + b'"}'),
    Ask(415, "unsupported_media_type", "POST", USERS, b'{"email":"a@example.com"}', kind="text/plain"),
    Ask(422, "invalid_input", "POST", USERS, b"{"),
    Ask(422, "invalid_input", "POST", USERS, b"[]"),
    Ask(422, "invalid_input", "POST", USERS, b""),
    Ask(422, "invalid_input", "POST", USERS, b'{"email":7}'),
    Ask(422, "invalid_input", "POST", USERS, b'{"email":"a@example.com","email":"b@example.com"}'),
    Ask(422, "invalid_input", "POST", "/api/v1/clients", b'{"name":"x","grants":["password"]}'),
    Ask(422, "invalid_input", "GET", f"{USERS}?limit=all"),
    Ask(422, "invalid_input", "GET", f"{USERS}?cursor=forged"),
    Ask(422, "invalid_input", "GET", "/api/v1/members?role=emperor"),
]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: f"{ask.status}-{ask.method}-{ask.path}-{ask.body!r:.24}")
async def test_management_refuses_with_a_problem_of_six_members(place: Place, ask: Ask) -> None:
    """RFC 9457."""
    token = await (_narrow_token(place) if ask.status == 403 else administrator_token(place))
    if ask.status == 409:
        async with place.operator() as ctx:
            await place.server.services.user_admin.create(ctx, "twice@example.com", "")
    headers = {"content-type": ask.kind} | ({"authorization": f"Bearer {token}"} if ask.known else {})
    async with place.server.client() as http:
        answer = await http.request(ask.method, f"{place.issuer}{ask.path}", content=ask.body, headers=headers)
    said = _problem(answer)
    assert (answer.status_code, said["code"]) == (ask.status, ask.code)
    if ask.status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if ask.status == 405:
        assert answer.headers["allow"]


async def test_platform_refuses_with_problems_too(server: Running, place: Place) -> None:
    token = await administrator_token(place)
    async with server.client() as http:
        for headers in ({}, {"authorization": f"Bearer {token}"}):
            answer = await http.post("/platform/v1/tenants", json={"slug": "mine", "name": "Mine"}, headers=headers)
            assert answer.status_code == 401
            assert _problem(answer)["code"] == "unauthenticated"


OAUTH: list[tuple[str, dict[str, str], int, str]] = [
    ("token", {}, 401, "invalid_client"),
    ("token", {"client_id": "cli_nobody", "grant_type": "client_credentials"}, 401, "invalid_client"),
    ("token", {"client_id": "x" * 5000}, 401, "invalid_client"),
    ("revoke", {"token": "x"}, 401, "invalid_client"),
    ("introspect", {"token": "x"}, 401, "invalid_client"),
]


@pytest.mark.parametrize(("path", "form", "status", "error"), OAUTH)
async def test_oauth_refuses_in_its_own_words(
    place: Place, path: str, form: dict[str, str], status: int, error: str
) -> None:
    """RFC 6749 §5.2: two members, never cached, and a challenge with every 401."""
    answer = await token_request(place, form, path=path)
    said = answer.json()
    assert (answer.status_code, said["error"]) == (status, error)
    assert set(said) == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]
    assert status != 401 or "www-authenticate" in answer.headers
    assert not INTERNAL.search(answer.text)


async def test_form_that_is_malformed_is_told_how_one_is_spelled(place: Place) -> None:
    """As it comes from `curl -d "scope=a b"`."""
    async with place.server.client() as http:
        answer = await http.post(f"{place.issuer}/oauth2/token", content=b"scope=a b&client_id=x", headers=FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "a space is spelled + or %20" in answer.json()["error_description"]


async def test_oauth_takes_forms_only(place: Place) -> None:
    """N39."""
    async with place.server.client() as http:
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
            body = b"grant_type=client_credentials&client_id=x"
            answer = await http.post(f"{place.issuer}/oauth2/token", content=body, headers={"content-type": kind})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), kind
        asked = await http.post(f"{place.issuer}/oauth2/token?client_id=x", content=b"a=b", headers=FORM)
        assert asked.json()["error"] == "invalid_request"


async def test_openfga_refuses_with_code_and_message(server: Running, place: Place) -> None:
    token = await administrator_token(place)
    known = {"authorization": f"Bearer {token}", **JSON_TYPE}
    asks: list[tuple[str, str, bytes | None, dict[str, str], int]] = [
        ("GET", "/stores", None, {}, 401),
        ("GET", "/stores", None, {"authorization": f"Bearer {await _narrow_token(place)}"}, 403),
        ("GET", "/stores/01BX5ZZKBKACTAV9WEVGEMMVRZ", None, known, 404),
        ("GET", "/stores/a/b/c", None, known, 404),
        ("GET", "/stores/", None, known, 404),
        ("PUT", "/stores", b"{}", known, 405),
        ("POST", "/stores/check", b"{}", known, 405),
        ("GET", "/stores/01BX5ZZKBKACTAV9WEVGEMMVRZ/check", None, known, 405),
        ("POST", "/stores", b"{", known, 400),
        ("POST", "/stores", b"[]", known, 400),
        ("POST", "/stores", b'{"name":"abc"}', known | {"content-type": "text/plain"}, 415),
    ]
    async with server.client() as http:
        for method, path, body, headers, status in asks:
            answer = await http.request(method, path, content=body, headers=headers)
            assert answer.status_code == status, f"{method} {path} {answer.text}"
            assert set(answer.json()) == {"code", "message"}
            assert not INTERNAL.search(answer.text), answer.text


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "",
        "text/json",
        "application/jsonx",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "*/*",
    ],
)
async def test_json_under_another_name_is_refused_everywhere(server: Running, place: Place, kind: str) -> None:
    """N39: what a page of another site can send without asking is never taken for JSON."""
    token, asked = await administrator_token(place), 0
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "kinds")
    async with server.client() as http, directory(place) as provisioning:
        for endpoint in endpoints(server):
            if endpoint.takes_json and not endpoint.is_platform:
                path = endpoint.template.replace("{slug}", place.slug).replace("{store_id}", store.id)
                bearer = provisioning.token if endpoint.is_scim else token
                headers = {"authorization": f"Bearer {bearer}", "content-type": kind}
                answer = await http.request(endpoint.method, path, content=b"{}", headers=headers)
                # AuthZEN and registration (RFC 7591 §3.2.2) know 400 alone for what can't be read.
                refused = 400 if "/access/v1/" in path or "/oauth2/" in path else 415
                assert answer.status_code == refused, f"{endpoint}: {answer.text}"
                assert ("application/json" if "/oauth2/" not in path else "invalid_request") in answer.text
                asked += 1
    assert asked >= 13


async def test_foreign_id_and_one_that_never_was_are_the_same_404(server: Running, place: Place) -> None:
    """N20: to the letter, headers included."""
    other = await server.tenant()
    user = await other.user()
    client, _ = await other.client(
        ClientDraft("Theirs", False, frozenset({"client_credentials"}), audiences=(API,), scopes=frozenset({"a"}))
    )
    token = await administrator_token(place)
    never = uuid7(server.services.clock.now(), server.services.entropy)
    pairs = [
        (f"/users/{format_id(USER, user.id)}", f"/users/{format_id(USER, never)}"),
        (f"/clients/{client.word}", f"/clients/{format_id(CLIENT, never)}"),
        (f"/users/{client.word}", f"/users/{'x' * 300}"),
        (f"/users/{format_id(USER, user.id)}/sessions", f"/users/{format_id(USER, never)}/sessions"),
        (f"/members/{format_id(USER, user.id)}", f"/members/{format_id(USER, never)}"),
    ]
    async with server.client() as http:
        for theirs, nobodys in pairs:
            first, second = [
                await http.get(f"{place.issuer}/api/v1{path}", headers={"authorization": f"Bearer {token}"})
                for path in (theirs, nobodys)
            ]
            assert first.status_code == 404
            assert _without_id(first) == _without_id(second)
        for path in (f"/sessions/{format_id(SESSION, never)}", f"/users/{format_id(USER, user.id)}/sessions"):
            gone = await http.delete(f"{place.issuer}/api/v1{path}", headers={"authorization": f"Bearer {token}"})
            assert gone.status_code == 404, path


NUL = "%00"


async def test_character_that_no_column_holds_is_a_refusal(server: Running, place: Place) -> None:
    """U+0000 is JSON and a lawful query, and PostgreSQL holds it in no text: 4xx, not 500."""
    token = await administrator_token(place)
    known = {"authorization": f"Bearer {token}", **JSON_TYPE}
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "suite")
    key = {"user": "user:x", "relation": "viewer", "object": "doc:x"}
    bodies: list[tuple[str, Any]] = [
        ("check", {"tuple_key": key, "authorization_model_id": "\0"}),
        ("expand", {"tuple_key": {"relation": "\0", "object": "doc:x"}, "authorization_model_id": "\0"}),
        ("read", {"tuple_key": {"object": "do\0c:", "user": "user:x"}}),
        ("read", {"tuple_key": {"object": "doc:", "user": "user:x", "relation": "\0"}}),
        ("write", {"writes": {"tuple_keys": [key]}, "authorization_model_id": "\0"}),
        ("list-objects", {"user": "user:x", "relation": "\0", "type": "\0", "authorization_model_id": "\0"}),
    ]
    paths = [
        f"/stores?name={NUL}",
        f"/stores/{store.id}/changes?type={NUL}",
        f"/stores/{store.id}/changes?start_time=0001-01-01T00:00:00%2B23:59",
        f"{place.issuer}{USERS}?email={NUL}",
        f"{place.issuer}{USERS}?cursor={NUL}",
    ]
    async with server.client() as http:
        answers = [await http.get(path, headers=known) for path in paths]
        for path, body in bodies:
            answers.append(await http.post(f"/stores/{store.id}/{path}", content=json.dumps(body), headers=known))
        for field in ("email", "name"):
            body = json.dumps({"email": "nul@example.com", field: "\0"})
            answers.append(await http.post(f"{place.issuer}{USERS}", content=body, headers=known))
    assert [f"{each.request.url} {each.text}" for each in answers if each.status_code >= 500] == []


async def test_a_batch_as_large_as_it_may_be_gets_through(server: Running, place: Place) -> None:
    """Shield's cap in front of a route is no smaller than the route's own."""
    token = await administrator_token(place)
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "suite")
    keys = [{"user": "user:x", "relation": "viewer", "object": f"doc:{i}{'y' * 200}"} for i in range(15)]
    checks = [
        {"tuple_key": keys[0], "correlation_id": f"c{i}", "contextual_tuples": {"tuple_keys": keys}} for i in range(50)
    ]
    body = json.dumps({"checks": checks})
    assert 64 * 1024 < len(body) < 256 * 1024
    async with server.client() as http:
        answer = await http.post(
            f"/stores/{store.id}/batch-check",
            content=body,
            headers={"authorization": f"Bearer {token}", **JSON_TYPE},
        )
    assert answer.json()["code"] == "latest_authorization_model_not_found", answer.text


async def _narrow_token(place: Place) -> str:
    draft = ClientDraft(
        "Narrow", False, frozenset({"client_credentials"}), audiences=(place.issuer,), scopes=frozenset({"audit:read"})
    )
    client, secret = await place.client(draft)
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    answer = await token_request(place, form, auth=(client.word, secret.reveal()))
    return str(answer.json()["access_token"])


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(said) == MEMBERS
    assert said["status"] == answer.status_code
    assert said["request_id"] == answer.headers["x-request-id"]
    assert said["detail"]
    assert not INTERNAL.search(said["detail"]), said["detail"]
    return said


def _without_id(answer: httpx2.Response) -> tuple[int, str, list[tuple[str, str]]]:
    varying = {"x-request-id", "date"}
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name not in varying)
    return answer.status_code, answer.text.replace(answer.headers["x-request-id"], ""), headers
