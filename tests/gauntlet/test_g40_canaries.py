"""G40, N37: no secret of the main trip leaves its place: not into a log, a metric, a trace, an answer, or a
table.

A real server process with its log at `debug` is walked through the trip, then asked everything wrongly, made to fail
inside, and read afterwards: what it wrote, what it answered, and what a superuser of its database sees.
"""

import asyncio
from base64 import b32decode, b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from psycopg import AsyncConnection

from airside.core.clock import Clock
from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.identity import RECOVERY_LIFETIME, User
from airside.oauth import Client, ClientDraft
from airside.protocols import otp
from airside.protocols.oauth import challenge_of
from airside.wiring.tracing import SEND_EVERY
from tests.collector import collecting
from tests.federation.scim.directory import BULK, directory, mailbox, person
from tests.gauntlet.canaries import Aviary, dump
from tests.makers import Database
from tests.process import Watched, serving
from tests.running import Place
from tests.surface import administrator_token, endpoints
from tests.trips.manager import manage, program
from tests.trips.visitor import API, FORM, NATIVE, Visitor, code_for, csrf_of, redeem, refresh, token_request, visitor

JSON_TYPE = {"content-type": "application/json"}
TOKENS = ("access_token", "refresh_token", "id_token")
BREAK = "update airside.password_credential set hash = %s where tenant_id = %s and user_id = %s"
PERSONAL = ("userName", "externalId", "title", "nickName", "phone", "group")
WAY_OUT = ("/oauth2/token", "body")


@dataclass
class Typist(Visitor):
    """A browser in which somebody types a password of their own."""

    own: str = ""

    async def sign_in(self, page: httpx2.Response, user: User, password: str = "") -> httpx2.Response:
        return await super().sign_in(page, user, password or self.own)


