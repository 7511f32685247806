"""Changing a client, and what ends with what it was."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from airside.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.oauth import ClientChange, parse_settings
from airside.oauth.errors import InvalidClient, InvalidGrant, UnsafeRequest
from tests.makers import MakeTenant
from tests.oauth.client_keys import jwk_of, jwks_of
from tests.oauth.provider import BACKEND, CALLBACK, ISSUER, SERVICE, WEB, Provider

OTHER = "https://app.example.test/other"
SIGNED: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks_of(jwk_of("ES256"))}

UPDATES = "select details from airside.audit_record where tenant_id = %s and event = 'client:client:updated'"


@dataclass(frozen=True)
class _Record:
    details: str


async def changed(provider: Provider, client_id: Any, **change: Any) -> Any:
    """The client after the change."""
    async with provider.ctx() as ctx:
        return await provider.clients.update(ctx, client_id, ClientChange(**change))


async def test_what_is_named_changes_and_the_rest_stays(provider: Provider) -> None:
    client, _ = await provider.client()
    settings = {"client_uri": "https://app.example.test/", "dpop_bound_access_tokens": True}
    after = await changed(provider, client.client_id, name=" Notes ", settings=settings)
    assert (after.name, after.redirect_uris, after.scopes) == ("Notes", client.redirect_uris, client.scopes)
    again = await changed(provider, client.client_id, settings={"dpop_bound_access_tokens": None})
    assert again.settings.client_uri == "https://app.example.test/"
    assert not again.settings.dpop_bound_access_tokens
    async with provider.ctx() as ctx:
        assert await provider.clients.get(ctx, client.client_id) == again


async def test_journal_names_the_fields_and_no_value(provider: Provider) -> None:
    """N37."""
    client, _ = await provider.client(BACKEND)
    await changed(provider, client.client_id, name="New name", settings=SIGNED)
    await changed(provider, client.client_id, name="New name")
    async with provider.ctx() as ctx:
        records = await ctx.tx.all(_Record, UPDATES, (ctx.tenant_id,))
    (only,) = records
    assert json.loads(only.details) == {"fields": "name settings.token_endpoint_auth_method settings.jwks"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "name"),
        ({"grants": frozenset({"password"})}, "grants"),
        ({"grants": frozenset({"client_credentials"})}, "grants"),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": ("https://*.example.test/",)}, "redirect_uris"),
        ({"scopes": frozenset({"a b"})}, "scopes"),
        ({"audiences": ()}, "audiences"),
        ({"settings": {"token_endpoint_auth_method": "private_key_jwt"}}, "settings.token_endpoint_auth_method"),
        ({"settings": {"profile": "fapi2"}}, "settings.profile"),
        ({"settings": {"no_such_setting": True}}, "settings"),
        ({"settings": {"party": "second"}}, "settings"),
        ({"settings": {"require_pkce": "yes"}}, "settings"),
    ],
)
async def test_unlawful_change_is_refused_by_field_and_changes_nothing(
    provider: Provider, change: dict[str, Any], pointer: str
) -> None:
    client, _ = await provider.client()
    with pytest.raises(InvalidInput) as caught:
        await changed(provider, client.client_id, **{"name": "Changed"} | change)
    assert caught.value.data["pointer"] == pointer
    async with provider.ctx() as ctx:
        assert await provider.clients.get(ctx, client.client_id) == client


async def test_foreign_and_unknown_clients_are_not_found(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20."""
    client, _ = await provider.client()
    unknown = uuid7(provider.clock.now(), provider.entropy)
    for tenant_id, client_id in ((provider.kit.tenant_id, unknown), (await make_tenant(), client.client_id)):
        async with provider.kit.open_ctx(tenant_id) as ctx:
            with pytest.raises(NotFound):
                await provider.clients.update(ctx, client_id, ClientChange(name="x"))


async def test_lost_scope_ends_access_tokens_and_leaves_what_still_fits(provider: Provider) -> None:
    """N19: a refresh gives the rest."""
    client, credentials, _, _, response = await provider.tokens(BACKEND)
    await changed(provider, client.client_id, scopes=frozenset({"openid"}))
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, response.access_token.reveal(), issuer=ISSUER, audience=None)
    assert (await provider.refresh(credentials, response.refresh_token)).scope == {"openid"}


@pytest.mark.parametrize(
    "change",
    [
        {"audiences": ("https://other.example.test",)},
        {"grants": frozenset({"authorization_code"})},
        {"settings": {"dpop_bound_access_tokens": True}},
        {"settings": {"subject_type": "pairwise"}},
        {"settings": {"party": "third"}},
    ],
)
async def test_what_was_issued_under_other_terms_ends(provider: Provider, change: dict[str, Any]) -> None:
    """N18, N19."""
    client, _, _, _, response = await provider.tokens(BACKEND)
    await changed(provider, client.client_id, **change)
    assert response.refresh_token is not None
    async with provider.ctx() as ctx:
        found = await provider.families.find(ctx, response.refresh_token.reveal())
        assert found is not None
        assert not found.active
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, response.access_token.reveal(), issuer=ISSUER, audience=None)


async def test_code_for_a_redirect_uri_that_is_gone_opens_nothing(provider: Provider) -> None:
    """N09."""
    client, credentials = await provider.client()
    _, session, browser = await provider.signed_in()
    code = await provider.code(client, session)
    async with provider.ctx() as ctx:
        waiting = await provider.authorization.begin_foreign(ctx, ISSUER, provider.parameters(client))
    await changed(provider, client.client_id, redirect_uris=(OTHER,))
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)
    word = waiting.path.rpartition("=")[2]
    async with provider.ctx() as ctx:
        with pytest.raises(UnsafeRequest):
            await provider.authorization.resume(ctx, ISSUER, word, type(browser)(browser.sso, waiting.binding))


async def test_spent_code_is_still_recognised_after_a_change(provider: Provider) -> None:
    """N07: its second use ends the family."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    response = await provider.redeem(credentials, code)
    await changed(provider, client.client_id, redirect_uris=(CALLBACK, OTHER), settings={"default_max_age": 60})
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, response.refresh_token)


async def test_client_that_shows_keys_from_now_on_loses_its_secrets(provider: Provider) -> None:
    """N18."""
    client, credentials = await provider.client(SERVICE)
    after = await changed(provider, client.client_id, settings=SIGNED)
    assert after.secrets == ()
    with pytest.raises(InvalidClient):
        await provider.exchange(credentials, {"grant_type": "client_credentials"})
    async with provider.ctx() as ctx:
        with pytest.raises(Conflict):
            await provider.clients.rotate_secret(ctx, client.client_id)
    await changed(provider, client.client_id, settings={"token_endpoint_auth_method": None, "jwks": None})
    async with provider.ctx() as ctx:
        secret = await provider.clients.rotate_secret(ctx, client.client_id)
    renewed = type(credentials)("client_secret_basic", client.word, secret)
    await provider.exchange(renewed, {"grant_type": "client_credentials"})


async def test_client_without_a_secret_method_is_made_without_a_secret(provider: Provider) -> None:
    """RFC 7591 §3.2.1: a secret is issued to whoever proves itself by one."""
    async with provider.ctx() as ctx:
        client, secret = await provider.clients.create(ctx, replace(SERVICE, settings=parse_settings(SIGNED)))
        public, none = await provider.clients.create(ctx, WEB)
    assert (secret, client.secrets) == (None, ())
    assert (none, public.settings.token_endpoint_auth_method) == (None, "none")
