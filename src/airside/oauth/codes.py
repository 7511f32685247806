"""Authorization codes: 256 random bits, one minute, one use (RFC 6749 §4.1.2, RFC 9700 §4.5)."""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from msgspec import structs

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, equal, token
from airside.core.ids import FAMILY, SESSION, USER, format_id, uuid7
from airside.core.secret import Secret
from airside.identity import Session
from airside.oauth import records
from airside.oauth.errors import InvalidGrant
from airside.oauth.model import AuthorizationRequest, Client, Code
from airside.protocols.oauth import proves
from airside.store import RequestContext
from airside.tokens import RefreshFamilies

OPENID: Final = "openid"
CODE_CHARACTERS: Final = 43
"""256 bits in base64url."""
REMEMBERED: Final = timedelta(days=1)
"""How long after its end a code that comes again is recognised."""
_REUSED: Final = "code_presented_again"


class Codes:
    """Issues codes to browsers and takes them from clients."""

    def __init__(self, *, entropy: Entropy, journal: Journal, families: RefreshFamilies) -> None:
        self._entropy = entropy
        self._journal = journal
        self._families = families

    async def issue(
        self, ctx: RequestContext, client: Client, request: AuthorizationRequest, session: Session
    ) -> Secret[str]:
        """A code for what `session` proves and `request` asks. The family that it may start has its name already."""
        code = Secret(token(self._entropy))
        stands_for = Code(
            client_id=client.client_id,
            user_id=session.user_id,
            session_id=session.id,
            family_id=uuid7(ctx.now, self._entropy),
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            nonce=request.nonce,
            scopes=request.scopes,
            auth_time=session.auth_time,
            acr=session.assurance,
            amr=session.amr,
            details=structs.replace(request.details, state=request.state)
            if OPENID in request.scopes
            else request.details,
        )
        records.insert_code(ctx, _hash(code.reveal()), stands_for)
        await self._journal.record(
            ctx,
            Event.CODE_ISSUED,
            subject=client.word,
            person=format_id(USER, session.user_id),
            details={
                "user": format_id(USER, session.user_id),
                "session": format_id(SESSION, session.id),
                "family": format_id(FAMILY, stands_for.family_id),
            },
        )
        return code

    async def spend(
        self, ctx: RequestContext, client: Client, presented: str, redirect_uri: str, verifier: str | None
    ) -> Code:
        """What the code stands for, to the one caller who spends it. A code that comes again ends the family of the
        first time (RFC 6749 §4.1.2). The caller commits, whether this returns or refuses.

        A code of another client isn't there; one with a wrong redirect URI or verifier is spent all the same. A
        verifier without a challenge is as wrong as a challenge without a verifier: somebody took the challenge away
        on its way (RFC 9700 §4.8.2, N08).

        Raises:
            InvalidGrant: unknown, another client's, expired, spent, or at odds with its request.
        """
        if len(presented) != CODE_CHARACTERS:
            raise InvalidGrant("no code has this length")
        code_hash = _hash(presented)
        code = await records.spend_code(ctx, code_hash, client.client_id)
        if code is None:
            await self._recognise(ctx, client, code_hash)
            raise InvalidGrant("unknown, expired or spent code")
        if not equal(code.redirect_uri.encode(), redirect_uri.encode("utf-8", "replace")):
            raise InvalidGrant("redirect_uri differs from the request's")
        if code.code_challenge is None:
            if verifier is not None:
                raise InvalidGrant("code_verifier without code_challenge")
        elif not proves(verifier, code.code_challenge):
            raise InvalidGrant("code_verifier doesn't fit")
        return code

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget expired requests, and codes too old to matter, for a timer; how many rows."""
        return await records.sweep(ctx, ctx.now - REMEMBERED)

    async def _recognise(self, ctx: RequestContext, client: Client, code_hash: bytes) -> None:
        family_id = await records.family_of_spent_code(ctx, code_hash, client.client_id)
        if family_id is None:
            return
        await self._families.revoke(ctx, family_id, _REUSED)
        await self._journal.record(
            ctx,
            Event.CODE_REUSED,
            subject=client.word,
            outcome="refused",
            reason=_REUSED,
            details={"family": format_id(FAMILY, family_id)},
        )


def _hash(code: str) -> bytes:
    return sha256(code.encode("utf-8", "replace")).digest()
