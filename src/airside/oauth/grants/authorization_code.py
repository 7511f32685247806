"""Authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5): what a sign-in in the browser earned."""

from collections.abc import Mapping

from airside.core.strict_json import Json
from airside.oauth.claims import by_name, person_claims, requested
from airside.oauth.claims_requests import ClaimsRequests
from airside.oauth.codes import Codes
from airside.oauth.consent import Consents
from airside.oauth.errors import InvalidGrant, InvalidRequest
from airside.oauth.grants.phases import Granted
from airside.oauth.grants.sign_in import ProvenSignIn, SignInGrant
from airside.oauth.model import Client, Code, GrantName
from airside.oauth.ports import RolesOf
from airside.oauth.standing import Standing
from airside.oauth.userinfo import OPENID
from airside.store import RequestContext
from airside.tokens import ACCESS_TOKEN_LIFETIME, REFRESH_ABSOLUTE, Confirmation, RefreshFamilies


class AuthorizationCodeGrant(SignInGrant):
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
        super().__init__(standing=standing, consents=consents, roles=roles, families=families)
        self._codes = codes
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
        proven = ProvenSignIn(
            user_id=code.user_id,
            session_id=code.session_id,
            family_id=code.family_id,
            scopes=code.scopes,
            resources=code.details.resources,
            auth_time=code.auth_time,
            acr=code.acr,
            amr=code.amr,
        )
        access, refresh_token = await self._earn(ctx, client, proven, sender)
        told: Mapping[str, Json] = {}
        if code.details.claims is not None and OPENID in access.scope:
            user = await self._standing.user(ctx, code.user_id)
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
