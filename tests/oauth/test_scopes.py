"""Scopes and what they allow, in words."""

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.oauth import Scope, Scopes
from airside.oauth.scope_words import BUILT_IN, MANAGEMENT, OPEN
from airside.oauth.scopes import MAX_SCOPES_OF_TENANT
from airside.tenancy import PERMISSIONS
from airside.vault import Vault
from tests.conftest import OpenContext
from tests.makers import MakeTenant

NOTES = Scope("notes:read", {"en": "Read your notes.", "de": "Ihre Notizen lesen."}, offered=True)


@pytest.fixture
def scopes(vault: Vault, entropy: Entropy) -> Scopes:
    return Scopes(journal=Journal(vault=vault, entropy=entropy))


def test_every_built_in_scope_is_described_in_every_language() -> None:
    assert set(BUILT_IN) == {*OPEN, *PERMISSIONS}
    assert all(words.keys() == {"en", "de"} and all(words.values()) for words in BUILT_IN.values())


async def test_scope_is_described_listed_and_forgotten(
    scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    tenant_id = await make_tenant()
    async with open_ctx(tenant_id) as ctx:
        await scopes.put(ctx, NOTES)
        await scopes.put(ctx, Scope("notes:write", {"en": " Write notes. "}))
        assert await scopes.list(ctx) == [NOTES, Scope("notes:write", {"en": "Write notes."})]
        assert list(await scopes.names(ctx)) == [*OPEN, "notes:read", "notes:write"]
        assert await scopes.offered(ctx) == {*OPEN, "notes:read"}
        await scopes.put(ctx, Scope("notes:read", {"en": "Other words."}))
        assert await scopes.offered(ctx) == {*OPEN}
        await scopes.delete(ctx, "notes:read")
        with pytest.raises(NotFound):
            await scopes.delete(ctx, "notes:read")


async def test_people_read_it_in_their_language_and_nothing_is_left_out(
    scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    async with open_ctx(await make_tenant()) as ctx:
        await scopes.put(ctx, NOTES)
        await scopes.put(ctx, Scope("notes:write", {"en": "Write notes."}))
        asked = {"notes:write", "notes:read", "openid", "never:described", "users:read"}
        assert list((await scopes.describe(ctx, asked, "de")).items()) == [
            ("openid", "Wissen, wer Sie sind."),
            ("never:described", "never:described"),
            ("notes:read", "Ihre Notizen lesen."),
            ("notes:write", "Write notes."),
            ("users:read", "Die Personen der Organisation sehen."),
        ]


async def test_nobody_offers_our_own_interfaces(scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant) -> None:
    """N21: a management scope can be neither described anew nor offered."""
    async with open_ctx(await make_tenant()) as ctx:
        for name in (*MANAGEMENT, *OPEN):
            with pytest.raises(InvalidInput):
                await scopes.put(ctx, Scope(name, {"en": "Harmless."}, offered=True))
        assert not await scopes.offered(ctx) & MANAGEMENT


@pytest.mark.parametrize(
    ("scope", "pointer"),
    [
        (Scope("", {"en": "x"}), "name"),
        (Scope("a b", {"en": "x"}), "name"),
        (Scope("a/b", {"en": "x"}), "name"),
        (Scope('a"b', {"en": "x"}), "name"),
        (Scope("x" * 129, {"en": "x"}), "name"),
        (Scope("notes", {}), "descriptions"),
        (Scope("notes", {"de": "x"}), "descriptions"),
        (Scope("notes", {"en": " "}), "descriptions"),
        (Scope("notes", {"en": "x" * 301}), "descriptions"),
        (Scope("notes", {"en": "x", "de": "a\x00b"}), "descriptions"),
    ],
)
async def test_unlawful_scope_is_refused_by_field(
    scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant, scope: Scope, pointer: str
) -> None:
    async with open_ctx(await make_tenant()) as ctx:
        with pytest.raises(InvalidInput) as caught:
            await scopes.put(ctx, scope)
        assert caught.value.data["pointer"] == pointer
        assert await scopes.list(ctx) == []


async def test_scopes_of_one_tenant_are_no_other_s(
    scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    """N20."""
    async with open_ctx(await make_tenant()) as ctx:
        await scopes.put(ctx, NOTES)
    async with open_ctx(await make_tenant()) as other:
        assert await scopes.list(other) == []
        assert (await scopes.describe(other, ["notes:read"], "en"))["notes:read"] == "notes:read"


async def test_tenant_has_only_so_many(scopes: Scopes, open_ctx: OpenContext, make_tenant: MakeTenant) -> None:
    async with open_ctx(await make_tenant()) as ctx:
        for number in range(MAX_SCOPES_OF_TENANT):
            await scopes.put(ctx, Scope(f"s{number}", {"en": "x"}))
        with pytest.raises(Conflict):
            await scopes.put(ctx, NOTES)
        await scopes.put(ctx, Scope("s0", {"en": "Again."}))
