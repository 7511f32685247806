"""`airside tour`: the main job, step by step, against the running server over real HTTPS.

It makes two people and an application of its own in the demonstration tenant, as the local operator, and disables
them at the end. Everything in between goes over the wire, as a browser, a client and a resource server would.
"""

import asyncio
import sys
from base64 import b32decode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from rich.text import Text

from airside.admin import OPERATOR
from airside.audit import verify_tenant
from airside.cli.audit import describe
from airside.cli.demonstration import SLUG
from airside.cli.session import err, opened, out, plain_refusals, settings_for_people
from airside.core.entropy import token
from airside.core.errors import Misconfigured, Unavailable
from airside.core.ids import USER, format_id
from airside.core.secret import Secret
from airside.fetch.visitor import Visitor, hidden_fields, parameters, pkce, refresh_target
from airside.identity import User
from airside.oauth import Client, ClientDraft
from airside.protocols import otp
from airside.store import RequestContext
from airside.tenancy import Role
from airside.wiring.build import Services
from airside.wiring.settings import Settings

REDIRECT: Final = "https://localhost:9443/tour"
SCOPE: Final = "openid users:read"
ENOUGH: Final = 1.0
"""Seconds in which a revocation must take hold everywhere."""


class Differs(Exception):
    """A step went another way than it must."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the tour. Whoever manages has a second factor, and a sheet of codes that stand in for it: each
    sign-in of theirs takes the next."""

    user: User
    password: Secret[str]
    sheet: list[Secret[str]]

    @property
    def word(self) -> str:
        """As the permission engine knows them."""
        return f"user:{format_id(USER, self.user.id)}"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the tour walks on."""

    services: Services
    origin: str
    issuer: str
    trust: Path
    administrator: Person
    member: Person
    client: Client
    secret: Secret[str]
    store_id: str

    @property
    def credentials(self) -> tuple[str, str]:
        """The application's id and secret."""
        return self.client.word, self.secret.reveal()


def run() -> None:
    """Walk; exit 1 if any step differs."""
    with plain_refusals():
        settings = settings_for_people()
        if settings.mode != "development":
            raise Misconfigured("AIRSIDE_MODE", "is production: the tour walks through a development server")
        sys.exit(asyncio.run(_run(settings)))


async def _run(settings: Settings) -> int:
    steps: list[tuple[str, Callable[[Stage], Awaitable[str]]]] = [
        ("nobody asks for the list of users", _nobody),
        ("an administrator signs in by the forms, with two factors, and asks", _administrator),
        ("a member signs in by the form, and asks", _member),
        ("a relation is written, and the answer changes", _relation),
        ("a refresh, then a stolen refresh token", _stolen_refresh),
        ("a token is revoked", _revocation),
        ("the audit log is verified", _audit),
    ]
    if not await _answers(settings):
        err.print(f"nothing answers at {settings.public_url}: start the server first, with `make run`")
        return 1
    async with opened(settings) as services, _stage(services, settings) as stage:
        for words, step in steps:
            started = services.clock.monotonic()
            try:
                said = await step(stage)
            except Differs as differs:
                out.print(Text.assemble(("✗", "red"), f" {words}: {differs}"))
                return 1
            took = f" ({(services.clock.monotonic() - started) * 1000:.0f} ms)"
            out.print(Text.assemble(("✓", "green"), f" {words}: {said}", (took, "dim")))
    out.print("Every step went as it must.")
    return 0


async def _answers(settings: Settings) -> bool:
    try:
        async with Visitor(settings.public_url, trust=_trust(settings)) as visitor:
            return (await visitor.get("/readyz")).status == 200
    except (Unavailable, OSError):
        return False


def _trust(settings: Settings) -> Path:
    return settings.data / "tls" / "ca.pem"


