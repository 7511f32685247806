"""The door `oidc`: who signs in at a foreign OpenID Connect issuer, or at GitHub, and comes back with a code.

Code flow with PKCE (S256), `state` bound to the login and the connection, `nonce`, and a callback address of each
connection's own (RFC 9700 §2.1, §4.4.2). What comes back is looked at once, whatever it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Protocol

from airside.audit import Event, Journal
from airside.core.clock import epoch
from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, Refusal, Unauthenticated
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.answers import Answers, OidcAnswer, Redeemed
from airside.federation.connections import Connections
from airside.federation.documents import ProviderAway
from airside.federation.linking import OURS, LinkedDoor, Linking
from airside.federation.model import AnswerRefused, Connection, Departure, ExternalClaims, Seen
from airside.federation.oidc_claims import apple_name, attributes_of, external_claims
from airside.federation.oidc_client import AGENT, TIMEOUT, OidcClient
from airside.federation.oidc_oauth import github_claims
from airside.federation.oidc_outline import claims_of
from airside.federation.providers import Providers
from airside.federation.requests import Requests
from airside.federation.settings import OidcSettings
from airside.fetch import Fetcher, Refused
from airside.fetch.target import parse
from airside.identity import Answer, Attempt, Proof
from airside.protocols.jose import TokenRefused
from airside.protocols.oauth import (
    S256,
    ExpectedIdToken,
    ProviderMetadata,
    ProviderRefused,
    TokenAnswer,
    VerifiedIdToken,
    authorization_address,
    challenge_of,
    read_code,
    read_userinfo,
    verify_id_token,
)
from airside.protocols.oauth.token_answer import MAX_ANSWER
from airside.store.context import RequestContext

WANTED: Final = ("email", "name")
"""Userinfo is asked where the ID token lacks one of these."""
RETRY_AFTER: Final = 30.0
"""Seconds until it is worth trying an issuer again that couldn't be led to."""
_NOTHING: Final[Mapping[str, Json]] = {}


class OwnIssuer(Protocol):
    """Where the tenant's own addresses hang."""

    async def __call__(self, ctx: RequestContext) -> str:
        """The issuer of the context's tenant."""
        ...


class _Said(NamedTuple):
    """What an answer said, and the ID token in which it did."""

    claims: ExternalClaims
    id_token: Secret[str] | None


@dataclass(slots=True)
class _Found:
    """How far an answer was followed before it was taken or refused."""

    id_token: Secret[str] | None = None
    verified: VerifiedIdToken | None = None

    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """What the verified ID token says of the person, as far as that can be shown."""
        try:
            return {} if self.verified is None else attributes_of(self.verified.claims)
        except ProviderRefused:
            return {}


