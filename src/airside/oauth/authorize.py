"""The authorization endpoint: from a client's request to a code (RFC 6749 §4.1.1, OAuth 2.1).

1. Read the request (`intake`): until its redirect URI is proven refusals stay on a page, from then on they go to the
   client.
2. Weigh the browser's session: whether it is of the user that the client means, fresh, and strong enough. If it is, a
   code is issued at once.
3. If not, the request is stored, bound to the browser that brought it, and a login begins that comes back here;
   it asks a session that is only too weak for no more than what it lacks.
4. Another's application needs its user's consent besides (`consent.py`): where that is due, the request is stored
   likewise, and a page asks.
5. Back with all of it, it is weighed again, the stored request is spent by one statement and the code issued.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import structs

from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.identity import Devices, Session, Sessions
from airside.oauth import records, records_clients
from airside.oauth.codes import Codes
from airside.oauth.consent import Consents
from airside.oauth.errors import (
    AccessDenied,
    AuthorizationRefused,
    ConsentRequired,
    InvalidScope,
    InvalidTarget,
    LoginRequired,
    UnsafeRequest,
)
from airside.oauth.intake import Intake
from airside.oauth.model import AuthorizationRequest, Client, StoredRequest
from airside.oauth.participants import Participants
from airside.oauth.pushed import PushedRequests
from airside.oauth.requests import proven_redirect
from airside.oauth.responses import Reply, success
from airside.signin import Flows, StartedFlow
from airside.store import RequestContext
from airside.vault import Place, Vault

RESUME: Final = "resume"
"""The parameter by which a stored request comes back; no standard uses the name."""

TOKEN_CHARACTERS: Final = 43
"""256 bits in base64url."""


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookies of this endpoint said: the sign-on session's secret, the browser's own binding, and its
    device."""

    sso: Secret[str] | None = None
    binding: Secret[str] | None = None
    device: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """On to the login `flow`, in the first of the languages `locales` that there is; the browser keeps `binding`,
    without which the request can't come back, and `device`, if it had none."""

    flow: StartedFlow
    binding: Secret[str]
    device: Secret[str] | None = None
    locales: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComeBack:
    """On to `path` of ours, with the browser's `binding`: here again, now with the cookies that a foreign post doesn't
    bring; or to the page that asks for the user's consent."""

    path: str
    binding: Secret[str]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a browser's session is worth to a request: `session` if it is of the right user and recent, and whether it
    is strong enough too."""

    session: Session | None
    suffices: bool


Outcome: TypeAlias = Reply | SignIn | ComeBack


class Authorization:
    """The verbs of the authorization endpoint. `issuer` is the tenant's."""

    def __init__(
        self,
        *,
        intake: Intake,
        sessions: Sessions,
        devices: Devices,
        flows: Flows,
        consents: Consents,
        participants: Participants,
        codes: Codes,
        pushed: PushedRequests,
        vault: Vault,
        entropy: Entropy,
    ) -> None:
        self._intake = intake
        self._sessions = sessions
        self._devices = devices
        self._flows = flows
        self._consents = consents
        self._participants = participants
        self._codes = codes
        self._pushed = pushed
        self._vault = vault
        self._entropy = entropy

    async def begin(self, ctx: RequestContext, issuer: str, parameters: Mapping[str, str], browser: Browser) -> Outcome:
        """A request as the client sent it, in the browser of its user.

        Raises:
            UnsafeRequest: client or redirect URI unproven: a page, never a redirect.
            AuthorizationRefused: anything else wrong: told to the client.
        """
        client, request = await self._intake.read(ctx, issuer, parameters)
        weighed = await self._weigh(ctx, request, await self._session(ctx, browser), None)
        if weighed.session is not None and weighed.suffices:
            if await self._consents.verdict(ctx, client, request, weighed.session.user_id) == "given":
                return await self._answer(ctx, issuer, client, request, weighed.session)
            _refuse_to_ask(request)
            word, binding = await self._store(ctx, request, browser.binding)
            return ComeBack(consent_path(urlsplit(issuer).path, word), binding)
        _refuse_silent(request)
        word, binding = await self._store(ctx, request, browser.binding)
        return await self._sign_in(ctx, request, weighed.session, _back(issuer, word), browser, binding)

    async def begin_foreign(self, ctx: RequestContext, issuer: str, parameters: Mapping[str, str]) -> ComeBack:
        """A request posted from the client's page (OpenID Connect Core §3.1.2.1). Such a post brings no cookie of
        ours: it is only stored, and comes back by a GET that does.

        Raises:
            UnsafeRequest, AuthorizationRefused: as `begin`.
        """
        _client, request = await self._intake.read(ctx, issuer, parameters)
        word, binding = await self._store(ctx, request, None)
        return ComeBack(_back(issuer, word), binding)

    async def resume(self, ctx: RequestContext, issuer: str, word: str, browser: Browser) -> Outcome:
        """The stored request `word`, brought back by its own browser.

        Raises:
            UnsafeRequest: unknown, expired, spent, or another browser's; or the client was disabled meanwhile.
            AuthorizationRefused: as `begin`; and LoginRequired where another user signed in than the client means.
        """
        if browser.binding is None:
            raise UnsafeRequest("no binding cookie")
        request_hash, browser_hash = _hash(word), _hash(browser.binding.reveal())
        stored = await records.find_request(ctx, request_hash, browser_hash)
        if stored is None:
            raise UnsafeRequest("no such request of this browser")
        request = stored.request
        client, _ = proven_redirect(await records_clients.find_client(ctx, request.client_id), request.redirect_uri)
        session = await self._session(ctx, browser)
        _refuse_another(stored, session)
        weighed = await self._weigh(ctx, request, session, stored.created_at)
        if weighed.session is None or not weighed.suffices:
            _refuse_silent(request)
            asking = replace(request, login_hint=await self._hint(ctx, request_hash, stored.login_hint_sealed))
            back = _back(issuer, word)
            return await self._sign_in(ctx, asking, weighed.session, back, browser, browser.binding)
        _refuse_narrowed(client, request)
        verdict = await self._consents.verdict(ctx, client, request, weighed.session.user_id, waiting=word)
        if verdict == "due":
            _refuse_to_ask(request)
            return ComeBack(consent_path(urlsplit(issuer).path, word), browser.binding)
        if not await records.spend_request(ctx, request_hash, browser_hash):
            raise UnsafeRequest("request spent meanwhile")
        if verdict == "denied":
            await self._spend_pushed(ctx, client, request)
            await ctx.tx.checkpoint()
            raise AuthorizationRefused.of(request, AccessDenied("by the user"))
        return await self._answer(ctx, issuer, client, request, weighed.session)

    async def _weigh(
        self, ctx: RequestContext, request: AuthorizationRequest, session: Session | None, since: datetime | None
    ) -> Weighed:
        if session is None or not is_meant(request, session) or not is_fresh(request, session, since, ctx.now):
            return Weighed(None, False)
        return Weighed(session, await self._flows.suffices(ctx, session, minimum=request.acr or "aal1"))

    async def _sign_in(
        self,
        ctx: RequestContext,
        request: AuthorizationRequest,
        session: Session | None,
        back: str,
        browser: Browser,
        binding: Secret[str],
    ) -> SignIn:
        minimum = request.acr or "aal1"
        device_id, minted = await self._devices.recognise(ctx, browser.device), None
        if device_id is None:
            device_id, minted = await self._devices.mint(ctx)
        if session is None:
            hint = request.login_hint or ""
            flow = await self._flows.start(ctx, back, minimum=minimum, device_id=device_id, login_hint=hint)
        else:
            flow = await self._flows.step_up(ctx, session, back, minimum=minimum, device_id=device_id)
        return SignIn(flow, binding, minted, request.details.ui_locales)

    async def _session(self, ctx: RequestContext, browser: Browser) -> Session | None:
        return None if browser.sso is None else await self._sessions.find(ctx, browser.sso, "sso")

    async def _store(
        self, ctx: RequestContext, request: AuthorizationRequest, binding: Secret[str] | None
    ) -> tuple[str, Secret[str]]:
        # One binding serves all requests of a browser, so that two tabs don't disturb each other.
        known = binding is not None and len(binding.reveal()) == TOKEN_CHARACTERS
        kept = binding if binding is not None and known else Secret(token(self._entropy))
        word = token(self._entropy)
        request_hash, hint = _hash(word), request.login_hint
        sealed = None
        if hint is not None:
            sealed = (await self._vault.keyset(ctx)).seal(_hint_place(request_hash), hint.encode())
        await records.insert_request(ctx, request_hash, _hash(kept.reveal()), request, sealed)
        return word, kept

    async def _hint(self, ctx: RequestContext, request_hash: bytes, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        return (await self._vault.keyset(ctx)).open(_hint_place(request_hash), sealed).decode()

    async def _answer(
        self, ctx: RequestContext, issuer: str, client: Client, request: AuthorizationRequest, session: Session
    ) -> Reply:
        request = await self._spend_pushed(ctx, client, request)
        code = await self._codes.issue(ctx, client, request, session)
        self._participants.join(ctx, client, session)
        return success(request, code=code, issuer=issuer)

    async def _spend_pushed(
        self, ctx: RequestContext, client: Client, request: AuthorizationRequest
    ) -> AuthorizationRequest:
        """The request, no longer as one that was pushed; whoever else brought the same reference comes too late."""
        pushed = request.details.pushed
        if pushed is None:
            return request
        if not await self._pushed.spend(ctx, client, pushed):
            raise UnsafeRequest("answered meanwhile")
        return replace(request, details=structs.replace(request.details, pushed=None))


def is_meant(request: AuthorizationRequest, session: Session) -> bool:
    """Whether the session is of the user that the client means, if it means one."""
    return request.details.hinted_user in (None, session.user_id)


def is_fresh(request: AuthorizationRequest, session: Session, since: datetime | None, now: datetime) -> bool:
    """Whether the session's sign-in is recent enough for the request.

    One that happened after the request was stored (`since`) always is; otherwise `prompt=login` demands another,
    and so does an age over `max_age` seconds (OpenID Connect Core §3.1.2.1).
    """
    if since is not None and session.auth_time >= since:
        return True
    if request.prompt == "login":
        return False
    return request.max_age is None or now - session.auth_time <= timedelta(seconds=request.max_age)


def _refuse_silent(request: AuthorizationRequest) -> None:
    if request.prompt == "none":
        raise AuthorizationRefused.of(request, LoginRequired())


def _refuse_to_ask(request: AuthorizationRequest) -> None:
    if request.prompt == "none":
        raise AuthorizationRefused.of(request, ConsentRequired())


def _refuse_another(stored: StoredRequest, session: Session | None) -> None:
    """A login that this request has led to, and that ended as somebody else: asking again would go round in circles
    (OpenID Connect Core §3.1.2.2)."""
    if session is None or session.auth_time < stored.created_at or is_meant(stored.request, session):
        return
    raise AuthorizationRefused.of(stored.request, LoginRequired("another user signed in than the client means"))


def _refuse_narrowed(client: Client, request: AuthorizationRequest) -> None:
    if not request.scopes <= client.scopes:
        raise AuthorizationRefused.of(request, InvalidScope("narrowed meanwhile"))
    if not set(request.details.resources) <= set(client.audiences):
        raise AuthorizationRefused.of(request, InvalidTarget("narrowed meanwhile"))


def _hint_place(request_hash: bytes) -> Place:
    # The row has no id but this hash; half of it tells rows apart as well as any id.
    return Place("authorization_request", "login_hint_sealed", UUID(bytes=request_hash[:16]))


def resume_path(base: str, word: str) -> str:
    """Where the stored request `word` comes back; `base` is the path of its issuer."""
    return f"{base}/oauth2/authorize?{RESUME}={word}"


def consent_path(base: str, word: str) -> str:
    """The page that asks whether the stored request `word` may have what it wants."""
    return f"{base}/consent/{word}"


def _back(issuer: str, word: str) -> str:
    return resume_path(urlsplit(issuer).path, word)


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