@asynccontextmanager
async def _stage(services: Services, settings: Settings) -> AsyncGenerator[Stage]:
    tenant_id = await services.platform.find(SLUG)
    async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
        issuer = await services.issuer(ctx)
        administrator = await _person(services, ctx, "administrator")
        member = await _person(services, ctx, "member")
        client, secret = await services.client_admin.create(ctx, _draft(issuer))
        store_id = (await services.tenants.current(ctx)).default_store_id
    assert secret is not None  # noqa: S101 - the client isn't public
    trust = _trust(settings)
    try:
        yield Stage(services, settings.public_url, issuer, trust, administrator, member, client, secret, store_id)
    finally:
        async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
            for person in (administrator, member):
                await services.user_admin.set_state(ctx, person.user.id, "disabled")
            await services.client_admin.disable(ctx, client.client_id)


async def _person(services: Services, ctx: RequestContext, role: Role) -> Person:
    password = Secret(token(services.entropy, 96))
    email = f"tour-{role}-{token(services.entropy, 48)}@demo.example"
    user = await services.user_admin.create(ctx, email, f"Tour {role.title()}", password)
    await services.member_admin.grant(ctx, user.id, role)
    return Person(user, password, await _sheet(services, ctx, user) if role == "administrator" else [])


async def _sheet(services: Services, ctx: RequestContext, user: User) -> list[Secret[str]]:
    """Recovery codes, beside the app that they stand in for: a code of an app is good once in half a minute."""
    begun = await services.totp.begin(ctx, user.id, user.email, "Tour")
    code = otp.code_at(b32decode(begun.secret.reveal()), otp.step_at(ctx.now))
    await services.totp.confirm(ctx, user.id, begun.factor_id, Secret(code))
    return list(await services.recovery_codes.renew(ctx, user.id))


def _draft(issuer: str) -> ClientDraft:
    return ClientDraft(
        name="Tour",
        public=False,
        grants=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
        redirect_uris=(REDIRECT,),
        scopes=frozenset({*SCOPE.split(), "permissions:check", "permissions:write"}),
        audiences=(issuer,),
    )


