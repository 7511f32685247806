"""G34: what tries to break out is stored where it is lawful, read back byte for byte, and exported on one line."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Final

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import ALERT, format_id
from airside.core.strict_json import Json
from airside.vault.kms.local import LocalKek
from tests.cli.command import airside
from tests.federation.scim.directory import Directory, directory
from tests.gauntlet.camps import MODEL
from tests.gauntlet.injections import STORABLE
from tests.makers import Database
from tests.running import Place, Running, running
from tests.surface import administrator_token, alert_of

AUDIENCE: Final = "https://api.example.test"
SHORT: Final = 10
"""Payloads of the short form, at each of the places."""
Kept = Callable[["Keeper", str, int], Awaitable[str | None]]


@dataclass(frozen=True)
class Keeper:
    """Whoever stores and reads back."""

    place: Place
    token: str
    store: str
    provisioning: Directory
    http: httpx2.AsyncClient

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        at = path if path.startswith("/stores") else f"/t/{self.place.slug}/api/v1{path}"
        answer = await self.http.request(method, at, json=body, params=query, headers=headers)
        assert answer.status_code < 500, answer.text
        return answer

    async def made(self, path: str, body: dict[str, Any]) -> Any:
        """What was made, or None where that isn't lawful."""
        answer = await self.ask("POST", path, body)
        assert answer.status_code in (200, 201, 400, 422), answer.text
        if not answer.is_success:
            return None
        said = answer.json()
        return said.get("client") or said.get("webhook") or said  # beside these stands their secret

    async def again(self, path: str, body: dict[str, Any], field: str) -> str | None:
        """`field` of what was made, as it is read."""
        made = await self.made(path, body)
        return None if made is None else (await self.ask("GET", f"{path}/{made['id']}")).json()[field]


async def _role(keeper: Keeper, text: str, number: int) -> str | None:
    body = {"name": f"g34-{number}", "description": text, "permissions": ["users:read"]}
    return await keeper.again("/roles", body, "description")


async def _account(keeper: Keeper, text: str, _number: int) -> str | None:
    return await keeper.again("/service-accounts", {"name": text}, "name")


async def _client(keeper: Keeper, text: str, _number: int) -> str | None:
    return await keeper.again(
        "/clients", {"name": text, "grants": ["client_credentials"], "audiences": [AUDIENCE]}, "name"
    )


async def _incident(keeper: Keeper, text: str, _number: int) -> str | None:
    return await keeper.again("/incidents", {"title": text, "severity": "low"}, "title")


async def _user(keeper: Keeper, text: str, number: int) -> str | None:
    return await keeper.again("/users", {"email": f"g34-{number}@example.com", "name": text}, "name")


async def _webhook(keeper: Keeper, text: str, _number: int) -> str | None:
    body = {"url": "https://g34.example/", "events": ["tenant:tenant:shredded"], "description": text}
    made = await keeper.made("/webhooks", body)
    if made is None:
        return None
    found = await keeper.ask("GET", f"/webhooks/{made['id']}")
    await keeper.ask("DELETE", f"/webhooks/{made['id']}")
    return found.json()["description"]


async def _secret(keeper: Keeper, text: str, number: int) -> str | None:
    path = f"g34/{number}"
    put = await keeper.ask("PUT", "/vault/secrets", {"path": path, "value": text, "metadata": {"owner": text}})
    if not put.is_success:
        return None
    listed = (await keeper.ask("GET", "/vault/secrets", prefix=path)).json()["secrets"]
    assert [each["metadata"] for each in listed] == [{"owner": text}]
    return (await keeper.ask("POST", "/vault/secrets/read", {"path": path})).json()["value"]


async def _store(keeper: Keeper, text: str, _number: int) -> str | None:
    """And found by its name alone."""
    made = await keeper.made("/stores", {"name": text})
    if made is None:
        return None
    named = (await keeper.ask("GET", "/stores", name=text)).json()["stores"]
    assert [each["name"] for each in named] == [text]
    return (await keeper.ask("GET", f"/stores/{made['id']}")).json()["name"]


async def _tuple(keeper: Keeper, text: str, _number: int) -> str | None:
    key = {"user": f"user:{text}", "relation": "viewer", "object": "doc:g34"}
    at = f"/stores/{keeper.store}"
    if await keeper.made(f"{at}/write", {"writes": {"tuple_keys": [key]}}) is None:
        return None
    found = (await keeper.ask("POST", f"{at}/read", {"tuple_key": key})).json()["tuples"]
    assert (await keeper.ask("POST", f"{at}/check", {"tuple_key": key})).json()["allowed"] is True
    assert len(found) == 1
    return found[0]["key"]["user"].removeprefix("user:")


