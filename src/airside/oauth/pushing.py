"""The pushed authorization request endpoint (RFC 9126 §2): a client says all over a line of its own, and its user's
browser only carries a reference.

1. The client is authenticated as at the token endpoint.
2. What it says is read as the authorization endpoint would read it, and refused now if it would be refused there.
3. A DPoP proof binds the code to come (RFC 9449 §10.1).
4. What it said is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from airside.audit import Event, Journal
from airside.core.strict_json import Json
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.errors import InvalidDpopProof, OAuthRefusal, UnsafeRequest, UseDpopNonce
from airside.oauth.intake import Intake
from airside.oauth.model import PUSHED_LIFETIME
from airside.oauth.pushed import PushedRequests
from airside.oauth.sender_constraints import SenderConstraints
from airside.store import RequestContext


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where what was pushed can be had, once."""

    request_uri: str

    def body(self) -> Mapping[str, Json]:
        """The members of RFC 9126 §2.2."""
        return {"request_uri": self.request_uri, "expires_in": int(PUSHED_LIFETIME.total_seconds())}


class PushEndpoint:
    """Takes pushed requests: whoever may have a code may push, proven as at the token endpoint."""

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        senders: SenderConstraints,
        intake: Intake,
        pushed: PushedRequests,
        journal: Journal,
    ) -> None:
        self._authentication = authentication
        self._senders = senders
        self._intake = intake
        self._pushed = pushed
        self._journal = journal

    async def push(self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]) -> Pushed:
        """Keep what the client says, if the authorization endpoint would take it.

        Raises:
            InvalidClient, LimitExceeded: the client isn't proven.
            UnsafeRequest: its redirect URI is none of its own.
            UseDpopNonce: its DPoP proof needs the server's nonce.
            OAuthRefusal: what it says can't be granted whoever signs in, or names a `request_uri`.
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        client = authenticated.client
        try:
            said = await self._bound(ctx, credentials, await self._intake.judge(ctx, issuer, client, form))
        except UseDpopNonce:
            await self._authentication.forgive(ctx, authenticated)
            await ctx.tx.checkpoint()
            raise
        except (OAuthRefusal, UnsafeRequest) as refusal:
            await self._journal.refused(ctx, Event.REQUEST_REFUSED, reason=refusal.code)
            await self._authentication.charge(ctx, authenticated)
            raise
        request_uri = await self._pushed.keep(ctx, client, said)
        await self._journal.record(ctx, Event.REQUEST_PUSHED, subject=client.word)
        await self._authentication.forgive(ctx, authenticated)
        return Pushed(request_uri)

    async def _bound(self, ctx: RequestContext, credentials: Credentials, said: Mapping[str, str]) -> Mapping[str, str]:
        """With the key that the push itself proves (RFC 9449 §10.1)."""
        jkt = await self._senders.jkt(ctx, credentials)
        if jkt is None:
            return said
        if said.get("dpop_jkt", jkt) != jkt:
            raise InvalidDpopProof("dpop_jkt is of another key than the proof's")
        return {**said, "dpop_jkt": jkt}