async def _nobody(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        answer = await visitor.get(f"{stage.issuer}/api/v1/users")
    _expect(answer.status, 401)
    return "401"


async def _administrator(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        tokens = await _sign_in(stage, visitor, stage.administrator)
        _expect((await _users(stage, visitor, tokens)), 200)
    return "code to tokens, then 200"


async def _member(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        tokens = await _sign_in(stage, visitor, stage.member)
        _expect((await _users(stage, visitor, tokens)), 403)
    return "code to tokens, then 403"


async def _relation(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        fields = {"grant_type": "client_credentials", "scope": "permissions:check permissions:write"}
        bearer = (await _token(stage, visitor, fields))["access_token"]
        key = {"user": stage.member.word, "relation": "viewer", "object": f"note:tour-{stage.client.word}"}
        store = f"/stores/{stage.store_id}"
        _expect(await _allowed(visitor, store, key, bearer), False)
        status, _ = await visitor.ask(f"{store}/write", {"writes": {"tuple_keys": [key]}}, bearer=bearer)
        _expect(status, 200)
        _expect(await _allowed(visitor, store, key, bearer), True)
        await visitor.ask(f"{store}/write", {"deletes": {"tuple_keys": [key]}}, bearer=bearer)
    return "no, then yes"


async def _stolen_refresh(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        first = await _sign_in(stage, visitor, stage.administrator)
        second = await _refresh(stage, visitor, first)
        third = await _refresh(stage, visitor, second)
        _expect(await _users(stage, visitor, third), 200)
        status, said = await _try_refresh(stage, visitor, first)
        _expect((status, said.get("error")), (400, "invalid_grant"))
        status, said = await _try_refresh(stage, visitor, third)
        _expect((status, said.get("error")), (400, "invalid_grant"))
        seconds = await _until_refused(stage, visitor, third)
    return f"caught: the family and its access tokens ended ({seconds * 1000:.0f} ms)"


async def _revocation(stage: Stage) -> str:
    async with Visitor(stage.origin, trust=stage.trust) as visitor:
        tokens = await _sign_in(stage, visitor, stage.administrator)
        _expect(await _users(stage, visitor, tokens), 200)
        fields = {"token": tokens["access_token"]}
        status, _ = await visitor.exchange(f"{stage.issuer}/oauth2/revoke", fields, client=stage.credentials)
        _expect(status, 200)
        seconds = await _until_refused(stage, visitor, tokens)
    return f"refused {seconds * 1000:.0f} ms later"


async def _audit(stage: Stage) -> str:
    tenant_id = await stage.services.platform.find(SLUG)
    for _ in range(40):
        async with stage.services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
            report = await verify_tenant(ctx)
        if not report.sound:
            raise Differs("; ".join(f"{problem.kind} {problem.where}" for problem in report.problems[:3]))
        if report.head is not None and not report.younger:
            return describe(report)
        await asyncio.sleep(0.1)
    raise Differs("no signed head over the whole log within 4 s")


async def _sign_in(stage: Stage, visitor: Visitor, person: Person) -> dict[str, Any]:
    """Authorization code + PKCE, through the hosted page (RFC 6749 §4.1, RFC 7636)."""
    visitor.cookies.clear()
    verifier, challenge = pkce(stage.services.entropy)
    state = token(stage.services.entropy)
    query = {
        "response_type": "code",
        "client_id": stage.client.word,
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    started = await visitor.get(f"{stage.issuer}/oauth2/authorize?{urlencode(query)}")
    _expect(started.status, 303)
    address = started.headers["location"]
    page = await visitor.get(address)
    _expect(page.status, 200)
    answers = {"kind": "password", "email": person.user.email, "password": person.password.reveal()}
    signed_in = await visitor.submit(address, hidden_fields(page.body) | answers)
    _expect(signed_in.status, 200)
    if person.sheet:
        second = {"kind": "recovery_code", "code": person.sheet.pop().reveal()}
        signed_in = await visitor.submit(address, hidden_fields(signed_in.body) | second)
        _expect(signed_in.status, 200)
    back = await visitor.get(refresh_target(signed_in.body) or "/")
    _expect(back.status, 303)
    brought = parameters(back.headers["location"])
    _expect((brought.get("state"), brought.get("iss")), (state, stage.issuer))
    fields = {
        "grant_type": "authorization_code",
        "code": brought.get("code", ""),
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    }
    return await _token(stage, visitor, fields)


async def _allowed(visitor: Visitor, store: str, key: dict[str, str], bearer: str) -> bool:
    status, said = await visitor.ask(f"{store}/check", {"tuple_key": key}, bearer=bearer)
    _expect(status, 200)
    return said["allowed"]


async def _token(stage: Stage, visitor: Visitor, fields: dict[str, str]) -> dict[str, Any]:
    status, said = await visitor.exchange(f"{stage.issuer}/oauth2/token", fields, client=stage.credentials)
    _expect(status, 200)
    return said


async def _try_refresh(stage: Stage, visitor: Visitor, tokens: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return await visitor.exchange(f"{stage.issuer}/oauth2/token", fields, client=stage.credentials)


async def _refresh(stage: Stage, visitor: Visitor, tokens: dict[str, Any]) -> dict[str, Any]:
    status, said = await _try_refresh(stage, visitor, tokens)
    _expect(status, 200)
    return said


async def _users(stage: Stage, visitor: Visitor, tokens: dict[str, Any]) -> int:
    return (await visitor.get(f"{stage.issuer}/api/v1/users", bearer=tokens["access_token"])).status


async def _until_refused(stage: Stage, visitor: Visitor, tokens: dict[str, Any]) -> float:
    clock = stage.services.clock
    started = clock.monotonic()
    while (passed := clock.monotonic() - started) <= ENOUGH:
        if await _users(stage, visitor, tokens) == 401:
            return passed
        await asyncio.sleep(0.01)
    raise Differs(f"still accepted after {ENOUGH:.0f} s")


def _expect(got: object, wanted: object) -> None:
    if got != wanted:
        raise Differs(f"expected {wanted}, got {got}")
