"""N04, N13: a limiter that can't count allows nobody."""

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.secret import Secret
from airside.limits import InProcessLimiter
from airside.vault import Vault
from tests.identity.kit import PASSWORD, Kit, make_passwords


async def test_right_password_without_a_counter_is_not_looked_at(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    user = await kit.user()
    full = InProcessLimiter(max_counters=0)
    passwords = make_passwords(vault, entropy, kit.hashes, limiter=full, devices=kit.devices)
    for email in (user.email, "nobody@example.com"):
        with pytest.raises(Unavailable):
            async with kit.open_ctx(kit.tenant_id) as ctx:
                await passwords.prove(ctx, email, Secret(PASSWORD))
