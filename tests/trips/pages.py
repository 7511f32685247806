"""A walk through every hosted page in a real browser, as one person after another would take it."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from playwright.async_api import Page

from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.federation import ConnectionDraft, OidcSettings, records_identities
from airside.federation.model import ExternalIdentity
from airside.identity import User
from airside.identity.links import Purpose
from airside.oauth import ClientSettings
from airside.oauth.device_model import DeviceRequest
from airside.protocols import otp
from airside.tenancy import TenantPolicy
from tests.oauth.grants_kit import TELEVISION
from tests.running import PASSWORD, Place
from tests.trips.setup_pages import LONG, setting_up
from tests.trips.test_login_in_a_browser import callback
from tests.trips.visitor import NATIVE, request_url

SOON = "correct horse battery staple"


ON_THE_WAY = timedelta(seconds=12)


@dataclass(frozen=True)
class _Row:
    link_id: UUID


class App:
    """Makes codes of a secret, each of a later step: the server takes three steps, and each once."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._next = 0
        self.last = ""

    @classmethod
    def typed_in(cls, shown: str) -> "App":
        """Of the secret that a page shows."""
        return cls(base64.b32decode(shown.replace(" ", "")))

    def code(self, now: datetime) -> str:
        """One that wasn't given before, and is still good when a slow browser has sent it."""
        self._next = max(self._next, otp.step_at(now + ON_THE_WAY) - 1)
        self.last = otp.code_at(self._secret, self._next)
        self._next += 1
        return self.last


