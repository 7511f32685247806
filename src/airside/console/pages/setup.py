"""A customer's own IT sets its connection up: from the mailed link over provider, settings and a test to the end."""

from typing import Final, cast

from starlette.responses import Response
from starlette.routing import Route

from airside.console.context import IssuerOf
from airside.console.entry import EntryDoors, EntryVisit
from airside.console.pages import mailed, setup_connection, setup_domains
from airside.console.pages.leaving import leaving
from airside.console.pages.mailed import outcome
from airside.console.setup_in import Guest, SetupDoors
from airside.console.visit import Form, Visit, onward
from airside.core.errors import Conflict, Forbidden, InvalidInput, LimitExceeded, NotFound, Unavailable
from airside.core.secret import Secret
from airside.federation import (
    PROVIDERS,
    ConnectionKind,
    SetupDirectory,
    SetupDomains,
    SetupPortal,
    SetupProvider,
    Setups,
    SetupTrials,
)
from airside.shield.cookies import HostCookie, expired
from airside.signin import setup_cookie, signin_path

ENTRY: Final = "setup"
KINDS: Final[tuple[ConnectionKind, ...]] = ("saml", "oidc")


class SetupPages:
    """Shows where the setup stands and takes one step after another."""

    def __init__(
        self,
        *,
        setups: Setups,
        portal: SetupPortal,
        domains: SetupDomains,
        directory: SetupDirectory,
        trials: SetupTrials,
        issuer: IssuerOf,
    ) -> None:
        self._setups = setups
        self._portal = portal
        self._domains = domains
        self._directory = directory
        self._trials = trials
        self.connection = setup_connection.ConnectionPages(setups=setups, portal=portal, issuer=issuer)
        self.domains = setup_domains.DomainPages(setups=setups, domains=domains)
        self.directory = setup_domains.DirectoryPages(directory=directory, issuer=issuer)

    async def show(self, entry: EntryVisit) -> Response:
        """`GET /t/{slug}/setup?token=…`: spends nothing, for mail scanners follow links."""
        visit, token = entry.visit, mailed.token_of(entry.visit)
        if token is None:
            return await mailed.over(visit)
        try:
            setup = await self._setups.look(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        words = visit.words
        return mailed.ask(
            entry,
            token,
            title=words("setup.title"),
            lead=words("setup.lead", brand=visit.brand.name, name=setup.name),
            text=words("setup.about"),
            submit=words("setup.begin"),
            action="setup",
        )

    async def start(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/setup`: spends the link; this browser goes on."""
        visit, token = entry.visit, Secret(form[mailed.TOKEN])
        try:
            setup = await self._setups.look(visit.ctx, token)
            secret = await self._setups.start(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        age = int((setup.expires_at - visit.ctx.now).total_seconds())
        cookie = HostCookie(setup_cookie(visit.ctx.tenant_id), secret.reveal(), "Lax", age)
        return onward(f"/t/{visit.slug}/setup/steps", (cookie,))

    async def steps(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/steps`: what is done, and what is left."""
        return await self._steps(guest)

    async def provider(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/provider`."""
        setup = guest.setup
        return _choice(guest, setup.provider or "", setup.kind or "", {})

    async def choose(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/provider`."""
        provider, kind = form["provider"], form["kind"]
        problems = {
            name: guest.visit.words.of("wrong", name)
            for name, value, known in (("provider", provider, PROVIDERS), ("kind", kind, KINDS))
            if value not in known
        }
        if problems:
            return _choice(guest, provider, kind, problems)
        chosen = cast("SetupProvider", provider), cast("ConnectionKind", kind)
        try:
            await self._portal.choose(guest.ctx, guest.access, *chosen)
        except Conflict:
            return _choice(guest, provider, kind, {"kind": guest.visit.words.of("wrong", "kind_kept")})
        return onward(f"/t/{guest.visit.slug}/setup/connection")

    async def test(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/test`: what the last one brought."""
        return await self._test(guest)

    async def begin_test(self, guest: Guest, _form: Form) -> Response:
        """`POST /t/{slug}/setup/test`: away to the provider."""
        try:
            departure = await self._trials.lead(guest.ctx, guest.access)
        except LimitExceeded as refusal:
            return await self._test(guest, limited=refusal)
        except (Unavailable, InvalidInput):
            return await self._test(guest, {"form": guest.words("wrong.away")})
        except Forbidden:
            return await self._test(guest, {"form": guest.words("wrong.many")})
        except Conflict:
            return onward(f"/t/{guest.visit.slug}/setup/steps")
        return leaving(guest.visit, departure)

    async def arrived(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/arrived?kind=…&answer=…`: what came back, looked at once."""
        query = guest.visit.request.query_params
        try:
            await self._trials.take(guest.ctx, guest.access, query.get("kind", ""), query.get("answer", ""))
        except LimitExceeded as refusal:
            return await self._test(guest, limited=refusal)
        except Conflict:
            return onward(f"/t/{guest.visit.slug}/setup/steps")
        return onward(f"/t/{guest.visit.slug}/setup/test")

    async def finish(self, guest: Guest, _form: Form) -> Response:
        """`POST /t/{slug}/setup/finish`: the sign-in page offers the connection; the secret is forgotten."""
        try:
            connection = await self._portal.finish(guest.ctx, guest.access)
        except Conflict:
            return onward(f"/t/{guest.visit.slug}/setup/steps")
        visit = guest.visit
        return visit.message(
            visit.words("setup.finished_title"),
            visit.words("setup.finished", name=connection.name, brand=visit.brand.name),
            onward=signin_path(visit.slug),
            onward_words=visit.words("signin.title"),
            cookies=(expired(setup_cookie(visit.ctx.tenant_id), "Lax"),),
        )

    async def _steps(self, guest: Guest) -> Response:
        setup = guest.setup
        connection = await self._portal.connection(guest.ctx, guest.access)
        return guest.page(
            "setup_steps.html",
            connection=connection,
            tests=setup.kind is not None and self._trials.offers(setup.kind),
            domains=await self._domains.list(guest.ctx, guest.access),
            tokens=connection is not None and setup.provisions and await self._directory.list(guest.ctx, guest.access),
            ends=[] if connection is None else setup_connection.certificates_of(connection),
        )

    async def _test(
        self, guest: Guest, problems: dict[str, str] | None = None, limited: LimitExceeded | None = None
    ) -> Response:
        connection = await self._portal.connection(guest.ctx, guest.access)
        if connection is None or not self._trials.offers(connection.kind):
            return onward(f"/t/{guest.visit.slug}/setup/steps")
        test = guest.setup.test
        refusal = "" if test is None or not test.refusal else _why(guest.visit, test.refusal)
        words = guest.visit.words
        claims = [] if test is None else [(words.of("arrived", name), text) for name, text in test.claims.items()]
        said = outcome(problems or {}, limited)
        return guest.page("setup_test.html", **said, test=test, refusal=refusal, claims=claims)


def routes(entries: EntryDoors, doors: SetupDoors, pages: SetupPages) -> list[Route]:
    """The routes of the setup portal."""
    path = "/t/{slug}/setup"
    return [
        Route(path, entries.page(ENTRY, pages.show), methods=["GET"]),
        Route(path, entries.form(ENTRY, pages.start, (mailed.TOKEN,)), methods=["POST"]),
        Route(f"{path}/steps", doors.page(pages.steps), methods=["GET"]),
        Route(f"{path}/provider", doors.page(pages.provider), methods=["GET"]),
        Route(f"{path}/provider", doors.form(pages.choose, ("provider", "kind")), methods=["POST"]),
        *setup_connection.routes(doors, pages.connection),
        *setup_domains.routes(doors, pages.domains, pages.directory),
        Route(f"{path}/test", doors.page(pages.test), methods=["GET"]),
        Route(f"{path}/test", doors.form(pages.begin_test), methods=["POST"]),
        Route(f"{path}/arrived", doors.page(pages.arrived), methods=["GET"]),
        Route(f"{path}/finish", doors.form(pages.finish), methods=["POST"]),
    ]


def _choice(guest: Guest, provider: str, kind: str, problems: dict[str, str]) -> Response:
    return guest.page(
        "setup_provider.html", **outcome(problems), providers=PROVIDERS, kinds=KINDS, provider=provider, kind=kind
    )


def _why(visit: Visit, refusal: str) -> str:
    """What is known of a refusal in words. The word that the journal has stands beside it."""
    said = refusal.removeprefix("saml_")
    for kind in ("status", "id_token"):
        said = kind if said.startswith(f"{kind}_") else said
    key = said if f"why.{said}" in visit.words.words else "unknown"
    return visit.words.of("why", key)
