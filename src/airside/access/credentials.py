"""A presented credential → the Principal behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from airside.access.issuers import Issuers
from airside.access.senders import Sender
from airside.apikeys import ApiKey, KeyVerifier, VerifiedKey
from airside.core.entropy import equal
from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.principal import Assurance, Principal
from airside.protocols.apikey import PresentedKey, looks_like_key, parse_key
from airside.protocols.jose import b64url_encode
from airside.protocols.oauth import DPOP_ALGORITHMS, DpopRefused
from airside.store import Address, RequestContext
from airside.tokens import DpopNonceNeeded, Possession, TokenVerifier, VerifiedToken

SCHEME: Final = "bearer "
DPOP_SCHEME: Final = "dpop "
MAX_HEADER: Final = 16 * 1024 + len(SCHEME)
MAX_KNOWN: Final = 4096
"""Principals remembered beside the proof that each was read from."""
ASSURANCES: Final[dict[str | None, Assurance]] = {"aal1": "aal1", "aal2": "aal2", "aal3": "aal3"}


class SenderUnproven(Unauthenticated):
    """A token bound to a key or certificate, and a request that doesn't prove to come from its holder; or a token that
    isn't bound, presented as if it were (RFC 9449 §7.1, RFC 8705 §3). `headers` are the challenge."""

    def __init__(self, reason: str, *, error: str = "invalid_token", nonce: str | None = None) -> None:
        super().__init__(reason, presented=True)
        challenge = f'DPoP error="{error}", algs="{" ".join(DPOP_ALGORITHMS)}"'
        self.headers = {"www-authenticate": challenge} | ({} if nonce is None else {"dpop-nonce": nonce})


@dataclass(frozen=True, slots=True)
class Presented:
    """A token and how it came: by the `DPoP` scheme, or as a bearer token. `key`: it is spelt like an API key, which
    always comes as a bearer token."""

    token: str
    dpop: bool = False
    key: PresentedKey | None = None


def presented_token(authorization: str | None) -> Presented:
    """The token of an Authorization header of either scheme (RFC 6750 §2.1, RFC 9449 §7.1); nowhere else is one looked
    for.

    Raises:
        Unauthenticated: as `bearer_token`, or it begins like an API key and isn't one: nothing was read for that.
    """
    if authorization is None or authorization[:5].lower() != DPOP_SCHEME:
        token = bearer_token(authorization)
        return Presented(token, key=presented_key(token) if looks_like_key(token) else None)
    return Presented(bearer_token(SCHEME + authorization[5:]), dpop=True)