class Trip:
    """The main trip, right and wrong, with every secret of it watched for."""

    def __init__(self, place: Place, birds: Aviary) -> None:
        self.place = place
        self.birds = birds
        self.entropy = place.server.services.entropy

    def fresh(self, name: str, *due: tuple[str, str]) -> str:
        return self.birds.keep(name, token(self.entropy), *due)

    async def person(self) -> tuple[User, str]:
        """Somebody whose password, address and name are nobody's business."""
        password = self.fresh("password")
        local = self.entropy.bytes(12).hex()
        email = f"{local}@{local[::-1]}.example"
        async with self.place.operator() as ctx:
            user = await self.place.server.services.user_admin.create(
                ctx, email, f"Ada {local[:12]} Lovelace", Secret(password)
            )
        shown = (("/account", "body"), ("/api/v1/users", "body"), ("/dev/mailbox", "body"))
        # What was typed stays in its field; whoever brings a link sees the address masked, up to its domain.
        self.birds.keep("e-mail address", email, *shown, ("/signin/", "body"), ("/recover", "body"))
        self.birds.keep("name", user.name, *shown)
        return user, password

    async def right(self, client: Client, user: User, password: str) -> dict[str, Any]:
        """Sign in, take the code to the token endpoint, refresh; a stolen refresh token; the account page."""
        place, verifier = self.place, self.fresh("code verifier")
        async with place.server.client() as http:
            browser = Typist(place, http, own=password)
            code = await code_for(place, client, user, browser, code_challenge=challenge_of(verifier))
            self.birds.keep("authorization code", code, ("/oauth2/authorize", "location"))
            await browser.get(f"{place.issuer}/account")
            for cookie in browser.http.cookies.jar:
                self.birds.keep(f"cookie {cookie.name[:20]}", cookie.value or "", ("", "set-cookie"))
        first = (await redeem(place, client, code, code_verifier=verifier)).json()
        second = (await refresh(place, client, first["refresh_token"])).json()
        third = (await refresh(place, client, second["refresh_token"])).json()
        for answer in (first, second, third):
            for name in TOKENS:
                if name in answer:
                    self.birds.keep(name, answer[name], WAY_OUT)
        for spent in (first, third):
            assert (await refresh(place, client, spent["refresh_token"])).status_code == 400
        assert (await redeem(place, client, code, code_verifier=verifier)).status_code == 400
        return first | second

    async def factors(self, user: User, password: str) -> None:
        """Second factors, right and wrong, and a recovery by mail whose link is tried twice."""
        place, services = self.place, self.place.server.services
        async with place.operator() as ctx:
            begun = await services.totp.begin(ctx, user.id, user.email, "Acme")
            secret = self.birds.keep("generator", begun.secret.reveal())
            code = otp.code_at(b32decode(secret), otp.step_at(ctx.now))
            await services.totp.confirm(ctx, user.id, begun.factor_id, Secret(code))
            sheet = [
                self.birds.keep("recovery code", each.reveal())
                for each in await services.recovery_codes.renew(ctx, user.id)
            ]
        async with visitor(place) as browser:
            page = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user, password)
            for typed in (self.fresh("wrong code"), sheet[0]):
                fields = {"kind": "recovery_code", "code": typed, "csrf_token": csrf_of(page)}
                page = await browser.http.post(
                    str(page.url), content=urlencode(fields), headers={**FORM, "origin": place.server.url}
                )
            assert page.status_code == 200
            for cookie in browser.http.cookies.jar:
                self.birds.keep(f"cookie {cookie.name[:20]}", cookie.value or "", ("", "set-cookie"))
        async with place.operator() as ctx:
            link_id = await services.links.create(ctx, "recovery", user_id=user.id, lifetime=RECOVERY_LIFETIME)
            link = await services.links.token(ctx, link_id)
        shown = self.birds.keep("link", link.reveal(), ("/recover", "body"))  # in the form that spends it
        async with visitor(place) as browser:
            for end in ("", "x"):
                await browser.get(f"{place.issuer}/recover?token={shown}{end}")

    async def backend(self) -> tuple[str, str]:
        """A confidential client, and a tour of what it may do with its secret."""
        draft = ClientDraft("Backend", False, frozenset({"client_credentials"}), audiences=(API,))
        client, secret = await self.place.client(replace(draft, scopes=frozenset({"notes:read"})))
        assert secret is not None
        auth = client.word, self.birds.keep("client secret", secret.reveal())
        answer = await token_request(self.place, {"grant_type": "client_credentials"}, auth=auth)
        bearer = self.birds.keep("client's token", answer.json()["access_token"], WAY_OUT)
        for path in ("introspect", "revoke", "introspect"):
            assert (await token_request(self.place, {"token": bearer}, auth=auth, path=path)).status_code == 200
        return auth

    async def provisioned(self) -> None:
        """A directory that makes, finds, changes, deactivates and removes its people, and errs in every way."""
        place = self.place
        async with directory(place) as entra:
            self.birds.keep("SCIM token", entra.token)
            said = {name: self.entropy.bytes(12).hex() for name in PERSONAL}
            for name, value in said.items():
                self.birds.keep(f"SCIM {name}", value, ("/scim/v2", "body"))
            shown = ("/scim/v2", "body"), ("/account", "body"), ("/api/v1/users", "body"), ("/dev/mailbox", "body")
            email = self.birds.keep("SCIM address", f"{self.entropy.bytes(12).hex()}@people.example", *shown)
            typed = self.fresh("SCIM password")
            body = person(said["userName"], title=said["title"], nickName=said["nickName"], password=typed)
            body |= {"externalId": said["externalId"], "phoneNumbers": [{"value": said["phone"], "type": "work"}]}
            made = (await entra.ask("POST", "/Users", body | mailbox(email))).json()
            path = f"/Users/{made['id']}"
            group = await entra.group(said["group"], made["id"])
            for name in ("userName", "externalId", "title"):
                await entra.ask("GET", "/Users", filter=f'{name} eq "{said[name]}"')
            for wrong in (f"{said['title']} eq", f'userName pr and "{typed}"'):
                assert (await entra.ask("GET", "/Users", filter=wrong)).status_code == 400
            assert (await entra.ask("POST", "/Users", body | mailbox(email))).status_code == 409
            bulk = {"method": "POST", "path": "/Users", "bulkId": "b", "data": person(said["nickName"], password=typed)}
            await entra.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": [bulk, {**bulk, "bulkId": "c"}]})
            for operation in (
                {"op": "replace", "path": f'emails[value eq "{typed}"].value', "value": typed},
                {"op": "replace", "path": "password", "value": typed},
                {"op": "replace", "value": {"active": False, "password": typed}},
                {"op": typed, "path": typed},
            ):
                await entra.patch(path, operation)
            for end in ("x", entra.token[:4]):  # in the wrong place, and not the token
                headers = {"authorization": f"Bearer {entra.token}{end}"}
                await entra.http.get(f"{entra.base}/Users?access_token={entra.token}", headers=headers)
            for word in (f"/Groups/{group['id']}", path, path):
                await entra.ask("DELETE", word)

    async def vault(self) -> None:
        """An application that seals, tokenises and keeps secrets, and errs in doing so."""
        rights = ("vault:admin", "vault:encrypt", "vault:decrypt", "secrets:read", "secrets:write")
        _, auth = await program(self.place, *rights)
        self.birds.keep("vault program's secret", auth[1])
        answer = await token_request(self.place, {"grant_type": "client_credentials"}, auth=auth)
        bearer = self.birds.keep("vault program's token", answer.json()["access_token"], WAY_OUT)

        async def ask(verb: str, body: dict[str, Any], status: int = 200, method: str = "POST") -> dict[str, Any]:
            found = await manage(self.place, bearer, method, f"/vault/{verb}", body)
            assert found.status_code == status, found.text
            return found.json() if found.content else {}

        value = b64encode(self.fresh("field", ("/vault/decrypt", "body"), ("/vault/detokenise", "body")).encode())
        plain, row = value.decode(), {"row": self.fresh("context of a field")}
        for name in ("seal", "token"):
            await ask("keys", {"name": name, "purpose": name}, 201)
        sealed = {"key": "seal", "ciphertext": "", "context": row}
        sealed |= await ask("encrypt", {"key": "seal", "plaintext": plain, "context": row})
        assert (await ask("decrypt", sealed))["plaintext"] == plain
        key = await ask("datakeys", {"key": "seal", "context": row})
        self.birds.keep("data key", b64decode(key["plaintext"]), ("/vault/datakeys", "body"))
        await ask("datakeys/unwrap", {"key": "seal", "wrapped": key["wrapped"], "context": row})
        word = await ask("tokenise", {"key": "token", "field": "iban", "plaintext": plain})
        await ask("detokenise", {"key": "token", "field": "iban", **word})
        stored = {"path": "billing/key", "value": self.fresh("stored secret", ("/vault/secrets/read", "body"))}
        owner = self.fresh("metadata of a secret", ("/vault/secrets", "body"))
        await ask("secrets", stored | {"metadata": {"owner": owner}}, method="PUT")
        await ask("secrets/read", {"path": "billing/key"})
        for verb, wrong, status in (
            ("decrypt", sealed | {"context": {}}, 422),
            ("encrypt", {"key": plain, "plaintext": plain, "context": row}, 404),
            ("encrypt", {"key": "seal", "plaintext": plain, "context": row, plain: plain}, 422),
            ("encrypt", {"key": "token", "plaintext": plain, "context": row}, 404),
            ("detokenise", {"key": "token", "field": "iban", "token": plain}, 422),
            ("secrets/read", {"path": "billing/key", "version": stored["value"]}, 422),
        ):
            await ask(verb, wrong, status)
        await ask("secrets", stored | {"expected_version": 7}, 409, "PUT")

    async def wrong(self, user: User, password: str, auth: tuple[str, str], tokens: dict[str, Any]) -> None:
        """Everything that a hasty hand or a hostile one sends."""
        place, client_id = self.place, auth[0]
        typed = self.fresh("wrong password")
        as_email = self.fresh("password typed as an address", ("/signin/", "body"))
        async with visitor(place) as browser:
            page = await browser.get(f"{place.issuer}/signin")
            assert (await browser.sign_in(page, user, typed)).status_code == 401
            fields = {"email": as_email, "password": password, "csrf_token": csrf_of(page)}
            for content in (urlencode(fields), urlencode(fields) + f"&password={password}", f"%ff={password}"):
                await browser.http.post(str(page.url), content=content, headers={**FORM, "origin": place.server.url})
        guess = self.fresh("wrong secret")
        for form, given in (
            ({"grant_type": "client_credentials"}, (client_id, guess)),
            ({"grant_type": "client_credentials", "client_secret": auth[1]}, auth),
            ({"grant_type": "client_credentials", "client_id": client_id, "client_secret": guess}, None),
            ({"grant_type": auth[1]}, auth),
            ({"grant_type": "client_credentials", "scope": auth[1]}, auth),
            ({"grant_type": "authorization_code", "code": guess, "code_verifier": typed}, auth),
        ):
            assert (await token_request(place, form, auth=given)).is_client_error
        await self._everywhere(password, [*(tokens[name] for name in TOKENS), auth[1], guess])

    async def _everywhere(self, password: str, bearers: list[str]) -> None:
        bodies = (f'{{"password":"{password}"', f'{{"password":"{password}","{password}":1}}', f'"{password}"')
        server = self.place.server
        administrator = self.birds.keep("administrator's token", await administrator_token(self.place), WAY_OUT)
        async with server.client() as http:
            for endpoint in endpoints(server):
                path = endpoint.template.replace("{slug}", self.place.slug)
                for bearer in (*bearers, administrator):
                    headers = {"authorization": f"Bearer {bearer}", **JSON_TYPE}
                    content = bodies[len(bearer) % 3] if endpoint.takes_json else None
                    await http.request(endpoint.method, path, content=content, headers=headers)
                for body in bodies if endpoint.takes_json else ():
                    headers = {"authorization": f"Bearer {administrator}", **JSON_TYPE}
                    await http.request(endpoint.method, path, content=body, headers=headers)
                query = urlencode({"access_token": bearers[0], "password": password, "after": password})
                await http.request(endpoint.method, f"{path}?{query}", headers={"authorization": f"Basic {password}"})
            odd = {"host": "evil.example", "x-request-id": password, "user-agent": bearers[0], "origin": password}
            await http.get("/healthz", headers=odd)