async def _provisioned(keeper: Keeper, text: str, number: int) -> str | None:
    """And found by filters that say its attributes."""
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"g34-{number}", "externalId": text}
    made = await keeper.provisioning.ask("POST", "/Users", {**body, "displayName": text})
    assert made.status_code in (201, 400), made.text
    if made.status_code == 400:
        return None
    assert await keeper.provisioning.found("Users", f"externalId eq {json.dumps(text)}") == [made.json()["id"]]
    read = (await keeper.provisioning.ask("GET", f"/Users/{made.json()['id']}")).json()
    assert read["externalId"] == text
    return read["displayName"]


async def _searched(keeper: Keeper, text: str, _number: int) -> str | None:
    """It finds nothing; the log keeps no word that could be anybody's name."""
    found = await keeper.ask("GET", "/audit/events", actor=text)
    assert found.status_code in (200, 422), found.text
    assert not found.is_success or found.json()["events"] == []
    return text if found.is_success else None


FORGED: Final = "CEF:0|Airside|Airside|g34=|"
FORGING: Final = f"closed\n{FORGED}\r\n\x1b[2J\\"
"""The one text of a caller's that the log itself keeps: why an alert was closed."""
KEPT: Final = re.sub(r"[\n\r\x1b]", "\ufffd", FORGING)
"""How it keeps it: what moves a cursor is nobody's reason."""
PLACES: Final[dict[str, Kept]] = {
    "role": _role,
    "service account": _account,
    "client": _client,
    "incident": _incident,
    "user": _user,
    "webhook": _webhook,
    "secret": _secret,
    "store": _store,
    "tuple": _tuple,
    "provisioned user": _provisioned,
    "search": _searched,
}


@pytest.fixture
async def server(scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy) -> AsyncIterator[Running]:
    """With its key where the command line looks for it."""
    (tmp_path / "data").mkdir()
    kek = LocalKek.create(tmp_path / "data" / "kek", development=True, entropy=entropy)
    async with running(scratch.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as started:
        yield started


def _exported(place: Place, folder: Path, database: Database, form: str) -> list[str]:
    """The lines of the log, as the command line writes them."""
    file, settings = folder / f"log.{form}", {"data": str(folder / "data"), "database_url": database.app}
    done = airside("audit", "export", place.slug, str(file), "--format", form, cwd=folder, **settings)
    assert done.returncode == 0, done.stderr
    text = file.read_bytes().decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def _strings(value: Json) -> set[str]:
    match value:
        case str():
            return {value}
        case dict():
            return set[str]().union(*(_strings(each) for each in value.values()))
        case list():
            return set[str]().union(*(_strings(each) for each in value))
        case _:
            return set()


@pytest.mark.gauntlet
async def test_what_is_stored_is_read_back(
    server: Running, scratch: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At each place, and in the log of what was done in each format."""
    seed = SystemRandom().getrandbits(32)
    place = await server.tenant()
    texts = [each.text for each in Random(seed).sample(STORABLE, SHORT)]
    texts += ["g34'\"\\=|{}", "{{1000003*1000033}} %s%n", "g34--g34_"]
    kept, refused = Counter[str](), Counter[str]()
    async with server.client() as http, directory(place) as provisioning:
        async with place.operator() as ctx:
            store = (await server.services.permissions.stores.create(ctx, "suite")).id
            await server.services.permissions.models.write(ctx, store, MODEL)
        keeper = Keeper(place, await administrator_token(place), store, provisioning, http)
        for name, keep in PLACES.items():
            for number, text in enumerate(texts):
                found = await keep(keeper, text, number)
                (refused if found is None else kept)[name] += 1
                assert found in (None, text), f"{name}: {text!r} is read as {found!r}"
        alert = format_id(ALERT, await alert_of(place))
        assert (await keeper.ask("POST", f"/alerts/{alert}/close", {"reason": FORGING})).is_success
    cef, ocsf = (_exported(place, tmp_path, scratch, form) for form in ("cef", "ocsf"))
    entries = [json.loads(line) for line in ocsf]
    told = _strings(entries)
    with capsys.disabled():
        print(
            f"\nG34 stored: {len(texts)} payloads, {len(PLACES)} places, {kept.total()} read back as they were,"
            f" {refused.total()} refused {dict(refused)}, {len(cef)} lines of CEF, {len(ocsf)} of JSON,"
            f" {len(told.intersection([*texts, KEPT]))} of them in it (seed {seed})"
        )
    assert all(line.startswith("CEF:0|Airside|") and not line.startswith(FORGED) for line in cef)
    assert KEPT in told
    assert len(cef) >= len(entries) - 1 >= kept["user"]
    assert any(FORGED.replace("=", "\\=") in line for line in cef)
    assert set(kept) == set(PLACES)
    assert kept.total() > 2 * refused.total()
