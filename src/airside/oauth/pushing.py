"""The pushed authorization request endpoint (RFC 9126 §2): a client says all over a line of its own, and its user's
browser only carries a reference."""

from collections.abc import Mapping
from dataclasses import dataclass

from airside.audit import Event, Journal
from airside.core.strict_json import Json
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.errors import OAuthRefusal, UnsafeRequest
from airside.oauth.intake import Intake
from airside.oauth.model import PUSHED_LIFETIME
from airside.oauth.pushed import PushedRequests
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
        self, *, authentication: ClientAuthentication, intake: Intake, pushed: PushedRequests, journal: Journal
    ) -> None:
        self._authentication = authentication
        self._intake = intake
        self._pushed = pushed
        self._journal = journal

    async def push(self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]) -> Pushed:
        """Keep what the client says, if the authorization endpoint would take it.

        Raises:
            InvalidClient, LimitExceeded: the client isn't proven.
            UnsafeRequest: its redirect URI is none of its own.
            OAuthRefusal: what it says can't be granted whoever signs in, or names a `request_uri`.
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        client = authenticated.client
        try:
            said = await self._intake.judge(ctx, issuer, client, form)
        except (OAuthRefusal, UnsafeRequest) as refusal:
            await self._journal.refused(ctx, Event.REQUEST_REFUSED, reason=refusal.code)
            await self._authentication.charge(ctx, authenticated)
            raise
        request_uri = await self._pushed.keep(ctx, client, said)
        await self._journal.record(ctx, Event.REQUEST_PUSHED, subject=client.word)
        await self._authentication.forgive(ctx, authenticated)
        return Pushed(request_uri)
