"""What a record says of a person: sealed under their own key, gone with it, and the log verifies all the same."""

from uuid import UUID

import psycopg
import pytest

from airside.audit import Activity, Event, Journal, Sequencer, verify_tenant
from airside.audit.personal import ERASED, Whence, origins
from airside.core.entropy import Entropy
from airside.core.ids import USER, format_id
from airside.core.principal import Origin, Principal
from airside.identity import User, Users
from airside.vault import Place, Unopenable, Vault, open_personal
from tests.makers import OpenContext

WHENCE = Origin("198.51.100.77", "curl")
EMAIL = "canary-3f9a@example.org"


@pytest.fixture
def journal(vault: Vault, entropy: Entropy) -> Journal:
    return Journal(vault=vault, entropy=entropy)


@pytest.fixture
async def user(vault: Vault, entropy: Entropy, journal: Journal, open_ctx: OpenContext, tenant_id: UUID) -> User:
    users = Users(vault=vault, entropy=entropy, journal=journal)
    async with open_ctx(tenant_id, origin=WHENCE) as ctx:
        return await users.create(ctx, EMAIL, "Canary", verified=True)


async def happened(vault: Vault, open_ctx: OpenContext, tenant_id: UUID, user: User) -> list[str]:
    async with open_ctx(tenant_id) as ctx:
        found = await Activity(vault=vault).of(ctx, format_id(USER, user.id), [Event.USER_CREATED])
    return [each.origin for each in found]


async def test_address_in_a_record_is_read_until_its_person_is_forgotten_and_the_log_verifies_ever_after(
    vault: Vault, entropy: Entropy, journal: Journal, open_ctx: OpenContext, tenant_id: UUID, user: User
) -> None:
    assert await happened(vault, open_ctx, tenant_id, user) == [WHENCE.address]
    async with open_ctx(tenant_id) as ctx:
        await Sequencer(journal=journal, vault=vault, entropy=entropy).sequence(ctx)
    async with open_ctx(tenant_id) as ctx:
        before = await verify_tenant(ctx)
        assert await vault.persons.destroy(ctx, user.id)
    assert await happened(vault, open_ctx, tenant_id, user) == [ERASED]
    async with open_ctx(tenant_id) as ctx:
        after = await verify_tenant(ctx)
    assert before.sound
    assert before.proven > 0
    assert after == before


async def test_personal_fields_don_t_open_with_every_key_that_the_tenant_has_left(
    vault: Vault, open_ctx: OpenContext, tenant_id: UUID, user: User, superuser_dsn: str
) -> None:
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        query = "select record_id, personal_sealed from airside.audit_record where tenant_id = %s and person <> ''"
        record_id, sealed = (await (await connection.execute(query, (tenant_id,))).fetchall())[0]
    place = Place("audit_record", "personal_sealed", record_id)
    async with open_ctx(tenant_id) as ctx:
        keyset, person = await vault.keyset(ctx), await vault.persons.of(ctx, user.id)
        assert EMAIL.encode() in open_personal(keyset, person, place, sealed)
        await vault.persons.destroy(ctx, user.id)
    async with open_ctx(tenant_id) as ctx:
        assert await vault.persons.of(ctx, user.id) is None
        with pytest.raises(Unopenable):
            open_personal(keyset, None, place, sealed)
        with pytest.raises(Unopenable):
            keyset.open(place, sealed)


async def test_what_older_builds_wrote_is_read_as_it_was(vault: Vault, open_ctx: OpenContext, tenant_id: UUID) -> None:
    """Addresses in clear; and what never was an address is none."""
    record_id = UUID(int=7)
    async with open_ctx(tenant_id) as ctx:
        open_ones = [Whence(record_id, "192.0.2.1", None), Whence(record_id, "-", None)]
        assert await origins(ctx, vault, open_ones) == ["192.0.2.1", "-"]
        spoiled = [Whence(record_id, text, None) for text in ("~", "~!", "~AQ", "~Ag")]
        assert await origins(ctx, vault, spoiled) == [ERASED] * 4


async def test_address_is_sealed_for_whoever_sent_the_request(
    vault: Vault, entropy: Entropy, journal: Journal, open_ctx: OpenContext, tenant_id: UUID, user: User
) -> None:
    """An administrator's address in the record of what they did goes with the administrator."""
    async with open_ctx(tenant_id) as ctx:
        chief = await Users(vault=vault, entropy=entropy, journal=journal).create(ctx, "chief@example.org", "")
    who = Principal("user", f"user:{format_id(USER, chief.id)}")
    async with open_ctx(tenant_id, principal=who, origin=WHENCE) as ctx:
        await journal.record(ctx, Event.USER_DEACTIVATED, subject=format_id(USER, user.id))
        subject = format_id(USER, user.id)
    async with open_ctx(tenant_id) as ctx:
        await vault.persons.destroy(ctx, user.id)
        (found,) = await Activity(vault=vault).of(ctx, subject, [Event.USER_DEACTIVATED])
        assert found.origin == WHENCE.address
        await vault.persons.destroy(ctx, chief.id)
        (found,) = await Activity(vault=vault).of(ctx, subject, [Event.USER_DEACTIVATED])
        assert found.origin == WHENCE.address  # until this transaction commits
    async with open_ctx(tenant_id) as ctx:
        (found,) = await Activity(vault=vault).of(ctx, subject, [Event.USER_DEACTIVATED])
    assert found.origin == ERASED


async def test_address_of_nobody_known_is_sealed_under_the_tenant_s_key(
    vault: Vault, journal: Journal, open_ctx: OpenContext, tenant_id: UUID, superuser_dsn: str
) -> None:
    """A refusal tells of an address and of nobody; in the log it stands in no column."""
    async with open_ctx(tenant_id, origin=WHENCE) as ctx:
        await journal.refused(ctx, Event.SIGNIN_REFUSED, reason="wrong")
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        query = "select record_id, origin, personal_sealed, r::text from airside.audit_record r where tenant_id = %s"
        ((record_id, origin, shut, whole),) = await (await connection.execute(query, (tenant_id,))).fetchall()
    assert WHENCE.address not in whole
    async with open_ctx(tenant_id) as ctx:
        assert await origins(ctx, vault, [Whence(record_id, origin, shut)]) == [WHENCE.address]
