"""The page that asks whether somebody else's application may have what it wants of its user."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from airside.console.forms import read_cookie
from airside.console.language import first_known
from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Form, Visit, onward
from airside.core.errors import InvalidInput, NotFound
from airside.core.secret import Secret
from airside.identity import Users
from airside.oauth import Asked, Consents, Scopes
from airside.oauth.authorize import TOKEN_CHARACTERS, resume_path
from airside.oauth.cookies import binding_cookie
from airside.oauth.settings import ClientSettings
from airside.signin import signin_path

FIELDS: Final = ("answer",)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class ConsentPages:
    """Shows what is asked for; takes the answer of the very browser that brought the request, and of the session that
    the page was shown to."""

    def __init__(self, *, consents: Consents, scopes: Scopes, users: Users) -> None:
        self._consents = consents
        self._scopes = scopes
        self._users = users

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/consent/{request}`."""
        word, binding = _place(member.visit)
        asked = await self._consents.look(member.ctx, word, binding, member.session.user_id)
        words = first_known(asked.request.details.ui_locales) or member.visit.words
        member = replace(member, visit=replace(member.visit, words=words))
        said = await self._scopes.describe(member.ctx, asked.scopes, words.code)
        return member.page(
            "consent.html",
            client=asked.client,
            user=await self._users.get(member.ctx, member.session.user_id),
            fresh=[text for scope, text in said.items() if scope not in asked.remembered],
            known=[text for scope, text in said.items() if scope in asked.remembered],
            place=_place_of(member.visit, asked),
            links=_links(member.visit, asked.client.settings),
        )

    async def answer(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/consent/{request}`: `allow` or `deny`; both lead back to the request, which tells its client
        either. A form's way off the site is a page, never a redirect."""
        word, binding = _place(member.visit)
        if form["answer"] == "allow":
            await self._consents.allow(member.ctx, word, binding, member.session.user_id)
        elif form["answer"] == "deny":
            await self._consents.deny(member.ctx, word, binding, member.session.user_id)
        else:
            raise InvalidInput("neither yes nor no")
        visit = member.visit
        return visit.page("continue.html", title=visit.words("consent.done"), target=_resume(visit))


def routes(doors: MemberDoors, pages: ConsentPages) -> list[Route]:
    """The consent page's routes."""
    path = "/t/{slug}/consent/{request}"
    return [
        Route(path, doors.page(pages.show, away=_sign_in), methods=["GET"]),
        Route(path, doors.form(pages.answer, FIELDS), methods=["POST"]),
    ]


def _place(visit: Visit) -> tuple[str, Secret[str]]:
    binding = read_cookie(visit.request, binding_cookie(visit.ctx.tenant_id))
    if binding is None or len(binding.reveal()) != TOKEN_CHARACTERS:
        raise NotFound("request")
    return visit.request.path_params["request"], binding


async def _sign_in(visit: Visit) -> Response:
    """A session that has ended meanwhile begins anew, and the request goes on behind it."""
    return onward(f"{signin_path(visit.slug)}?continue={quote(_resume(visit), safe='')}")


def _resume(visit: Visit) -> str:
    return resume_path(f"/t/{visit.slug}", quote(visit.request.path_params["request"], safe=""))


def _place_of(visit: Visit, asked: Asked) -> str:
    """Whom the answer goes to, as far as an address tells: a name anybody may have given themselves."""
    parts = urlsplit(asked.request.redirect_uri)
    if parts.scheme != "https" or parts.hostname in _LOOPBACK:
        return visit.words("consent.place_here")
    return parts.netloc


def _links(visit: Visit, settings: ClientSettings) -> list[tuple[str, str]]:
    """What the client says of itself, to be read elsewhere. Its logo isn't shown: the browser would tell a foreign host
    who stands before this page."""
    named = (("site", settings.client_uri), ("policy", settings.policy_uri), ("terms", settings.tos_uri))
    return [(visit.words.of("consent", key), uri) for key, uri in named if uri is not None and _leads(uri)]


def _leads(uri: str) -> bool:
    return uri.startswith("https://") and uri.isascii() and uri.isprintable()
