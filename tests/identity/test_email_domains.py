"""People are found by the domain of their address, which stands nowhere in clear."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.errors import InvalidInput
from airside.identity.model import MAX_PAGE
from airside.identity.records_email_domains import domain_index
from airside.identity.users import MAX_ROUNDS
from airside.vault import Keyset, Vault
from tests.identity.kit import Kit, MakeTenant

DOMAIN = "example.com"


async def found(kit: Kit, domain: str, limit: int = MAX_PAGE) -> list[list[str]]:
    """The pages of who is at `domain`."""
    pages: list[list[str]] = []
    after: UUID | None = None
    async with kit.open_ctx(kit.tenant_id) as ctx:
        while True:
            page = await kit.users.at_domain(ctx, domain, after, limit)
            pages.append([user.email for user in page.users])
            if page.after is None:
                return pages
            after = page.after


def colliding(keyset: Keyset) -> str:
    """Another domain with the index of `DOMAIN`."""
    index = domain_index(keyset, DOMAIN)
    names = (f"d{number}.example" for number in range(4_000_000))
    return next(name for name in names if domain_index(keyset, name) == index)


async def test_people_are_found_by_their_domain_in_any_spelling_and_nobody_else_is(kit: Kit) -> None:
    for email in ("ada@bücher.example", "bob@BÜCHER.example", "eve@sub.bücher.example", "mal@example.com"):
        await kit.user(email)
    expected = [["ada@xn--bcher-kva.example", "bob@xn--bcher-kva.example"]]
    for spelling in ("bücher.example", " XN--BCHER-KVA.example "):
        assert await found(kit, spelling) == expected
    assert await found(kit, "nobody.example") == [[]]


@pytest.mark.parametrize("domain", ["", "@example.com", "ada@example.com", "a b", "example.com.", "x" * 300, "-a.com"])
async def test_what_is_no_domain_is_refused(kit: Kit, domain: str) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.users.at_domain(ctx, domain)


@pytest.mark.parametrize("limit", [0, MAX_PAGE + 1])
async def test_a_page_out_of_range_is_refused(kit: Kit, limit: int) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.users.at_domain(ctx, DOMAIN, None, limit)


@dataclass(frozen=True)
class _Row:
    email_domain_index: bytes | None


async def stored(kit: Kit, user_id: UUID) -> bytes | None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        sql = "select email_domain_index from airside.user_account where tenant_id = %s and user_id = %s"
        row = await ctx.tx.one(_Row, sql, (kit.tenant_id, user_id))
    assert row is not None
    return row.email_domain_index


async def test_the_index_is_short_and_equal_for_colleagues_alone(kit: Kit) -> None:
    """N37: sixteen bits, which other domains share."""
    ada, bob, eve = [await kit.user(email) for email in ("ada@example.com", "bob@example.com", "eve@example.net")]
    one, same, other = [await stored(kit, user.id) for user in (ada, bob, eve)]
    assert one == same
    assert [len(index or b"") for index in (one, same, other)] == [2, 2, 2]


async def test_another_tenants_index_differs_and_its_people_are_not_found(
    kit: Kit, vault: Vault, make_tenant: MakeTenant
) -> None:
    """N20: of a hundred domains, two tenants index hardly one alike."""
    await kit.user("ada@example.com")
    domains = [f"d{number}.example" for number in range(100)]
    async with kit.open_ctx(kit.tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
        here = [domain_index(keyset, each) for each in domains]
    async with kit.open_ctx(await make_tenant()) as ctx:
        keyset = await vault.keyset(ctx)
        there = [domain_index(keyset, each) for each in domains]
        assert (await kit.users.at_domain(ctx, DOMAIN)).users == []
    assert sum(one == other for one, other in zip(here, there, strict=True)) < 5


async def test_domains_that_share_an_index_are_told_apart_and_pages_stay_whole(kit: Kit, vault: Vault) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        other = colliding(await vault.keyset(ctx))
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for number in range(7):
            await kit.users.create(ctx, f"u{number}@{DOMAIN}", "")
            await kit.users.create(ctx, f"u{number}@{other}", "")
    for domain in (DOMAIN, other):
        pages = await found(kit, domain, 3)
        assert sorted(email for page in pages for email in page) == [f"u{number}@{domain}" for number in range(7)]
        assert [len(page) for page in pages] == [3, 3, 1]


async def test_a_page_among_many_who_share_the_index_is_short_and_goes_on(kit: Kit, vault: Vault) -> None:
    """Nobody makes one call open everybody's address."""
    async with kit.open_ctx(kit.tenant_id) as ctx:
        other = colliding(await vault.keyset(ctx))
    for number in range(MAX_ROUNDS + 1):
        await kit.user(f"u{number}@{other}")
    await kit.user(f"ada@{DOMAIN}")
    assert await found(kit, DOMAIN, 1) == [[], [f"ada@{DOMAIN}"], []]


async def test_whose_address_changes_is_found_at_the_new_domain_alone(kit: Kit) -> None:
    user = await kit.user("ada@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.change(ctx, user.id, "ada@example.net", "Ada", verified=True)
    assert await found(kit, DOMAIN) == [[]]
    assert await found(kit, "example.net") == [["ada@example.net"]]


async def test_whose_address_was_released_is_not_found_again(kit: Kit) -> None:
    user = await kit.user("ada@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.release_address(ctx, user.id)
    assert await found(kit, DOMAIN) == [[]]
    assert await stored(kit, user.id) == b""
