"""Whether what a request presents proves its client, by the method that the client registered and no other.

Secrets (RFC 6749 §2.3.1) by header or form, whichever of the two is registered; assertions signed with the client's own
key (RFC 7523 §2.2); the certificate of the TLS connection (RFC 8705 §2); nothing but its name for a public client.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from airside.access import Sender
from airside.core.entropy import equal
from airside.core.errors import Refusal, Unauthenticated
from airside.core.secret import Secret
from airside.oauth.client_certificates import Authorities, is_clients
from airside.oauth.client_keys import ClientKeys
from airside.oauth.clients import secret_hash
from airside.oauth.model import MAX_SECRETS, Client
from airside.oauth.settings import SECRET_METHODS, AuthenticationMethod
from airside.protocols.jose import KeyRefused, VerificationKey, b64url_encode
from airside.protocols.jose.claims import read_claims
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import check_client_assertion
from airside.store import RequestContext
from airside.tokens import SpentProofs

CERTIFICATE_METHODS: Final[frozenset[AuthenticationMethod]] = frozenset(
    {"tls_client_auth", "self_signed_tls_client_auth"}
)
FAPI_METHODS: Final = CERTIFICATE_METHODS | frozenset[AuthenticationMethod]({"private_key_jwt"})
"""FAPI 2.0 Security Profile §5.3.2.1: no secrets that both sides know."""

_NOBODY: Final = sha256(b"no client has this secret").digest()
_STAND_IN: Final = VerificationKey("nobody", "ES256", generate("ES256").public_key())
"""What the assertion of nobody is verified with: refusing it takes as long as refusing somebody's."""
_SIGNATURE: Final = (bytes(31) + b"\x01") * 2  # r = s = 1: a zero would be refused without any arithmetic


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request presents for its client, by which method; of `secret` and `assertion` at most one. `issuer` is the
    tenant's, whom an assertion must be for.

    A request that presents neither says `none`: it may still come over its client's certificate.
    """

    method: AuthenticationMethod
    client_id: str
    secret: Secret[str] | None = None
    assertion: Secret[str] | None = None
    issuer: str = ""
    sender: Sender = field(default_factory=Sender)


class ClientProofs:
    """Judges credentials. `authorities` are those whose certificates `tls_client_auth` takes."""

    def __init__(self, *, keys: ClientKeys, spent: SpentProofs, authorities: Authorities) -> None:
        self._keys = keys
        self._spent = spent
        self._authorities = authorities

    async def prove(self, ctx: RequestContext, client: Client | None, credentials: Credentials) -> bool:
        """Whether `credentials` prove `client`. An assertion that does is spent by this.

        As much is compared and verified for whoever asks: a client that isn't there, or is disabled, or registered for
        another method, is refused like one that errs.

        Raises:
            Unavailable: the client's keys are away.
        """
        by_secret = _knows_secret(client, credentials, ctx.now)
        by_assertion = await self._signed(ctx, client, credentials)
        if client is None or client.state != "active":
            return False
        method = registered_method(client)
        if client.settings.profile == "fapi2" and method not in FAPI_METHODS:
            return False
        if method in SECRET_METHODS:
            return credentials.method in SECRET_METHODS and by_secret
        if method == "private_key_jwt":
            return by_assertion is not None and await self._spend(ctx, client, by_assertion)
        if credentials.method != "none" or credentials.secret is not None or credentials.assertion is not None:
            return False
        return method == "none" or self._over_certificate(ctx, client, credentials)

    def _over_certificate(self, ctx: RequestContext, client: Client, credentials: Credentials) -> bool:
        certificate = credentials.sender.certificate
        return certificate is not None and is_clients(client.settings, certificate, self._authorities, ctx.now)

    async def _signed(
        self, ctx: RequestContext, client: Client | None, credentials: Credentials
    ) -> tuple[str, float] | None:
        """`jti` and end of an assertion that is this client's, for us and in force; None for anything else."""
        if credentials.assertion is None:
            return None
        token, known = credentials.assertion.reveal(), client is not None and client.state == "active"
        if client is None or not known or registered_method(client) != "private_key_jwt":
            _refuse_slowly(token)
            return None
        try:
            jws = await self._keys.verify(ctx, client, token)
            if client.settings.profile == "fapi2" and jws.header.alg == "RS256":
                return None  # FAPI 2.0 Security Profile §5.4.1
            return check_client_assertion(
                jws.header.typ,
                read_claims(jws.payload),
                client_id=client.word,
                audiences=_audiences(client, credentials.issuer),
                now=ctx.now.timestamp(),
            )
        except (Unauthenticated, KeyRefused):
            return None

    async def _spend(self, ctx: RequestContext, client: Client, assertion: tuple[str, float]) -> bool:
        jti, expires = assertion
        until = datetime.fromtimestamp(expires, UTC)
        return await self._spent.spend(ctx, "client_assertion", client.word, jti, until)


def proven_by_secret(client: Client, credentials: Credentials, now: datetime) -> bool:
    """Whether `ClientProofs.prove` says yes for a secret: the answers that take no wait."""
    lawful = registered_method(client) in SECRET_METHODS and client.settings.profile != "fapi2"
    by_secret = credentials.method in SECRET_METHODS and _knows_secret(client, credentials, now)
    return client.state == "active" and lawful and by_secret


def registered_method(client: Client) -> AuthenticationMethod:
    """How `client` proves itself: a public one by nothing."""
    return "none" if client.public else client.settings.token_endpoint_auth_method


def _audiences(client: Client, issuer: str) -> tuple[str, ...]:
    """The issuer; of clients that aren't held to FAPI 2.0 (§5.3.2.1, clause 8) also the token endpoint, as OpenID
    Connect Core §9 has it."""
    if not issuer:
        return ()
    return (issuer,) if client.settings.profile == "fapi2" else (issuer, f"{issuer}/oauth2/token")


def _knows_secret(client: Client | None, credentials: Credentials, now: datetime) -> bool:
    secrets = client.live_secrets(now) if client is not None else ()
    hashes = [secret.hash for secret in secrets] + [_NOBODY] * (MAX_SECRETS - len(secrets))
    presented = secret_hash(credentials.secret.reveal()) if credentials.secret is not None else bytes(32)
    found = [equal(stored, presented) for stored in hashes]
    return credentials.secret is not None and any(found[: len(secrets)])


def _refuse_slowly(token: str) -> None:
    try:
        _STAND_IN.verify(_SIGNATURE, b64url_encode(sha256(token.encode("utf-8", "replace")).digest()).encode())
    except Refusal:
        return
