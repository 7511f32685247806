"""Client credentials (RFC 6749 §4.4): a confidential client acting for itself."""

from collections.abc import Mapping
from typing import Final

from airside.oauth.errors import UnauthorizedClient
from airside.oauth.grants.phases import Granted
from airside.oauth.model import Client, GrantName
from airside.oauth.narrowing import requested_scopes
from airside.store import RequestContext
from airside.tokens import AccessGrant, Confirmation

USERS_ONLY: Final = frozenset({"openid", "offline_access"})
"""Scopes that speak of a signed-in user: there is none here."""


class ClientCredentialsGrant:
    """`sub` and `client_id` are both the client (RFC 9068 §2.2); no refresh token (RFC 6749 §4.4.3)."""

    @property
    def name(self) -> GrantName:
        return "client_credentials"

    async def prove(
        self,
        ctx: RequestContext,  # noqa: ARG002 - as the Grant protocol has it; this grant proves itself by the client
        client: Client,
        form: Mapping[str, str],
        sender: Confirmation | None,  # noqa: ARG002 - nothing was bound before
    ) -> Granted:
        """The client's own scopes, or those of them that it asks for.

        Raises:
            UnauthorizedClient: a public client has no credentials.
            InvalidScope: malformed, or more than the client has.
        """
        if client.public:
            raise UnauthorizedClient
        scopes = requested_scopes(form.get("scope"), client.scopes - USERS_ONLY)
        return Granted(AccessGrant(client.word, client.word, client.audiences, scopes))