class OidcDoor(LinkedDoor):
    """Leads away and takes what comes back. Requests go out through `fetcher` alone (N28); `exceptions` are the
    `host:port` that a browser may be led to over plain http."""

    kind: ClassVar[str] = "oidc"

    def __init__(
        self,
        *,
        entropy: Entropy,
        journal: Journal,
        connections: Connections,
        requests: Requests,
        answers: Answers,
        linking: Linking,
        providers: Providers,
        client: OidcClient,
        fetcher: Fetcher,
        issuer: OwnIssuer,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        self._entropy = entropy
        self._journal = journal
        self._connections = connections
        self._requests = requests
        self._answers = answers
        self._linking = linking
        self._providers = providers
        self._client = client
        self._fetcher = fetcher
        self._issuer = issuer
        self._exceptions = exceptions

    async def lead(self, ctx: RequestContext, attempt: Attempt, connection: Connection) -> Departure:
        """Implements `Leading`: the authorization request (OpenID Connect Core §3.1.2.1).

        Raises:
            Unavailable: the issuer's metadata can't be had, or it leads browsers where none goes. Why is in the
            journal.
            Forbidden: too many are under way in this login.
        """
        settings = _settings(connection)
        metadata = await self._whither(ctx, settings)
        nonce, verifier = token(self._entropy), token(self._entropy)
        state = await self._requests.note(ctx, attempt, connection, {"nonce": nonce, "verifier": verifier})
        parameters = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": await self.callback(ctx, connection),
            "scope": " ".join(settings.scopes),
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": S256,
        }
        if settings.preset != "github":
            parameters["nonce"] = nonce
        parameters |= _wishes(settings) | _renewal(ctx, attempt, settings)
        return Departure(authorization_address(metadata.authorization_endpoint, parameters))

    async def _whither(self, ctx: RequestContext, settings: OidcSettings) -> ProviderMetadata:
        try:
            metadata = await self._providers.metadata(ctx, settings)
            parse(metadata.authorization_endpoint, self._exceptions)
        except (ProviderAway, Refused) as refusal:
            await self._journal.refused(ctx, Event.FEDERATION_REFUSED, reason=reason_of(refusal))
            await ctx.tx.checkpoint()
            raise ProviderAway(refusal.reason, RETRY_AFTER) from None
        return metadata

    async def callback(self, ctx: RequestContext, connection: Connection) -> str:
        """The connection's own callback address, as it is registered at its provider (RFC 9700 §4.4.2.2)."""
        return f"{await self._issuer(ctx)}/oidc/{connection.word}/callback"

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - as the Protocol
        """Nothing: `lead` is told which connection."""
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        """Implements `Authenticator`. Why an answer counts for nothing is in the journal alone.

        Raises:
            Unauthenticated: it isn't genuine, not for this login, an error, or its subject is nobody here.
            LimitExceeded: too many failures.
        """
        if not isinstance(answer, OidcAnswer):
            raise Unauthenticated("another kind of answer")
        redeemed = await self._answers.redeem(ctx, attempt, "oidc", answer.word)
        try:
            said = await self._said(ctx, redeemed, _Found())
        except OURS:
            raise
        except Refusal as refusal:
            await self._linking.refuse(ctx, redeemed.connection, reason_of(refusal))
            raise Unauthenticated("the provider's answer counts for nothing") from None
        return await self._linking.prove(ctx, attempt, redeemed, said.claims, hint=said.id_token)

    async def examine(self, ctx: RequestContext, attempt: Attempt, word: str) -> ExternalClaims:
        """Implements `Examining`: as `prove`, but nobody is linked to what it says, and why it counts for nothing is
        told."""
        redeemed = await self._answers.redeem(ctx, attempt, "oidc", word)
        found = _Found()
        try:
            claims = (await self._said(ctx, redeemed, found)).claims
        except OURS:
            raise
        except Refusal as refusal:
            seen = Seen(claims_of(redeemed.fields, found.id_token), found.attributes())
            raise AnswerRefused(reason_of(refusal), seen) from refusal
        await self._answers.forgive(ctx)
        return claims

    async def _said(self, ctx: RequestContext, redeemed: Redeemed, found: _Found) -> _Said:
        connection, noted = redeemed.connection, redeemed.details
        if noted is None:
            raise ProviderRefused("unasked")
        settings = _settings(connection)
        metadata = await self._providers.metadata(ctx, settings)
        code = read_code(redeemed.fields, settings.issuer, names_itself=metadata.names_itself)
        secrets = await self._connections.secrets(ctx, connection.id)
        grant = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": await self.callback(ctx, connection),
            "code_verifier": noted["verifier"],
        }
        tokens = await self._client.redeem(ctx, settings, secrets, metadata, grant)
        found.id_token = tokens.id_token
        if settings.preset == "github":
            profile = await github_claims(self._fetcher, metadata.userinfo_endpoint or "", tokens.access_token)
            return _Said(profile, None)
        verified = await self._verified(ctx, settings, metadata, tokens, Secret(noted["nonce"]))
        found.verified = verified
        told = await self._told(ctx, settings, metadata, tokens, verified)
        claims = external_claims(settings, verified, told, apple_name(redeemed.fields.get("user", "")))
        return _Said(claims, tokens.id_token)

    async def _verified(
        self,
        ctx: RequestContext,
        settings: OidcSettings,
        metadata: ProviderMetadata,
        tokens: TokenAnswer,
        nonce: Secret[str],
    ) -> VerifiedIdToken:
        identity = tokens.id_token
        if identity is None:
            raise ProviderRefused("no_id_token")
        expected = ExpectedIdToken(
            issuer=settings.issuer,
            client_id=settings.client_id,
            nonce=nonce,
            access_token=tokens.access_token,
            max_age=settings.max_age,
            required=settings.required_claims,
        )
        now = epoch(ctx.now)
        return await self._providers.verified(
            ctx, settings, metadata, lambda keys: verify_id_token(identity, keys, expected, now)
        )

    async def _told(
        self,
        ctx: RequestContext,
        settings: OidcSettings,
        metadata: ProviderMetadata,
        tokens: TokenAnswer,
        verified: VerifiedIdToken,
    ) -> Mapping[str, Json]:
        """What userinfo says, where the ID token lacks something. It has to be of the same subject: an access token
        that was slipped in would tell of somebody else (OpenID Connect Core §5.3.2)."""
        lacks = any(name not in verified.claims for name in WANTED)
        if metadata.userinfo_endpoint is None or not settings.ask_userinfo or not lacks:
            return _NOTHING
        await ctx.tx.checkpoint()
        headers = {
            "authorization": f"Bearer {tokens.access_token.reveal()}",
            "accept": "application/json",
            "user-agent": AGENT,
        }
        answer = await self._fetcher.get(
            metadata.userinfo_endpoint, headers=headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT
        )
        told = read_userinfo(answer.status, answer.headers.get("content-type", ""), answer.body)
        if told.get("sub") != verified.subject:
            raise ProviderRefused("userinfo_of_another")
        return told


def reason_of(refusal: Refusal) -> str:
    """What the journal calls it: a word of ours, and no word of a stranger's."""
    if isinstance(refusal, ProviderRefused):
        return refusal.reason
    if isinstance(refusal, TokenRefused):
        claim = refusal.data.get("claim")
        return f"id_token_{refusal.reason}" if claim is None else f"id_token_{refusal.reason}_{claim}"
    if isinstance(refusal, ProviderAway):
        return "provider_away"
    return "settings" if isinstance(refusal, InvalidInput) else refusal.code


def _wishes(settings: OidcSettings) -> dict[str, str]:
    """What the settings ask of the provider beyond a code."""
    wishes = dict(settings.request_parameters)
    if settings.response_mode != "query":
        wishes["response_mode"] = settings.response_mode
    if settings.max_age is not None:
        wishes["max_age"] = str(settings.max_age)
    if settings.prompt is not None:
        wishes["prompt"] = settings.prompt
    return wishes


def _renewal(ctx: RequestContext, attempt: Attempt, settings: OidcSettings) -> dict[str, str]:
    """What a login that renews a session asks beyond that: that the person be asked anew, if it is too long ago
    (OpenID Connect Core §3.1.2.1); `auth_time` comes with `max_age` (§2), and `linking` looks at it."""
    if attempt.renew_since is None:
        return {}
    age = max(0, int((ctx.now - attempt.renew_since).total_seconds()))
    if settings.max_age is not None:
        age = min(age, settings.max_age)
    return {"max_age": str(age)} if age else {"max_age": "0", "prompt": "login"}


def _settings(connection: Connection) -> OidcSettings:
    if not isinstance(connection.settings, OidcSettings):
        raise InvalidInput("a connection of another kind")
    return connection.settings
