"""What may be registered, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as replace_settings

from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.oauth import ClientDraft, ClientSettings
from airside.oauth.registration import validated
from tests.makers import MakeTenant
from tests.oauth.exchange_kit import GATEWAY, IMPERSONATOR
from tests.oauth.grants_kit import TELEVISION, batch
from tests.oauth.provider import BACKEND, SERVICE, WEB, Provider


@pytest.mark.parametrize("draft", [WEB, BACKEND, SERVICE, TELEVISION, GATEWAY, IMPERSONATOR, batch(), batch("users")])
def test_lawful_draft_passes(draft: ClientDraft) -> None:
    assert validated(draft).grants == draft.grants


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        (replace(WEB, name=""), "name"),
        (replace(WEB, name="a\x00b"), "name"),
        (replace(WEB, name="x" * 201), "name"),
        (replace(WEB, grants=frozenset()), "grants"),
        (replace(WEB, grants=frozenset({"authorization_code", "password"})), "grants"),
        (replace(WEB, grants=frozenset({"refresh_token"})), "grants"),
        (replace(SERVICE, public=True), "grants"),
        (replace(TELEVISION, redirect_uris=("https://a.test/",)), "redirect_uris"),
        (replace(GATEWAY, public=True), "grants"),
        (replace(batch(), public=True), "grants"),
        (replace(batch(), settings=ClientSettings()), "settings.jwks"),
        (replace(GATEWAY, settings=ClientSettings(jwt_bearer_subjects="users")), "settings.jwt_bearer_subjects"),
        (replace(SERVICE, settings=ClientSettings(token_exchange="impersonation")), "settings.token_exchange"),
        (replace(GATEWAY, grants=GATEWAY.grants | {"refresh_token"}), "grants"),
        (replace(IMPERSONATOR, settings=replace_settings(IMPERSONATOR.settings, party="third")), "settings.party"),
        (replace(WEB, redirect_uris=()), "redirect_uris"),
        (replace(SERVICE, redirect_uris=("https://a.test/",)), "redirect_uris"),
        (replace(WEB, redirect_uris=("https://a.test/", "https://a.test/")), "redirect_uris"),
        (replace(WEB, redirect_uris=tuple(f"https://a{n}.test/" for n in range(21))), "redirect_uris"),
        (replace(WEB, scopes=frozenset({"a b"})), "scopes"),
        (replace(WEB, scopes=frozenset({""})), "scopes"),
        (replace(WEB, audiences=()), "audiences"),
        (replace(WEB, audiences=("a b",)), "audiences"),
        (replace(WEB, audiences=("a", "a")), "audiences"),
    ],
)
def test_unlawful_draft_is_refused_by_field(draft: ClientDraft, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validated(draft)
    assert caught.value.data["pointer"] == pointer


@pytest.mark.parametrize(
    "uri",
    [
        "https://*.example.test/cb",
        "https://app.example.test/*",
        "http://app.example.test/cb",
        "https://user@app.example.test/cb",
        "https://app.example.test/cb#f",
        "https://app.example.test/../cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/cb",
        "/cb",
    ],
)
def test_redirect_uri_that_could_mislead_is_not_registered(uri: str) -> None:
    """N09, N10."""
    with pytest.raises(InvalidInput) as caught:
        validated(replace(WEB, redirect_uris=(uri,)))
    assert caught.value.data["pointer"] == "redirect_uris"


async def test_client_is_found_listed_and_deleted(provider: Provider) -> None:
    first, _ = await provider.client()
    second, _ = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        assert await provider.clients.get(ctx, first.client_id) == first
        assert await provider.clients.list(ctx) == [first, second]
        assert await provider.clients.list(ctx, after=first.client_id) == [second]
        assert await provider.clients.list(ctx, limit=1) == [first]
        await provider.clients.delete(ctx, first.client_id)
    async with provider.ctx() as ctx:
        assert await provider.clients.list(ctx) == [second]
        with pytest.raises(NotFound):
            await provider.clients.get(ctx, first.client_id)


async def test_secret_is_nowhere_but_in_the_answer(provider: Provider) -> None:
    """N37."""
    client, credentials = await provider.client(SERVICE)
    assert credentials.secret is not None
    text = credentials.secret.reveal()
    assert len(text) == 43
    assert text not in repr(client) + repr(credentials) + str(credentials.secret)
    async with provider.ctx() as ctx:
        found = await provider.clients.get(ctx, client.client_id)
    assert text not in repr(found)
    assert text.encode() not in b"".join(secret.hash for secret in found.secrets)


async def test_unknown_and_foreign_clients_are_the_same_not_found(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20."""
    client, _ = await provider.client(SERVICE)
    unknown = uuid7(provider.clock.now(), provider.entropy)
    for tenant_id, client_id in ((provider.kit.tenant_id, unknown), (await make_tenant(), client.client_id)):
        for verb in (
            provider.clients.get,
            provider.clients.disable,
            provider.clients.enable,
            provider.clients.delete,
            provider.clients.rotate_secret,
        ):
            async with provider.kit.open_ctx(tenant_id) as ctx:
                with pytest.raises(NotFound):
                    await verb(ctx, client_id)


async def test_public_client_has_no_secret_to_rotate(provider: Provider) -> None:
    client, credentials = await provider.client()
    assert credentials.secret is None
    async with provider.ctx() as ctx:
        with pytest.raises(Conflict):
            await provider.clients.rotate_secret(ctx, client.client_id)


async def test_what_has_run_out_is_swept(provider: Provider) -> None:
    client, _ = await provider.client()
    _, session, _ = await provider.signed_in()
    await provider.code(client, session)
    async with provider.ctx() as ctx:
        await provider.authorization.begin_foreign(ctx, "https://i.test/t/x", provider.parameters(client))
        assert await provider.codes.sweep(ctx) == 0
    async with provider.ctx(later=timedelta(minutes=11)) as ctx:
        assert await provider.codes.sweep(ctx) == 1
    async with provider.ctx(later=timedelta(days=2)) as ctx:
        assert await provider.codes.sweep(ctx) == 1
