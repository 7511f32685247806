"""ID tokens as their clients registered for them: algorithm, subject, and encryption (OpenID Connect Core §2, §10)."""

from collections.abc import Mapping

from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.encryption import encrypted
from airside.oauth.model import Client
from airside.oauth.subjects import Subjects
from airside.store import RequestContext
from airside.tokens import AccessGrant, TokenIssuer


class IdTokens:
    """Issues ID tokens."""

    def __init__(self, *, issuer: TokenIssuer, subjects: Subjects) -> None:
        self._issuer = issuer
        self._subjects = subjects

    async def issue(
        self,
        ctx: RequestContext,
        client: Client,
        grant: AccessGrant,
        *,
        issuer: str,
        nonce: str | None,
        access_token: str,
        code: str | None = None,
        state: str | None = None,
        told: Mapping[str, Json],
    ) -> Secret[str]:
        """The ID token of `client` for the sign-in behind `grant`.

        No claim about the person is in it but those `told`, which were asked for by name: an access token comes with
        it, and userinfo gives the rest (§5.4).

        Raises:
            InvalidClient: it is to be encrypted, and the client has no key for that.
        """
        settings = client.settings
        issued = await self._issuer.id_token(
            ctx,
            grant,
            issuer=issuer,
            subject=await self._subjects.of(ctx, client, grant.subject),
            nonce=nonce,
            access_token=access_token,
            code=code,
            state=state,
            told=told,
            alg=settings.id_token_signed_response_alg,
        )
        return issued.token if settings.id_token_encrypted_response_alg is None else encrypted(client, issued.token)
