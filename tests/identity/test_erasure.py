"""Erasing a user: everything that hangs on them, and in the end they themselves."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from airside.audit import Authority
from airside.core.entropy import Entropy
from airside.core.errors import NotFound, Unauthenticated, Unavailable
from airside.core.secret import Secret
from airside.custody import read_person_certificate
from airside.identity import ErasedPerson, Erasure
from airside.identity.erasure import LETTER
from airside.identity.records_erasure import HANGING
from airside.store import Outbox, RequestContext
from airside.vault import Vault
from tests.authenticator import Authenticator
from tests.identity.erasure_kit import make_erasure
from tests.identity.factor_kit import Second
from tests.identity.kit import HOME, PASSWORD, Kit
from tests.identity.passkeys_kit import register, why
from tests.makers import MakeTenant

COLUMNS = """
    select table_name from information_schema.columns
    where table_schema = 'airside' and column_name = 'user_id' order by table_name
"""
APART = {"user_account", "person_key", "user_erasure", "person_erasure", "authorization_code"}
"""What is erased last, with its key, what says so and stays, and what runs out after a minute."""


@dataclass(frozen=True)
class Count:
    count: int


class Silent:
    """A `Certifier` whose key is away."""

    async def certify(self, ctx: RequestContext, erased: ErasedPerson) -> str:
        raise Unavailable(f"no key for {ctx.tenant_id}, {erased.user_id}")


@pytest.fixture
def erasure(vault: Vault, entropy: Entropy) -> Erasure:
    return make_erasure(vault, entropy)


async def close(kit: Kit, erasure: Erasure, user_id: UUID) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await erasure.close(ctx, user_id)


async def deliver(kit: Kit, entropy: Entropy, user_id: UUID) -> None:
    """The mail is out, whoever sends it: a server on the same database may be quicker."""
    outbox = Outbox(entropy=entropy)
    while True:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            for item in await outbox.take(ctx, limit=50, lease=timedelta(minutes=1)):
                await outbox.done(ctx, item)
        async with kit.open_ctx(kit.tenant_id) as ctx:
            if not await outbox.waits(ctx, LETTER, user_id):
                return
        await asyncio.sleep(0.05)


async def swept(kit: Kit, erasure: Erasure) -> int:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return await erasure.sweep(ctx)


async def rows(kit: Kit, user_id: UUID) -> int:
    """How many rows name the user."""
    found = 0
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for sql in HANGING:
            counting = sql.replace("delete from", "select count(*) as count from")
            (row,) = await ctx.tx.all(Count, counting, (kit.tenant_id, user_id))
            found += row.count
    return found


def test_every_table_that_names_a_user_is_erased(superuser_dsn: str) -> None:
    """Whoever adds a table says here what becomes of it."""
    with psycopg.connect(superuser_dsn) as connection:
        named = {row[0] for row in connection.execute(COLUMNS)}
    assert named - APART == {sql.split("airside.")[1].split(" ")[0] for sql in HANGING}


async def test_what_somebody_proves_themselves_with_is_gone_at_once(kit: Kit, second: Second, erasure: Erasure) -> None:
    """N18."""
    user, device = await kit.user(), Authenticator()
    await second.enrol(user.id)
    await register(kit, user, device)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await second.recovery_codes.renew(ctx, user.id)
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.sessions.start(ctx, [proof])
    assert await rows(kit, user.id) > 10
    await close(kit, erasure, user.id)
    assert await rows(kit, user.id) == 0
    with pytest.raises(Unauthenticated):
        await kit.proof()
    assert await why(kit, device) != "proven"


async def test_user_is_there_until_the_mail_is_out_and_then_no_more(
    kit: Kit, erasure: Erasure, entropy: Entropy, vault: Vault
) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        domain = user.email.partition("@")[2]
        assert [found.id for found in (await kit.users.at_domain(ctx, domain)).users] == [user.id]
        await erasure.close(ctx, user.id)
        assert (await kit.users.at_domain(ctx, domain)).users == []
        assert await erasure.sweep(ctx) == 0
        assert (await kit.users.get(ctx, user.id)).state == "disabled"
    await deliver(kit, entropy, user.id)
    assert await swept(kit, erasure) == 1
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await vault.persons.of(ctx, user.id) is None
        assert await kit.users.find_by_email(ctx, user.email) is None
        with pytest.raises(NotFound):
            await kit.users.get(ctx, user.id)
    again = await kit.user()
    assert again.id != user.id


async def test_user_who_is_brought_back_meanwhile_goes_all_the_same(
    kit: Kit, erasure: Erasure, entropy: Entropy
) -> None:
    user = await kit.user()
    await close(kit, erasure, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "active")
        await kit.passwords.set(ctx, user.id, Secret(PASSWORD))
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        await kit.sessions.start(ctx, [proof])
    await deliver(kit, entropy, user.id)
    assert await swept(kit, erasure) == 1
    assert await rows(kit, user.id) == 0


async def test_processes_that_sweep_at_once_erase_once(kit: Kit, erasure: Erasure, entropy: Entropy) -> None:
    user = await kit.user()
    await close(kit, erasure, user.id)
    await close(kit, erasure, user.id)
    await deliver(kit, entropy, user.id)
    assert sum(await asyncio.gather(*(swept(kit, erasure) for _ in range(8)))) == 1


async def test_user_of_nobody_and_of_another_tenant_is_not_found(
    kit: Kit, erasure: Erasure, make_tenant: MakeTenant
) -> None:
    """N20."""
    user = await kit.user()
    async with kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await erasure.close(ctx, user.id)
    assert await rows(kit, user.id) > 0


async def test_certificate_is_signed_by_the_tenant_s_key_exactly_when_theirs_is_gone(
    kit: Kit, erasure: Erasure, entropy: Entropy, vault: Vault
) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await erasure.find(ctx, user.id) is None
    await close(kit, erasure, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        asked = await erasure.find(ctx, user.id)
        assert asked is not None
        assert (asked.state, asked.certificate) == ("closed", None)
    await deliver(kit, entropy, user.id)
    assert await swept(kit, erasure) == 1
    async with kit.open_ctx(kit.tenant_id) as ctx:
        done = await erasure.find(ctx, user.id)
        key = await Authority(vault=vault, entropy=entropy).key(ctx)
    assert done is not None
    assert done.certificate is not None
    assert (done.state, done.requested_at) == ("erased", asked.requested_at)
    verified = read_person_certificate(done.certificate)
    said = verified.certificate
    assert verified.thumbprint == key.kid
    assert (said.tenant_id, said.user_id, said.key_id) == (kit.tenant_id, user.id, user.id)
    assert said.requested_at == asked.requested_at.replace(microsecond=0)


async def test_nobody_is_erased_when_nobody_signs(kit: Kit, entropy: Entropy, vault: Vault) -> None:
    """There is a certificate exactly if the key is gone: all of the sweep rolls back."""
    user = await kit.user()
    erasure = make_erasure(vault, entropy, Silent())
    await close(kit, erasure, user.id)
    await deliver(kit, entropy, user.id)
    with pytest.raises(Unavailable):
        await swept(kit, erasure)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await vault.persons.of(ctx, user.id) is not None
        assert (await kit.users.get(ctx, user.id)).state == "disabled"


async def test_account_closed_by_an_older_build_is_certified_too(kit: Kit, erasure: Erasure, entropy: Entropy) -> None:
    user = await kit.user()
    await close(kit, erasure, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await ctx.tx.run("delete from airside.person_erasure where tenant_id = %s", (kit.tenant_id,))
    await deliver(kit, entropy, user.id)
    assert await swept(kit, erasure) == 1
    async with kit.open_ctx(kit.tenant_id) as ctx:
        done = await erasure.find(ctx, user.id)
    assert done is not None
    assert done.state == "erased"
