"""Signing out on a client's word (OpenID Connect RP-Initiated Logout 1.0).

1. The client sends its user here, by a link or by a form of its own page. A form of another site brings no cookie, so
   what was asked is only read, judged and stored, and a page of ours takes over.
2. The page knows the browser's session by its Strict cookie. Where the hint names this very session, whoever sent the
   user here has it from us, and it ends at once. In any other case the user is asked (§2).
3. The session ends with everything that hangs on it. Clients are told: by the back channel wherever it ends, by the
   front channel from the page.
4. The user goes on to where the client wants them, if that is exactly one of its registered addresses and either the
   hint was ours or the user said yes (N10).

`logout_hint` is passed over: it could only say what the session says better.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urlsplit

from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import SESSION, format_id
from airside.identity import Session, Sessions
from airside.oauth import records_clients, records_logout
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.errors import InvalidRequest
from airside.oauth.hints import IdTokenHint, IdTokenHints
from airside.oauth.model import Client, LogoutRequest
from airside.oauth.participants import Participants
from airside.protocols.oauth import redirect_matches
from airside.store import RequestContext

MAX_STATE: Final = 2048
MAX_LOCALES: Final = 200
_VISIBLE: Final = re.compile(r"[ -~]+")  # VSCHAR, RFC 6749 appendix A


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What the last page says. `onward` is where the client wants the user; `by_itself`: the page may lead there
    without being asked. `frames` are the addresses that tell clients in this browser."""

    client: Client | None
    onward: str | None
    by_itself: bool
    frames: tuple[str, ...] = ()


class Logout:
    """The verbs of the end-session endpoint."""

    def __init__(
        self,
        *,
        lookup: ClientLookup,
        hints: IdTokenHints,
        sessions: Sessions,
        participants: Participants,
        entropy: Entropy,
    ) -> None:
        self._lookup = lookup
        self._hints = hints
        self._sessions = sessions
        self._participants = participants
        self._entropy = entropy

    async def begin(self, ctx: RequestContext, issuer: str, parameters: Mapping[str, str]) -> str:
        """Read what a client asks for, and keep it; the word by which the page finds it. A hint that isn't ours, or
        too old, is as good as none.

        Raises:
            InvalidInput: an unknown client, one that isn't the hint's, an address that isn't registered with it, or a
                malformed state. Nobody is redirected.
        """
        hint = await self._hint(ctx, issuer, parameters.get("id_token_hint"))
        client = await self._client(ctx, parameters.get("client_id"), hint)
        request = LogoutRequest(
            client_id=None if client is None else client.client_id,
            hinted=hint is not None,
            session_id=None if hint is None else hint.session_id,
            redirect_uri=_registered(client, parameters.get("post_logout_redirect_uri")),
            state=_state(parameters.get("state")),
            ui_locales=_locales(parameters.get("ui_locales")),
        )
        word = token(self._entropy)
        await records_logout.insert(ctx, _hash(word), request)
        return word

    async def look(self, ctx: RequestContext, word: str) -> tuple[LogoutRequest, Client | None]:
        """What was asked for, and by which active client.

        Raises:
            NotFound: unknown, done or too old.
        """
        request = await records_logout.find(ctx, _hash(word))
        if request is None:
            raise NotFound("request")
        return request, await self._asking(ctx, request)

    async def finish(
        self, ctx: RequestContext, issuer: str, word: str, session: Session | None, *, confirmed: bool
    ) -> SignedOut:
        """Do it: end `session`, the browser's, if there is one. `confirmed`: its user said yes.

        Raises:
            NotFound: unknown, too old, or done already.
        """
        request = await records_logout.spend(ctx, _hash(word))
        if request is None:
            raise NotFound("request")
        client = await self._asking(ctx, request)
        frames = () if session is None else await self.end(ctx, issuer, session)
        onward = None if client is None else _onward(client, request)
        return SignedOut(client, onward, request.hinted or confirmed, frames)

    async def end(self, ctx: RequestContext, issuer: str, session: Session) -> tuple[str, ...]:
        """End the session, whoever asks; the addresses that tell clients in this browser (OpenID Connect Front-Channel
        Logout 1.0 §2).

        Raises:
            NotFound: it is over already.
        """
        clients = await self._participants.of(ctx, session.id)
        await self._sessions.end(ctx, session.id, of=session.user_id)
        frames = (_frame(client, issuer, format_id(SESSION, session.id)) for client in clients)
        return tuple(frame for frame in frames if frame is not None)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what nobody answered, for a timer; how many."""
        return await records_logout.sweep(ctx)

    async def _hint(self, ctx: RequestContext, issuer: str, presented: str | None) -> IdTokenHint | None:
        if presented is None:
            return None
        try:
            return await self._hints.read(ctx, issuer, presented)
        except InvalidRequest:
            return None

    async def _client(self, ctx: RequestContext, word: str | None, hint: IdTokenHint | None) -> Client | None:
        if word is None:
            return None if hint is None else hint.client
        client = await self._lookup.find(ctx, word)
        if client is None or client.state != "active":
            raise InvalidInput("unknown or disabled client", pointer="client_id")
        if hint is not None and hint.client.client_id != client.client_id:
            raise InvalidInput("the hint is another client's", pointer="client_id")
        return client

    async def _asking(self, ctx: RequestContext, request: LogoutRequest) -> Client | None:
        client = None if request.client_id is None else await records_clients.find_client(ctx, request.client_id)
        return client if client is not None and client.state == "active" else None


def _registered(client: Client | None, uri: str | None) -> str | None:
    """Exactly one of the client's own (§3.1). Nobody's address leads nowhere."""
    if uri is None or client is None:
        return None
    if not _is_own(client, uri):
        raise InvalidInput("not registered", pointer="post_logout_redirect_uri")
    return uri


def _onward(client: Client, request: LogoutRequest) -> str | None:
    uri = request.redirect_uri
    if uri is None or not _is_own(client, uri):  # it may have been taken away meanwhile
        return None
    return uri if request.state is None else _with(uri, {"state": request.state})


def _is_own(client: Client, uri: str) -> bool:
    """Compared as redirect URIs are: a native application's loopback address brings any port (RFC 8252 §7.3)."""
    own = client.settings.post_logout_redirect_uris
    return any(redirect_matches(registered, uri, native=client.public) for registered in own)


def _frame(client: Client, issuer: str, session_id: str) -> str | None:
    uri = client.settings.frontchannel_logout_uri
    if uri is None or urlsplit(uri).scheme != "https":
        return None
    if not client.settings.frontchannel_logout_session_required:
        return uri
    return _with(uri, {"iss": issuer, "sid": session_id})


def _with(uri: str, parameters: Mapping[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"


def _state(text: str | None) -> str | None:
    if text is not None and (len(text) > MAX_STATE or not _VISIBLE.fullmatch(text)):
        raise InvalidInput("malformed state", pointer="state")
    return text


def _locales(text: str | None) -> str:
    return text if text is not None and len(text) <= MAX_LOCALES and text.isascii() else ""


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
