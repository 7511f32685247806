"""From a SAML identity provider's metadata to the settings of a connection."""

from collections.abc import Mapping

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.federation.documents import Documents, Reader
from airside.federation.saml_party import BINDINGS
from airside.fetch.model import Refused
from airside.fetch.target import parse
from airside.protocols.saml import IdpMetadata, MetadataRefused, read_idp_metadata
from airside.protocols.saml.idp_metadata import MAX_METADATA
from airside.store.context import RequestContext

_READER = Reader("saml metadata", read_idp_metadata, MAX_METADATA)


class ProviderMetadata:
    """Reads metadata that somebody brings, or fetches it where it lies."""

    def __init__(self, *, documents: Documents, exceptions: frozenset[str] = frozenset()) -> None:
        """`exceptions` are the `host:port` that may be spoken with although they aren't public."""
        self._documents = documents
        self._exceptions = exceptions

    def read(self, document: bytes) -> Mapping[str, Json]:
        """The settings that `document` spells. Raises: InvalidInput: it describes no one identity provider."""
        try:
            return _settings(read_idp_metadata(document))
        except MetadataRefused:
            raise InvalidInput("no metadata of one identity provider", pointer="metadata") from None

    async def fetch(self, ctx: RequestContext, url: str) -> Mapping[str, Json]:
        """As `read`, from `url`. What was done in `ctx` before is committed.

        Raises:
            InvalidInput: an address that isn't https.
            Unavailable: it doesn't answer, not from a public address (N28), or with something else.
        """
        try:
            parse(url, self._exceptions)
        except Refused as refusal:
            raise InvalidInput(refusal.reason, pointer="metadata_url") from None
        found = await self._documents.current(ctx, url, _READER)
        return {**_settings(found), "metadata_url": url}


def _settings(found: IdpMetadata) -> dict[str, Json]:
    settings: dict[str, Json] = {
        "entity_id": found.entity_id,
        "certificates": [pinned.pem for pinned in found.certificates],
    }
    for field, endpoints in (("sso", found.sso), ("slo", found.slo)):
        for binding, name in BINDINGS.items():
            if name in endpoints and f"{field}_url" not in settings:
                settings |= {f"{field}_url": endpoints[name], f"{field}_binding": binding}
    return settings