async def _keep_keys(place: Place, birds: Aviary) -> None:
    """What the server is made of: its key encryption key, its TLS key and the tenant's signing keys."""
    server = place.server
    assert isinstance(server, Watched)
    birds.keep("key encryption key", server.kek_file.read_text().split()[-1])
    birds.keep("TLS key", server.certificates.key.read_text().splitlines()[1])
    async with place.operator() as ctx:
        for alg in ("ES256", "RS256"):
            private = (await server.services.keys.signer(ctx, alg)).private
            if isinstance(private, EllipticCurvePrivateKey):
                birds.keep(f"{alg} key", private.private_numbers().private_value.to_bytes(32, "big"))
            elif isinstance(private, RSAPrivateKey):
                birds.keep(f"{alg} key", private.private_numbers().p.to_bytes(private.key_size // 16, "big"))


async def _fail_inside(trip: Trip, dsn: str) -> None:
    """A row that no lawful history explains: the server must say "internal", loudly inside and silently outside."""
    user, password = await trip.person()
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(BREAK, (b"\xff" + password.encode(), trip.place.tenant_id, user.id))
    async with visitor(trip.place) as browser:
        page = await browser.get(f"{trip.place.issuer}/signin")
        assert (await browser.sign_in(page, user, password)).status_code == 500
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(BREAK, (b"mended", trip.place.tenant_id, user.id))


@pytest.mark.gauntlet
async def test_no_secret_leaves_its_place(
    scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    birds = Aviary()
    async with (
        collecting() as collector,
        serving(
            scratch.app, tmp_path, birds.answers.append, clock=clock, entropy=entropy, traces_url=collector.url
        ) as server,
    ):
        place = await server.tenant()
        trip = Trip(place, birds)
        await _keep_keys(place, birds)
        user, password = await trip.person()
        client, _ = await place.client(NATIVE)
        tokens = await trip.right(client, user, password)
        auth = await trip.backend()
        await trip.factors(*await trip.person())
        await trip.provisioned()
        await trip.vault()
        await trip.wrong(user, password, auth, tokens)
        await _fail_inside(trip, scratch.superuser)
        await asyncio.sleep(SEND_EVERY + 0.5)
        traces = b"".join(collector.raw)
        output = server.output.read_bytes()
        async with httpx2.AsyncClient() as http:
            metrics = (await http.get(server.metrics)).content
    tables = await dump(scratch.superuser)

    logged, answered = birds.in_text(output), birds.in_answers()
    measured, traced = birds.in_text(metrics), birds.in_text(traces)
    stored = [f"{bird} in {table}" for table, rows in tables.items() for bird in birds.in_text(rows)]
    with capsys.disabled():
        print(
            f"\nG40: {len(birds.canaries)} canaries; {len(output.splitlines())} log lines, {len(birds.answers)} answers"
            f" ({birds.statuses()[500]} of them 500), {len(tables)} tables:"
            f" {len(logged)} logged, {len(measured)} measured, {len(traced)} traced, {len(answered)} answered,"
            f" {len(stored)} stored"
        )
    assert logged == []
    assert measured == []
    assert traced == []
    assert place.slug.encode() not in metrics, "a tenant in a label"
    assert place.slug.encode() not in traces
    assert traces.count(b"airside.request_id") > 500
    assert metrics.count(b"airside_http_request_duration_seconds_count{") > 50
    assert output.count(b'"logger": "airside.access"') > 500
    assert answered == []
    assert stored == []
    assert b"unexpected" in output, "the failure inside was silent"
    assert birds.statuses()[500] >= 1
    assert len(tables) > 20


def test_a_canary_is_found_in_every_spelling() -> None:
    """The hunter itself: raw, in a URL, in hex, in base64 wherever it begins, and cut at the front."""
    birds = Aviary()
    secret = birds.keep("secret", "s3cr3t/with+odd=characters&and-a-tail")
    raw = secret.encode()
    for text in (raw, b"x=" + raw, urlencode({"p": secret}).encode(), raw.hex().encode(), raw[6:]):
        assert birds.in_text(text), text
    assert birds.in_text(b"s3cr3t") == []