def presented_key(token: str) -> PresentedKey:
    """The API key that `token` is spelt like.

    Raises:
        Unauthenticated: it isn't one.
    """
    try:
        return parse_key(token)
    except InvalidInput:
        raise Unauthenticated("API key malformed", presented=True) from None


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750 §2.1); nowhere else is one looked for.

    Raises:
        Unauthenticated: no header, another scheme, or nothing in it.
    """
    if not authorization or len(authorization) > MAX_HEADER or authorization[:7].lower() != SCHEME:
        raise Unauthenticated("bearer token missing")
    token = authorization[7:].strip()
    if not token or " " in token:
        raise Unauthenticated("bearer token malformed")
    return token


class Credentials:
    """Verifies what a request presents."""

    def __init__(self, *, verifier: TokenVerifier, issuers: Issuers, possession: Possession, keys: KeyVerifier) -> None:
        self._verifier = verifier
        self._keys = keys
        self._of_keys: dict[str, tuple[ApiKey, Principal]] = {}
        self._issuers = issuers
        self._possession = possession
        self._principals: dict[str, tuple[VerifiedToken, Principal]] = {}

    async def principal(self, ctx: RequestContext, address: Address, presented: Presented, sender: Sender) -> Principal:
        """Who presents a token, issued by this very tenant for its own interfaces, or a secret API key of it.

        Raises:
            Unauthenticated: not a token of this tenant, not for us, over, or revoked.
            SenderUnproven: it is somebody else's, as far as this request proves.
            LimitExceeded: an API key comes too often, or its origin has failed too often.
        """
        if presented.key is not None:
            return self._principal_of(await self.key(ctx, presented.key))
        issuer = self._issuers.of(address)
        verified = await self._verifier.verify(ctx, presented.token, issuer=issuer, audience=issuer)
        if verified.confirmation is None and not presented.dpop:
            return self._principal(presented.token, verified)
        if not sender.proven:
            await self.demand_sender(ctx, verified, presented, sender)
        return principal_of(verified)

    async def key(self, ctx: RequestContext, presented: PresentedKey, *, publishable: bool = False) -> VerifiedKey:
        """The API key that is presented: a secret one, or, where that is enough, a publishable one, which proves
        nothing of who comes with it.

        Raises:
            Unauthenticated, LimitExceeded: as `KeyVerifier.verify`; or it is publishable and that isn't enough.
        """
        if presented.kind != "secret" and not publishable:
            raise Unauthenticated("a publishable key opens nothing", presented=True)
        return await self._keys.verify(ctx, presented)

    def charge_stranger(self, ctx: RequestContext) -> None:
        """Somebody's API key is about to be looked for in every tenant. Raises: LimitExceeded."""
        self._keys.charge(ctx)

    async def refund_stranger(self, ctx: RequestContext) -> None:
        """And was found in one, which now judges it."""
        await self._keys.refund(ctx)

    async def demand_sender(
        self, ctx: RequestContext, verified: VerifiedToken, presented: Presented, sender: Sender
    ) -> None:
        """Return if the request comes from whoever `verified` is bound to, and in the way that it is bound. A proof is
        spent, and that is committed, whatever becomes of the request.

        Raises:
            SenderUnproven: it doesn't.
        """
        bound = verified.confirmation
        jkt = None if bound is None else bound.jkt
        if presented.dpop is not (jkt is not None):
            raise SenderUnproven("a bound token as a bearer token, or a bearer token as a bound one")
        if bound is not None and bound.x5t_s256 is not None and not _is_of(sender.certificate, bound.x5t_s256):
            raise SenderUnproven("not over its certificate")
        if jkt is None:
            return
        proven = await self._prove(ctx, presented.token, sender)
        await ctx.tx.checkpoint()
        if not equal(proven.encode(), jkt.encode()):
            raise SenderUnproven("another key")

    async def _prove(self, ctx: RequestContext, token: str, sender: Sender) -> str:
        if sender.dpop is None:
            raise SenderUnproven("no proof", error="invalid_dpop_proof")
        try:
            return await self._possession.prove(
                ctx, sender.dpop, method=sender.method, urls=sender.urls, access_token=token
            )
        except DpopNonceNeeded as needed:
            raise SenderUnproven("nonce", error=needed.code, nonce=needed.nonce) from None
        except DpopRefused as cause:
            raise SenderUnproven(cause.reason, error=cause.code) from None

    def principal_at_once(self, ctx: RequestContext, address: Address, token: str) -> Principal | None:
        """As `principal` for a bearer token, without a wait; None where it would take one, as a bound token does.

        Raises:
            Unauthenticated: as `principal`.
        """
        issuer = self._issuers.of(address)
        verified = self._verifier.verify_at_once(ctx, token, issuer=issuer, audience=issuer)
        return None if verified is None else self._principal_at_once(token, verified)

    def key_at_once(self, ctx: RequestContext, presented: PresentedKey) -> Principal | None:
        """As `principal` for an API key, without a wait; None where it would take one, or refuse."""
        verified = self.verified_at_once(ctx, presented) if presented.kind == "secret" else None
        return None if verified is None else self._principal_of(verified)

    def verified_at_once(self, ctx: RequestContext, presented: PresentedKey) -> VerifiedKey | None:
        """As `key`, also for a publishable one, without a wait; None where it would take one, or refuse."""
        return self._keys.verify_at_once(ctx, presented)

    def _principal_of(self, verified: VerifiedKey) -> Principal:
        known = self._of_keys.get(verified.key.lookup)
        if known is not None and known[0] is verified.key:  # as it was read, which the verifier remembers
            return known[1]
        if len(self._of_keys) >= MAX_KNOWN:
            self._of_keys.clear()
        principal = principal_of_key(verified)
        self._of_keys[verified.key.lookup] = (verified.key, principal)
        return principal

    def _principal_at_once(self, token: str, verified: VerifiedToken) -> Principal | None:
        known = self._principals.get(token)
        if known is not None and known[0] is verified:  # no bound token is ever remembered
            return known[1]
        return None if verified.confirmation is not None else self._principal(token, verified)

    def _principal(self, token: str, verified: VerifiedToken) -> Principal:
        known = self._principals.get(token)
        if known is not None and known[0] is verified:  # the very proof, which the verifier remembers
            return known[1]
        if len(self._principals) >= MAX_KNOWN:
            self._principals.clear()
        principal = principal_of(verified)
        self._principals[token] = (verified, principal)
        return principal


def _is_of(certificate: bytes | None, thumbprint: str) -> bool:
    if certificate is None:
        return False
    return equal(b64url_encode(sha256(certificate).digest()).encode(), thumbprint.encode())


def principal_of(token: VerifiedToken) -> Principal:
    """The caller that a verified token speaks for."""
    if token.subject == token.client_id:
        kind, subject = "client", f"client:{token.subject}"
    else:
        kind, subject = "user", f"user:{token.subject}"
    return Principal(
        kind,
        subject,
        token.scope,
        ASSURANCES.get(token.acr, "aal0"),
        None if token.auth_time is None else datetime.fromtimestamp(token.auth_time, UTC),
        token.session_id,
        token.client_id,
        token.jti,
    )


def principal_of_key(verified: VerifiedKey) -> Principal:
    """The caller that a verified API key speaks for: its owner, who may no more by it than its scopes say, and nothing
    that they may not themselves (N21)."""
    key = verified.key
    return Principal("key", key.owner.subject, key.scopes, key_id=key.word, stores=key.stores)