@dataclass
class Walk:
    """One tenant and the page that walks through it. `name` is what its people and applications are called; it may
    change between two steps."""

    place: Place
    page: Page
    name: str = "Ada Lovelace"

    @property
    def at(self) -> str:
        return self.place.issuer

    async def steps(self) -> AsyncGenerator[str]:
        """Every page once, by name; the caller looks at it as it is."""
        await self.demand(TenantPolicy(signup="open"))
        async for step in self._entering():
            yield step
        async for step in self._following_links():
            yield step
        async for step in self._keeping_the_account():
            yield step
        async for step in self._letting_a_device_in():
            yield step
        async for step in self._proving_twice():
            yield step
        async for step in self._letting_applications_in():
            yield step
        async for step in setting_up(self):
            yield step

    async def demand(self, policy: TenantPolicy) -> None:
        """The tenant's policy from now on."""
        services = self.place.server.services
        async with self.place.operator() as ctx:
            version = (await services.policies.stored(ctx)).version
            await services.policies.change(ctx, version, policy)

    async def user(self) -> User:
        """Somebody with `PASSWORD`."""
        services = self.place.server.services
        email = f"{services.entropy.bytes(6).hex()}@example.com"
        async with self.place.operator() as ctx:
            user = await services.users.create(ctx, email, self.name)
            await services.passwords.set(ctx, user.id, Secret(PASSWORD))
        return user

    async def token(self, purpose: Purpose) -> str:
        """The token of the newest link of that purpose, as its mail carries it."""
        query = """select link_id from airside.action_link where tenant_id = %s and purpose = %s
                   order by link_id desc limit 1"""
        async with self.place.operator() as ctx:
            row = await ctx.tx.one(_Row, query, (ctx.tenant_id, purpose))
            assert row is not None
            return (await self.place.server.services.links.token(ctx, row.link_id)).reveal()

    async def _known_elsewhere(self, user: User) -> None:
        """At two providers, one of which has a long name."""
        services = self.place.server.services
        settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        async with self.place.operator() as ctx:
            keyset, seals = await services.vault.keyset(ctx), await services.vault.persons.seals(ctx, user.id)
            for name in ("Contoso", self.name[:120] + LONG):
                made = await services.connections.create(ctx, ConnectionDraft(name, settings, shown=False))
                identity_id = uuid7(ctx.now, services.entropy)
                identity = ExternalIdentity(identity_id, made.id, user.id, name, ctx.now, ctx.now)
                assert await records_identities.insert(ctx, keyset, seals, identity)

    async def sign_in(self, user: User, password: str = PASSWORD) -> None:
        """The sign-in page's form, filled in and sent."""
        await self.page.goto(f"{self.at}/signin")
        await self.page.fill("#email", user.email)
        await self.page.fill("#password", password)
        await self.send()

    async def send(self, form: str = "main form:has(button.primary:visible)") -> None:
        """Press the button of `form` and wait for what comes."""
        button = self.page.locator(form).first.locator("button")
        async with self.page.expect_navigation():
            await button.click()

    async def _entering(self) -> AsyncGenerator[str]:
        page = self.page
        user = await self.user()
        await page.goto(f"{self.at}/signin")
        yield "signin"
        await self.sign_in(user, "not the password")
        yield "signin-refused"
        await page.goto(f"{self.at}/signin/nothing")
        yield "missing"
        await page.goto(f"{self.at}/signup")
        yield "signup"
        await page.fill("#email", "no address")
        await page.fill("#name", self.name)
        await page.fill("#password", "short")
        await self.send()
        yield "signup-refused"
        await page.fill("#email", "grace@example.com")
        await page.fill("#password", "password1234")
        await self.send()
        yield "signup-weak"
        await page.fill("#password", SOON)
        await self.send()
        yield "signup-sent"
        await page.goto(f"{self.at}/recover")
        yield "recover"
        await self.send()
        yield "recover-refused"
        await page.fill("#email", user.email)
        await self.send()
        yield "recover-sent"

    async def _following_links(self) -> AsyncGenerator[str]:
        page, services = self.page, self.place.server.services
        await page.goto(f"{self.at}/signup?token={await self.token('signup')}")
        yield "signup-confirm"
        await page.fill("#password", "another password than that")
        await self.send()
        yield "signup-confirm-refused"
        await page.fill("#password", SOON)
        await self.send()
        yield "signup-done"
        await page.goto(f"{self.at}/recover?token={await self.token('recovery')}")
        yield "recover-confirm"
        await page.fill("#password", "short")
        await self.send()
        yield "recover-confirm-refused"
        await page.fill("#password", SOON)
        await self.send()
        yield "recover-done"
        async with self.place.operator() as ctx:
            await services.invitations.create(ctx, "guest@example.com", self.name, ["member"], "operator:test")
        await page.goto(f"{self.at}/invitation?token={await self.token('invitation')}")
        yield "invitation"
        await page.goto(f"{self.at}/invitation?token=none")
        yield "link-over"
        user = await self.user()
        async with self.place.operator() as ctx:
            await services.verification.request(ctx, user.id)
        await page.goto(f"{self.at}/verify?token={await self.token('verify_email')}")
        yield "verify"
        await self.send()
        yield "verify-done"

    async def _keeping_the_account(self) -> AsyncGenerator[str]:
        page = self.page
        user = await self.user()
        await self.sign_in(user)
        account = f"{self.at}/account"
        await page.wait_for_url(account)  # the page between leads on by itself
        for path in ("", "password", "factors", "passkeys", "passkeys/new", "sessions", "activity", "data"):
            await page.goto(f"{account}/{path}".rstrip("/"))
            yield "account" + ("-" + path.replace("/", "-") if path else "")
        await self._known_elsewhere(user)
        await page.goto(f"{account}/elsewhere")
        yield "account-elsewhere"
        await self.send("form[action$='/remove'] >> nth=0")
        yield "account-elsewhere-removed"
        await page.goto(f"{account}/password")
        await page.fill("#current", "wrong")
        await page.fill("#password", SOON)
        await self.send()
        yield "account-password-refused"
        await page.goto(f"{account}/data")
        await page.fill("#confirmation", "nobody@example.com")
        await self.send("form[action$='/delete']")
        yield "account-data-refused"
        await page.goto(f"{account}/factors")
        await self.send("form[action$='/totp']")
        yield "account-totp"
        app = App.typed_in(await page.locator(".secret code").inner_text())
        await page.fill("#code", "abc")
        await self.send()
        yield "account-totp-refused"
        await page.fill("#code", app.code(self.now))
        await self.send()
        assert await page.locator("#code").count() == 0, "the code was refused"
        yield "account-codes"
        await page.goto(f"{account}/factors")
        yield "account-factors-set"
        await self.send("form[action$='/signout']")
        yield "signed-out"
        await self.sign_in(user)
        yield "second-totp"
        await page.fill("#code", "abc")
        await self.send()
        yield "second-refused"
        await page.goto(page.url.partition("?")[0] + "?with=recovery_code")
        yield "second-recovery-code"

    async def _letting_a_device_in(self) -> AsyncGenerator[str]:
        page, services = self.page, self.place.server.services
        async with self.place.operator() as ctx:
            client, _ = await services.clients.create(ctx, replace(TELEVISION, name=self.name))
            request = DeviceRequest(client.client_id, client.scopes)
            yes, no = [await services.device_authorizations.begin(ctx, client, request) for _ in range(2)]
        await self.page.context.clear_cookies()
        await page.goto(f"{self.at}/device?user_code={yes.user_code.reveal()}")
        user = await self.user()
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await self.send()
        await page.wait_for_url(f"{self.at}/device?user_code=*")
        yield "device"
        await page.fill("#user_code", "BBBB-BBBB")
        await self.send()
        yield "device-unknown"
        await page.fill("#user_code", yes.user_code.reveal().lower())
        await self.send()
        yield "device-answer"
        await page.click("button[value=approve]")
        yield "device-approved"
        await page.goto(f"{self.at}/device")
        await page.fill("#user_code", no.user_code.reveal())
        await self.send()
        await page.click("button[value=deny]")
        yield "device-denied"

    async def _proving_twice(self) -> AsyncGenerator[str]:
        user = await self.user()
        await self.demand(TenantPolicy(minimum_assurance="aal2"))
        await self.sign_in(user)
        yield "enrol"
        await self.page.goto(self.page.url.partition("?")[0] + "?with=enrol_totp")
        yield "enrol-totp"
        await self.demand(TenantPolicy())
        async with self.place.operator() as ctx:
            await self.place.server.services.passwords.demand_change(ctx, user.id)
        await self.sign_in(user)
        yield "new-password"
        await self.page.fill("#current", PASSWORD)
        await self.page.fill("#password", "short")
        await self.send()
        yield "new-password-refused"

    async def _letting_applications_in(self) -> AsyncGenerator[str]:
        page, user = self.page, await self.user()
        settings = ClientSettings(party="third", client_uri="https://notes.example/", tos_uri="https://notes.example/t")
        scopes = NATIVE.scopes | {"email", "offline_access"}
        draft = replace(NATIVE, name=self.name[:200], scopes=scopes, settings=settings)
        client, _ = await self.place.client(draft)
        await page.context.clear_cookies()
        await self.sign_in(user)
        await page.wait_for_url(f"{self.at}/account")
        async with callback() as there:
            address = partial(request_url, self.place, client, redirect_uri=there.uri)
            await page.goto(address(redirect_uri="https://other.example/"))
            yield "request-refused"
            await page.goto(address())
            yield "consent"
            await page.click("button[value=allow]")
            await page.wait_for_url(f"{there.uri}**")
            await page.goto(address(scope="openid notes:read email offline_access"))
            yield "consent-more"
        await page.goto(f"{self.at}/account/applications")
        yield "account-applications"
        await page.goto(f"{self.at}/oauth2/logout?client_id={client.word}")
        yield "signout"
        await self.send()
        yield "signed-out-by-application"

    @property
    def now(self) -> datetime:
        """The server's moment."""
        return self.place.server.services.clock.now()
