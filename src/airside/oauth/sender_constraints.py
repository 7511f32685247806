"""What the tokens of a request will be bound to: the key or certificate that its sender proves to hold.

DPoP (RFC 9449 §5) binds wherever a proof comes; a certificate (RFC 8705 §3) where the client registered for that. What
a client registered to be demanded always is; a client of the FAPI 2.0 profile has to bring one of the two (FAPI 2.0
Security Profile §5.3.2.1). That a code or a refresh token was bound to this very key is for its grant to ask.
"""

from hashlib import sha256

from airside.oauth.client_proofs import Credentials
from airside.oauth.errors import InvalidDpopProof, InvalidRequest, UseDpopNonce
from airside.oauth.model import Client
from airside.protocols.jose import b64url_encode
from airside.protocols.oauth import DpopRefused
from airside.store import RequestContext
from airside.tokens import Confirmation, DpopNonceNeeded, Possession


class SenderConstraints:
    """Proves senders at the token endpoint."""

    def __init__(self, *, possession: Possession) -> None:
        self._possession = possession

    async def prove(self, ctx: RequestContext, client: Client, credentials: Credentials) -> Confirmation | None:
        """What the tokens will be bound to; None for bearer tokens.

        Raises:
            InvalidDpopProof: the proof proves nothing, or is missing where the client is bound to bring one.
            UseDpopNonce: it needs the server's nonce.
            InvalidRequest: the client is bound to its certificate, and came without.
        """
        settings, certificate = client.settings, credentials.sender.certificate
        jkt = await self.jkt(ctx, credentials)
        if settings.dpop_bound_access_tokens and jkt is None:
            raise InvalidDpopProof("a proof is demanded of this client")
        x5t = None
        if settings.tls_client_certificate_bound_access_tokens:
            if certificate is None:
                raise InvalidRequest("a certificate is demanded of this client")
            x5t = certificate_thumbprint(certificate)
        if jkt is None and x5t is None:
            if settings.profile == "fapi2":
                raise InvalidDpopProof("FAPI 2.0 takes sender-constrained tokens only")
            return None
        return Confirmation(jkt, x5t)

    async def jkt(self, ctx: RequestContext, credentials: Credentials) -> str | None:
        """The thumbprint of the key that the request's DPoP header proves; None where there is no such header. Also for
        the pushed authorization request endpoint (RFC 9449 §10.1).

        Raises:
            InvalidDpopProof, UseDpopNonce: as `prove`.
        """
        sender = credentials.sender
        if sender.dpop is None:
            return None
        try:
            return await self._possession.prove(ctx, sender.dpop, method=sender.method, urls=sender.urls)
        except DpopNonceNeeded as needed:
            raise UseDpopNonce(needed.nonce) from None
        except DpopRefused as cause:
            raise InvalidDpopProof(cause.reason) from None

    async def nonce(self, ctx: RequestContext) -> str:
        """A nonce for the sender's next proof (RFC 9449 §8.2)."""
        return await self._possession.nonce(ctx)


def certificate_thumbprint(certificate: bytes) -> str:
    """`x5t#S256` of a certificate in DER (RFC 8705 §3.1)."""
    return b64url_encode(sha256(certificate).digest())
