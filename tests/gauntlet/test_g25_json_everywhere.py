"""G25: the JSON parsing suite at every endpoint that takes JSON, over the real server, by a caller who may.

What a body was refused for is told by its detail: the reader's own words mean that it wasn't read, any others that it
was read and judged.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import httpx2
import pytest

from airside.apikeys import KeyDraft
from airside.core.ids import ALERT, CLIENT, USER, format_id, parse_id, uuid7
from airside.federation import ConnectionDraft, OidcSettings, SetupDraft
from airside.notify.webhooks import EndpointDraft
from airside.oauth.signals import StreamDraft
from airside.protocols.jose.jwt import peek_claims
from airside.tenancy import RoleDraft
from airside.tenancy.policy import parse_policy
from tests.federation.scim.directory import Directory, directory
from tests.running import Place, Running
from tests.surface import Endpoint, administrator_token, alert_of, endpoints, platform_token
from tests.trips.manager import person_tokens
from tests.vectors.json_cases import JsonCase, json_cases

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
TURNS = 2  # endpoints that see each case, in the short form
JSON_TYPE = "application/json"
UNREAD = {
    "not JSON",
    "duplicate key in a JSON object",
    "lone surrogate in a JSON string",
    "JSON number out of range",
    "NaN and Infinity are not JSON",
    "JSON nested too deeply",
    "body: Field required",  # nothing was sent at all
    "The request can't be understood.",  # the words of OAuth
    "The parameters are malformed: each comes once, and a space is spelled + or %20.",
}
CHECK = '{"tuple_key":{"user":"user:x","relation":"viewer","object":"doc:x"},"context":'
PERSONS = tuple(f"/t/{{slug}}/api/v1/{each}" for each in ("connections", "domains", "response"))
"""What begins with these has doors that no program opens: who says who everybody is has to be an administrator."""
CALLBACK = "https://app.example.test/callback"
OPEN: dict[str, Any] = {"registration": "open", "audiences": ["https://api.example.test"]}
MODEL: dict[str, Any] = {
    "schema_version": "1.1",
    "type_definitions": [
        {"type": "user"},
        {
            "type": "doc",
            "relations": {"viewer": {"this": {}}},
            "metadata": {"relations": {"viewer": {"directly_related_user_types": [{"type": "user"}]}}},
        },
    ],
}


@dataclass(frozen=True)
class Door:
    """An endpoint with a place to knock at and a credential that opens it."""

    endpoint: Endpoint
    path: str
    token: str | None

    async def take(self, http: httpx2.AsyncClient, body: bytes) -> httpx2.Response:
        headers = {"content-type": JSON_TYPE}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        return await http.request(self.endpoint.method, self.path, content=body, headers=headers)


async def _doors(server: Running, place: Place, provisioning: Directory) -> list[Door]:
    operator, administrator = await platform_token(server), await administrator_token(place)
    rights = [f"{each}:{verb}" for each in ("connections", "users", "incidents") for verb in ("read", "write")]
    _, tokens = await person_tokens(place, await place.user("administrator"), *rights)
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "suite")
        role = await server.services.role_admin.create(ctx, RoleDraft("suite"))
    leaving = format_id(USER, (await place.user()).id)
    nobody = format_id(USER, uuid7(server.services.clock.now(), server.services.entropy))
    values = {"slug": place.slug, "store_id": store.id, "model_id": store.id, "user_id": nobody, "role_id": role.word}
    values |= {"scope": "suite:read", "vault_key": "suite", "alert_id": format_id(ALERT, await alert_of(place))}
    values |= {"scope": "suite:read", "vault_key": "suite", "plan_name": "suite"}
    async with place.operator() as ctx:
        await server.services.app_keys.create(ctx, "suite", "seal")
        account = await server.services.service_accounts.create(ctx, "suite")
        draft = KeyDraft("suite", account.owner, timedelta(days=1), scopes=frozenset({"users:read"}))
        api_key, _ = await server.services.api_keys.create(ctx, draft)
        incident = await server.services.incident_admin.open(ctx, "suite", "low")
        values |= {"incident_id": incident.word}
        values |= {"service_account_id": account.word, "api_key_id": api_key.word}
        webhook, _ = await server.services.webhooks.create(
            ctx, EndpointDraft("https://suite.example/", ["tenant:tenant:shredded"])
        )
        values["webhook_id"] = webhook.word
        own = parse_id(CLIENT, str(peek_claims(administrator)["client_id"]))
        values["stream_id"] = (await server.services.signal_streams.create(ctx, own, StreamDraft())).word
    async with place.operator() as ctx:
        provider = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        connection = await place.server.services.connections.create(ctx, ConnectionDraft("Suite", provider))
        values["connection_id"] = connection.word
        setup, _ = await server.services.setup_admin.create(ctx, SetupDraft("Suite", "it@suite.example"))
        values["setup_id"] = setup.word
        values["domain_id"] = (await place.server.services.domains.add(ctx, "suite.com")).word
    values["client_id"], registration = await _registered(server, place)
    keys = {"POST /t/{slug}/oauth2/register": None, "PUT /t/{slug}/oauth2/register/{client_id}": registration}
    values["connection_id"] = provisioning.connection.word
    provisioned = (await provisioning.create("suite"))["id"]

    def door(each: Endpoint) -> Door:
        if each.is_scim:
            named = provisioned if "/Users/" in each.template else group["id"]
            return Door(each, each.template.format(**values, resource_id=named), provisioning.token)
        if each.template.endswith("/erasure"):
            return Door(each, each.template.format(**values | {"user_id": leaving}), administrator)
        program = operator if each.is_platform else administrator
        person = str(tokens["access_token"]) if each.template.startswith(PERSONS) else None
        token = keys.get(str(each), person or program)
        return Door(each, each.template.format(**values), token)

    group = await provisioning.group("suite")
    return [door(each) for each in endpoints(server) if each.takes_json]


async def _registered(server: Running, place: Place) -> tuple[str, str]:
    """A client that registered itself, and the token by which it manages itself; anybody may do as it did."""
    async with place.operator() as ctx:
        version = (await server.services.policies.stored(ctx)).version
        await server.services.policies.change(ctx, version, parse_policy({"clients": OPEN}))
    async with server.client() as http:
        said = (await http.post(f"{place.issuer}/oauth2/register", json={"redirect_uris": [CALLBACK]})).json()
    return said["client_id"], said["registration_access_token"]


def _plan(cases: list[JsonCase], doors: list[Door], dice: Random) -> Iterator[tuple[JsonCase, Door]]:
    """Every case at every door; in the short form every case at some, and every door gets many: they take turns."""
    shuffled = cycle(dice.sample(doors, len(doors)))
    for case in dice.sample(cases, len(cases)):
        for door in doors if FULL else islice(shuffled, TURNS):
            yield case, door


def _was_read(answer: httpx2.Response) -> bool:
    if answer.is_success:
        return True
    said = answer.json()
    return said.get("detail", said.get("message", said.get("error_description"))) not in UNREAD


def _wrong(case: JsonCase, answer: httpx2.Response) -> str:
    if answer.status_code >= 500:
        return "5xx"
    if answer.status_code in (401, 403, 404, 405):
        return "the door was shut"
    if case.must_be_refused and (_was_read(answer) or not answer.is_client_error):
        return "read"
    if case.must_be_read and not _was_read(answer):
        return "not read"
    return ""


@pytest.mark.gauntlet
async def test_every_endpoint_reads_json_strictly(
    server: Running, place: Place, data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every `n_` refused, every `y_` read but duplicate keys; an `i_` either way, and never a 5xx."""
    seed = SystemRandom().getrandbits(32)
    cases = list(json_cases(data("json")))
    seen: Counter[str] = Counter()
    knocked: Counter[str] = Counter()
    wrong = list[str]()
    async with server.client() as http, directory(place) as provisioning:
        doors = await _doors(server, place, provisioning)
        for case, door in _plan(cases, doors, Random(seed)):
            answer = await door.take(http, case.text)
            knocked[str(door.endpoint)] += 1
            seen[f"{case.kind} {'read' if _was_read(answer) else 'refused'}"] += 1
            if why := _wrong(case, answer):
                wrong.append(f"{door.endpoint} {case.name}: {why}, {answer.status_code} {answer.text[:120]}")
    with capsys.disabled():
        print(
            f"\nG25: {len(cases)} cases, {len(doors)} endpoints, {sum(knocked.values())} requests"
            f" {dict(sorted(seen.items()))}, wrong: {len(wrong)} (seed {seed})"
        )
    assert not wrong, "\n".join(wrong)
    assert set(knocked) == {str(door.endpoint) for door in doors}
    assert len(doors) >= 14
    assert len(cases) >= 300


