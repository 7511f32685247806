"""The setup portal's part of the walk through every page: as somebody takes it who was invited, with every outcome."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from playwright.async_api import Page

from airside.federation import SetupDraft, SetupTest, records_setup
from tests.federation.certificates import pem_of
from tests.running import Place

LONG: Final = " Research and Development Services Limited"
ISSUER: Final = "https://sts.windows.net/7f1d8f6a-0f5e-4e44-8f2d-1c2b3a4d5e6f/"
PROVEN: Final = """
update airside.tenant_domain set verified_at = created_at, seen_at = created_at, checked_at = created_at
where tenant_id = %s and domain = %s
"""


class Walker(Protocol):
    """Whoever walks; `pages.Walk` does."""

    @property
    def place(self) -> Place: ...
    @property
    def page(self) -> Page: ...
    @property
    def name(self) -> str: ...
    @property
    def at(self) -> str: ...
    @property
    def now(self) -> datetime: ...

    async def send(self, form: str = ...) -> None:
        """Press the button of `form` and wait for what comes."""
        ...


async def setting_up(walk: Walker) -> AsyncGenerator[str]:
    """Every page of the portal, by name."""
    page, services = walk.page, walk.place.server.services
    async with walk.place.operator() as ctx:
        draft = SetupDraft(f"{walk.name[:120]}{LONG}", "it@example.com", provisions=True)
        made, url = await services.setup_admin.create(ctx, draft)
    await page.goto(url.reveal())
    yield "setup"
    await walk.send()
    yield "setup-steps"
    async for step in _connecting(walk):
        yield step
    await page.goto(f"{walk.at}/setup/test")
    yield "setup-test"
    for name, test in _tests(walk).items():
        await _keep(walk, made.id, test)
        await page.goto(f"{walk.at}/setup/test")
        yield name
    async for step in _proving(walk):
        yield step
    await page.goto(f"{walk.at}/setup/directory")
    yield "setup-directory"
    await walk.send()
    yield "setup-directory-token"
    await page.goto(f"{walk.at}/setup/steps")
    yield "setup-steps-all"
    await walk.send()
    yield "setup-finished"
    await page.context.clear_cookies()
    await page.goto(f"{walk.at}/signin")
    yield "signin-connections"


async def _connecting(walk: Walker) -> AsyncGenerator[str]:
    page = walk.page
    await page.goto(f"{walk.at}/setup/provider")
    yield "setup-provider"
    await walk.send()
    yield "setup-provider-refused"
    await _choose(walk, "entra", "saml")
    yield "setup-saml-entra"
    await page.fill("#metadata", "<nothing/>")
    await walk.send()
    yield "setup-saml-refused"
    await page.fill("#metadata", "")
    await page.click("summary")
    await page.fill("#entity_id", ISSUER)
    await page.fill("#sso_url", "https://idp.example.com/sso")
    await page.fill("#certificates", pem_of("idp.example.com"))
    await walk.send()
    yield "setup-steps-set"
    await page.goto(f"{walk.at}/setup/connection")
    yield "setup-saml-set"
    await page.goto(f"{walk.at}/setup/provider")
    await _choose(walk, "google", "oidc")
    await page.fill("#client_id", "airside")
    await walk.send()
    yield "setup-oidc-refused"
    await page.fill("#client_secret", "hush")
    await walk.send()


async def _proving(walk: Walker) -> AsyncGenerator[str]:
    page = walk.page
    await page.goto(f"{walk.at}/setup/domains")
    await walk.send()
    yield "setup-domains-refused"
    for domain in ("contoso.com", "research-and-development.subsidiary.contoso.co.uk"):
        await page.fill("#domain", domain)
        await walk.send()
    yield "setup-domains"
    async with walk.place.operator() as ctx:
        await ctx.tx.run(PROVEN, (ctx.tenant_id, "contoso.com"))
    await page.goto(f"{walk.at}/setup/domains")
    yield "setup-domains-proven"


async def _choose(walk: Walker, provider: str, kind: str) -> None:
    await walk.page.check(f"input[value={provider}]")
    await walk.page.check(f"input[value={kind}]")
    await walk.send()


async def _keep(walk: Walker, setup_id: UUID, test: SetupTest) -> None:
    services = walk.place.server.services
    async with walk.place.operator() as ctx:
        assert await records_setup.keep_test(ctx, await services.vault.keyset(ctx), setup_id, test)


def _tests(walk: Walker) -> dict[str, SetupTest]:
    received = {
        walk.name: (walk.name, "Research"),
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ("ada@example.com",),
    }
    claims = {
        "message": "Response",
        "holds": "Assertion",
        "signed": "Response, Assertion",
        "algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "issuer": ISSUER,
        "destination": f"{walk.at}/saml/con_01jd3v8e5x7m2k9q4w6r8t0y1z/acs",
        "audience": walk.name,
        "issued": "2026-11-28T12:00:00Z",
        "bytes": "6120",
    }
    roles = (walk.name,)
    return {
        "setup-test-taken": SetupTest(
            walk.now, subject="u-1", email="ada@example.com", name=walk.name, attributes=received, roles=roles
        ),
        "setup-test-refused": SetupTest(walk.now, refusal="saml_signature", claims=claims),
        "setup-test-refused-signed": SetupTest(walk.now, refusal="saml_audience", claims=claims, attributes=received),
    }
