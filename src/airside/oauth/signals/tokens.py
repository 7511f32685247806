"""Security event tokens, as a stream's receiver gets them."""

from airside.core.clock import epoch
from airside.core.ids import SESSION, STREAM, TENANT, USER
from airside.core.secret import Secret
from airside.core.strict_json import Json, loads_object
from airside.oauth.model import Client
from airside.oauth.signals.model import Signal
from airside.oauth.subjects import Subjects
from airside.protocols.jose import sign_jwt
from airside.protocols.secevent import SET_TYPE, complex_subject, iss_sub, opaque
from airside.store import RequestContext
from airside.tokens import SigningKeys


class SecurityEventTokens:
    """Signs them as the client registered its ID tokens, and names users as those do (CAEP Interoperability Profile
    1.0 §2.6 wants RS256, which is what a client has that registered nothing)."""

    def __init__(self, *, keys: SigningKeys, subjects: Subjects) -> None:
        self._keys = keys
        self._subjects = subjects

    async def write(self, ctx: RequestContext, client: Client, issuer: str, signal: Signal) -> Secret[str]:
        """The token of `signal`: the same id and the same moment at every try."""
        claims: dict[str, Json] = {
            "iss": issuer,
            "aud": client.word,
            "iat": int(epoch(signal.created_at)),
            "jti": signal.word,
            "sub_id": await self._subject(ctx, client, issuer, signal),
            "events": {signal.kind: loads_object(signal.data.encode())},
            **({"txn": signal.txn} if signal.txn else {}),
        }
        signer = await self._keys.signer(ctx, client.settings.id_token_signed_response_alg)
        return Secret(sign_jwt(signer, claims, typ=SET_TYPE))

    async def _subject(self, ctx: RequestContext, client: Client, issuer: str, signal: Signal) -> dict[str, Json]:
        word = signal.subject
        if word.startswith(f"{STREAM}_"):
            return opaque(word)
        if word.startswith(f"{TENANT}_"):
            return complex_subject(tenant=opaque(word))
        user = iss_sub(issuer, await self._subjects.of(ctx, client, word) if word.startswith(f"{USER}_") else word)
        if not signal.session.startswith(f"{SESSION}_"):
            return user
        return complex_subject(user=user, session=opaque(signal.session))