@pytest.mark.gauntlet
async def test_the_quick_reader_of_checks_is_as_strict(
    server: Running, place: Place, data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each case once more inside a question that is otherwise sound: objects are answered, what is no JSON isn't."""
    token = await administrator_token(place)
    async with place.operator() as ctx:
        store = await server.services.permissions.stores.create(ctx, "suite")
    headers = {"content-type": JSON_TYPE, "authorization": f"Bearer {token}"}
    wrong = list[str]()
    seen: Counter[str] = Counter()
    async with server.client() as http:
        kept = await http.post(f"/stores/{store.id}/authorization-models", json=MODEL, headers=headers)
        assert kept.status_code == 201, kept.text
        for case in json_cases(data("json")):
            body = CHECK.encode() + case.text + b"}"
            answer = await http.post(f"/stores/{store.id}/check", content=body, headers=headers)
            seen[f"{case.kind} {'read' if _was_read(answer) else 'refused'}"] += 1
            if why := _wrong(case, answer):
                wrong.append(f"{case.name}: {why}, {answer.status_code} {answer.text[:120]}")
            if case.must_be_read and isinstance(json.loads(case.text), dict):
                assert answer.status_code == 200, f"{case.name}: {answer.text}"
    with capsys.disabled():
        print(f"\nG25 inside a check: {dict(sorted(seen.items()))}, wrong: {len(wrong)}")
    assert wrong == []
