"""Authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5): what a sign-in in the browser earned."""

from collections.abc import Mapping

from airside.core.ids import FAMILY, SESSION, USER, format_id
from airside.core.strict_json import Json
from airside.oauth.claims import by_name, person_claims, requested
from airside.oauth.claims_requests import ClaimsRequests
from airside.oauth.codes import Codes
from airside.oauth.consent import Consents
from airside.oauth.errors import InvalidGrant, InvalidRequest
from airside.oauth.grants.phases import Granted
from airside.oauth.model import Client, Code, GrantName
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.oauth.userinfo import OPENID
from airside.store import RequestContext
from airside.tokens import ACCESS_TOKEN_LIFETIME, REFRESH_ABSOLUTE, AccessGrant, Confirmation, RefreshFamilies


class AuthorizationCodeGrant:
    """Spends a code; starts a refresh family where the client is registered for one."""

    def __init__(
        self,
        *,
        codes: Codes,
        standing: Standing,
        consents: Consents,
        roles: RolesOf,
        families: RefreshFamilies,
        claims_requests: ClaimsRequests,
    ) -> None:
        self._codes = codes
        self._consents = consents
        self._standing = standing
        self._roles = roles
        self._families = families
        self._claims_requests = claims_requests

    @property
    def name(self) -> GrantName:
        return "authorization_code"

    async def prove(
        self, ctx: RequestContext, client: Client, form: Mapping[str, str], sender: Confirmation | None
    ) -> Granted:
        """What the code stands for. Its `fam` is named in the access token even where no family starts, so that a
        code which comes again can end that token.

        Raises:
            InvalidRequest: `code`, `redirect_uri` or `code_verifier` is missing; only a client that goes without PKCE
                may leave out the last.
            InvalidGrant: the code gives nothing, is bound to another key than the sender's (RFC 9449 §10), or the
                sign-in or the consent behind it no longer stands.
        """
        presented, redirect_uri, verifier = (form.get(name) for name in ("code", "redirect_uri", "code_verifier"))
        if presented is None or redirect_uri is None or (verifier is None and client.needs_pkce):
            raise InvalidRequest("code, redirect_uri or code_verifier is missing")
        code = await self._codes.spend(ctx, client, presented, redirect_uri, verifier)
        if code.details.dpop_jkt is not None and (sender is None or sender.jkt != code.details.dpop_jkt):
            raise InvalidGrant("bound to another key")
        session_id = format_id(SESSION, code.session_id)
        user = await self._standing.user(ctx, user_id=code.user_id, session_id=session_id, auth_time=code.auth_time)
        scopes = code.scopes & client.scopes
        if not scopes:
            raise InvalidGrant("the client has lost its scopes since")
        await self._consents.demand(ctx, client, code.user_id, scopes)
        meant = code.details.resources or client.audiences
        access = AccessGrant(
            subject=format_id(USER, code.user_id),
            client_id=client.word,
            audience=tuple(resource for resource in meant if resource in client.audiences),
            scope=scopes,
            roles=tuple(await self._roles.roles(ctx, code.user_id)),
            auth_time=code.auth_time,
            acr=code.acr,
            amr=code.amr,
            session_id=session_id,
            family_id=format_id(FAMILY, code.family_id),
            confirmation=sender if client.public else None,
        )
        refresh_token = None
        if "refresh_token" in client.grants:
            refresh_token = (await self._families.start(ctx, access, family_id=code.family_id)).token
        told: Mapping[str, Json] = {}
        if code.details.claims is not None and OPENID in scopes:
            told = by_name(person_claims(user), requested(code.details.claims, "id_token"), client.scopes)
            await self._keep_claims(ctx, client, code)
        return Granted(
            access,
            refresh_token,
            signs_in=True,
            nonce=code.nonce,
            code=presented,
            state=code.details.state,
            told=told,
        )

    async def _keep_claims(self, ctx: RequestContext, client: Client, code: Code) -> None:
        lasts = REFRESH_ABSOLUTE if "refresh_token" in client.grants else ACCESS_TOKEN_LIFETIME
        asked = requested(code.details.claims, "userinfo")
        await self._claims_requests.keep(ctx, code.family_id, asked, ctx.now + lasts)
