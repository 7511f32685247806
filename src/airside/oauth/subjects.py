"""What a client knows a person by: the same everywhere, or another name for each sector (OpenID Connect Core §8)."""

from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from airside.oauth.model import Client
from airside.protocols.jose import b64url_encode
from airside.store import RequestContext
from airside.vault import Vault

PURPOSE: Final = "pairwise-subject"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Subjects:
    """Derives pairwise subjects with a key of the tenant's own: what isn't stored can't be taken."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def of(self, ctx: RequestContext, client: Client, user: str) -> str:
        """What `client` knows `user` (`usr_…`) by. Other than the user, two clients of one sector know the same, and
        clients of two sectors nothing that could be compared (§8.1)."""
        if client.settings.subject_type != "pairwise":
            return user
        keyset = await self._vault.keyset(ctx)
        mac = HMAC(keyset.derive(PURPOSE), SHA256())
        mac.update(f"{sector_of(client)}\n{user}".encode())
        return b64url_encode(mac.finalize())


def sector_of(client: Client) -> str:
    """The host of its sector identifier, else the one host of its redirect URIs (§8.1).

    Where there is none that is the client's own (redirect URIs of several hosts, of a native application), it is a
    sector of its own: nobody shares subjects with it.
    """
    uri = client.settings.sector_identifier_uri
    hosts = {urlsplit(each).hostname for each in ((uri,) if uri is not None else client.redirect_uris)}
    host = hosts.pop() if len(hosts) == 1 else None
    return host if host is not None and host not in _LOOPBACK else client.word
