"""Foreign OpenID Connect issuers: their metadata and keys, as the connection's settings name them."""

from collections.abc import Callable
from typing import TypeVar

from airside.federation.documents import Documents, ProviderAway, Reader
from airside.federation.settings import OidcSettings
from airside.protocols.jose import KeySet, UnknownKey
from airside.protocols.oauth import (
    MAX_METADATA,
    MAX_PROVIDER_JWKS,
    ProviderMetadata,
    discovery_address,
    provider_keyset,
    read_provider_metadata,
)
from airside.store.context import RequestContext

T = TypeVar("T")


class Providers:
    """Finds them in the memory that the whole process shares."""

    def __init__(self, *, documents: Documents) -> None:
        self._documents = documents

    async def metadata(self, ctx: RequestContext, settings: OidcSettings) -> ProviderMetadata:
        """The issuer's endpoints: those in `settings`, or what its discovery document says.

        Raises:
            ProviderAway: the document can't be had, or isn't this issuer's.
        """
        if settings.authorization_endpoint is not None and settings.token_endpoint is not None:
            return ProviderMetadata(
                issuer=settings.issuer,
                authorization_endpoint=settings.authorization_endpoint,
                token_endpoint=settings.token_endpoint,
                jwks_uri=settings.jwks_uri,
                userinfo_endpoint=settings.userinfo_endpoint,
            )
        return await self._documents.current(ctx, discovery_address(settings.issuer), _metadata_of(settings.issuer))

    async def verified(
        self, ctx: RequestContext, settings: OidcSettings, metadata: ProviderMetadata, verify: Callable[[KeySet], T]
    ) -> T:
        """What `verify` makes of the issuer's keys. Where it meets a key that it doesn't know, it is asked once more
        with newer ones, if there are any (OpenID Connect Core §10.1.1).

        Raises:
            ProviderAway: the keys can't be had.
            TokenRefused: what `verify` raises.
        """
        if metadata.jwks_uri is None:
            raise ProviderAway("no_keys", 1.0)
        reader = _keys_of(settings.id_token_signed_response_alg)
        keys = await self._documents.current(ctx, metadata.jwks_uri, reader)
        try:
            return verify(keys)
        except UnknownKey:
            newer = await self._documents.newest(ctx, metadata.jwks_uri, reader)
            if newer.fingerprint == keys.fingerprint:
                raise
        return verify(newer)


def _metadata_of(issuer: str) -> Reader[ProviderMetadata]:
    return Reader(f"metadata {issuer}", lambda body: read_provider_metadata(body, issuer), MAX_METADATA)


def _keys_of(alg: str) -> Reader[KeySet]:
    return Reader(f"keys {alg}", lambda body: provider_keyset(body, alg), MAX_PROVIDER_JWKS)
