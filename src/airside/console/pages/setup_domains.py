"""The setup portal's pages of domains and of the directory: what to put into DNS, and a token that is shown once."""

from contextlib import suppress
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from airside.console.context import IssuerOf
from airside.console.pages.mailed import outcome
from airside.console.setup_in import Guest, SetupDoors
from airside.console.visit import Form, onward
from airside.core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Unavailable
from airside.core.ids import DOMAIN, TOKEN, format_id, parse_id
from airside.core.secret import Secret
from airside.federation import MAX_SETUP_DOMAINS, SetupDirectory, SetupDomains, Setups


class DomainPages:
    """Takes domains, shows how each is proven, and looks for the proof."""

    def __init__(self, *, setups: Setups, domains: SetupDomains) -> None:
        self._setups = setups
        self._domains = domains

    async def show(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/domains`."""
        return await self._page(guest)

    async def add(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/domains`."""
        try:
            await self._domains.add(guest.ctx, guest.access, form["domain"].strip())
        except InvalidInput:
            return await self._page(guest, {"domain": guest.visit.words.of("wrong", "domain")}, form["domain"])
        except Conflict as refusal:
            word = "domains_full" if "max" in refusal.data else "domain_known"
            return await self._page(guest, {"domain": guest.visit.words.of("wrong", word)}, form["domain"])
        return _back(guest)

    async def check(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/domains/check`."""
        try:
            domain = await self._domains.verify(guest.ctx, guest.access, _id(DOMAIN, form["domain"]))
        except LimitExceeded as refusal:
            return await self._page(guest, limited=refusal)
        except Unavailable:
            return await self._page(guest, {"form": guest.words("wrong.dns")})
        except NotFound:
            return _back(guest)
        if not domain.verified:
            text = guest.words("wrong.record", record=domain.record_name)
            return await self._page(await self._again(guest), {"form": text})
        return _back(guest)

    async def remove(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/domains/remove`."""
        try:
            await self._domains.remove(guest.ctx, guest.access, _id(DOMAIN, form["domain"]))
        except Conflict:
            return await self._page(guest, {"form": guest.words("wrong.domain_used")})
        except NotFound:
            pass
        return _back(guest)

    async def _again(self, guest: Guest) -> Guest:
        """What was done before the question to a name server was committed: the invitation may be over."""
        return Guest(guest.visit, guest.secret, await self._setups.enter(guest.ctx, guest.secret))

    async def _page(
        self,
        guest: Guest,
        problems: dict[str, str] | None = None,
        typed: str = "",
        limited: LimitExceeded | None = None,
    ) -> Response:
        domains = await self._domains.list(guest.ctx, guest.access)
        room = len(guest.setup.domain_ids) < MAX_SETUP_DOMAINS
        said = outcome(problems or {}, limited)
        return guest.page("setup_domains.html", **said, domains=domains, typed=typed, room=room)


class DirectoryPages:
    """Shows where the directory speaks to, and makes its token."""

    def __init__(self, *, directory: SetupDirectory, issuer: IssuerOf) -> None:
        self._directory = directory
        self._issuer = issuer

    async def show(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/directory`."""
        return await self._page(guest)

    async def make(self, guest: Guest, _form: Form) -> Response:
        """`POST /t/{slug}/setup/directory`: the answer shows the token, and no other ever does."""
        try:
            secret = await self._directory.create(guest.ctx, guest.access)
        except (Conflict, NotFound):
            return await self._page(guest, {"form": guest.words("wrong.tokens")})
        return await self._page(guest, secret=secret)

    async def revoke(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/directory/revoke`."""
        with suppress(Conflict, NotFound):
            await self._directory.revoke(guest.ctx, guest.access, _id(TOKEN, form["token"]))
        return onward(f"/t/{guest.visit.slug}/setup/directory")

    async def _page(
        self, guest: Guest, problems: dict[str, str] | None = None, secret: Secret[str] | None = None
    ) -> Response:
        try:
            tokens = await self._directory.list(guest.ctx, guest.access)
        except (Conflict, NotFound):
            return onward(f"/t/{guest.visit.slug}/setup/steps")
        provider = guest.setup.provider or "other"
        return guest.page(
            "setup_directory.html",
            **outcome(problems or {}, status=409),
            base=f"{await self._issuer(guest.ctx)}/scim/v2",
            secret="" if secret is None else secret.reveal(),
            tokens=[(format_id(TOKEN, each.token_id), each) for each in tokens],
            guide=guest.visit.words.of("guide", "scim", provider),
        )


def routes(doors: SetupDoors, domains: DomainPages, directory: DirectoryPages) -> list[Route]:
    """The routes of both."""
    at, of = "/t/{slug}/setup/domains", "/t/{slug}/setup/directory"
    return [
        Route(at, doors.page(domains.show), methods=["GET"]),
        Route(at, doors.form(domains.add, ("domain",)), methods=["POST"]),
        Route(f"{at}/check", doors.form(domains.check, ("domain",)), methods=["POST"]),
        Route(f"{at}/remove", doors.form(domains.remove, ("domain",)), methods=["POST"]),
        Route(of, doors.page(directory.show), methods=["GET"]),
        Route(of, doors.form(directory.make), methods=["POST"]),
        Route(f"{of}/revoke", doors.form(directory.revoke, ("token",)), methods=["POST"]),
    ]


def _back(guest: Guest) -> Response:
    return onward(f"/t/{guest.visit.slug}/setup/domains")


def _id(prefix: str, word: str) -> UUID:
    try:
        return parse_id(prefix, word)
    except InvalidInput:
        raise NotFound("id") from None
