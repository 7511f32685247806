"""A tenant's signature on what is said about its log, by the key of its heads."""

from airside.audit import heads, records
from airside.audit.model import Head
from airside.core.entropy import Entropy
from airside.protocols.jose import SigningKey
from airside.store.context import RequestContext
from airside.vault import Vault


class Authority:
    """Hands out the key that signs a tenant's heads. What else it signs has a type of its own in its header."""

    def __init__(self, *, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy

    async def key(self, ctx: RequestContext) -> SigningKey:
        """The key of the context's tenant, made at first use; one, whoever asks at once."""
        if not await records.keys(ctx):
            await records.lock_tree(ctx)
        return await heads.signing_key(ctx, self._vault, self._entropy)


async def settled(ctx: RequestContext) -> Head | None:
    """The head under which everything lies that the tenant's log holds; None while something waits for one."""
    return None if await records.work_waits(ctx) else await records.last_head(ctx)
