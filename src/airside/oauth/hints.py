"""Reading an `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout 1.0 §2): whom a client means.

A hint names a user, a client and a session, and opens nothing: whoever holds an old ID token isn't that user.
"""

from dataclasses import InitVar, dataclass
from typing import Final, final
from uuid import UUID

from airside.core.errors import InvalidInput, NotFound, Unauthenticated
from airside.core.ids import SESSION, USER, parse_id
from airside.core.proof import Mint
from airside.identity import Sessions
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.errors import InvalidRequest
from airside.oauth.model import Client
from airside.store import RequestContext
from airside.tokens import IdTokenVerifier

_MINT: Final = Mint("IdTokenHint")


@final
@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """An ID token that this tenant once gave `client`, which is active. Only `IdTokenHints` makes one.

    Attributes:
        client: whom it was given to.
        subject: what that client calls the user.
        user_id: the user; None where neither the subject nor the session tells any more.
        session_id: the session that it was given for; it may have ended.
    """

    client: Client
    subject: str
    user_id: UUID | None
    session_id: UUID | None
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class IdTokenHints:
    """Reads the hints of the context's tenant."""

    def __init__(self, *, lookup: ClientLookup, verifier: IdTokenVerifier, sessions: Sessions) -> None:
        self._lookup = lookup
        self._verifier = verifier
        self._sessions = sessions

    async def read(self, ctx: RequestContext, issuer: str, presented: str) -> IdTokenHint:
        """Whom the hint names. Whether it was given to the client that now brings it is the caller's to ask.

        Raises:
            InvalidRequest: not an ID token of this issuer, too old, encrypted, or of a client that is disabled or
                gone (N18): never said which.
        """
        try:
            token = await self._verifier.verify(ctx, presented, issuer=issuer)
        except Unauthenticated as cause:
            raise InvalidRequest("id_token_hint isn't an ID token of this issuer") from cause
        client = await self._lookup.find(ctx, token.client_id)
        if client is None or client.state != "active":
            raise InvalidRequest("id_token_hint of no active client")
        session_id = _id(SESSION, token.session_id)
        user_id = _id(USER, token.subject)
        if user_id is None and session_id is not None:
            user_id = await self._user_of(ctx, session_id)
        return IdTokenHint(client, token.subject, user_id, session_id, _MINT)

    async def _user_of(self, ctx: RequestContext, session_id: UUID) -> UUID | None:
        # A client that calls its users by words of its own (pairwise subjects) names the session all the same.
        try:
            return (await self._sessions.beginning(ctx, session_id)).user_id
        except NotFound:
            return None


def _id(prefix: str, word: str | None) -> UUID | None:
    try:
        return None if word is None else parse_id(prefix, word)
    except InvalidInput:
        return None
