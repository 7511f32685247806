"""Pairwise subjects (OpenID Connect Core §8): one name for each sector, and the user's id nowhere."""

from dataclasses import replace

import pytest

from airside.core.errors import Unauthenticated
from airside.oauth import ClientDraft, ClientSettings, LogoutTokens
from airside.oauth.subjects import sector_of
from airside.protocols.jose import TokenRefused, peek_claims
from tests.makers import MakeTenant
from tests.oauth.asking import draft, sign_in, userinfo
from tests.oauth.provider import API, BACKEND, CALLBACK, ISSUER, SERVICE, WEB, Provider, word


async def test_pairwise_client_never_sees_the_users_id(provider: Provider) -> None:
    """OpenID Connect Core §8.1; RFC 9068 §6: nor in its access token, which says nothing."""
    signed = await sign_in(provider, draft(subject_type="pairwise"), scope="openid email")
    subject = peek_claims(signed.id_token)["sub"]
    assert subject == (await userinfo(provider, signed.token))["sub"]
    assert subject != word(signed.user)
    assert word(signed.user) not in signed.id_token
    with pytest.raises(TokenRefused):
        peek_claims(signed.token)
    async with provider.ctx() as ctx:
        form = {"token": signed.token}
        answer = await provider.introspection.introspect(ctx, ISSUER, signed.credentials, form)
        token = await provider.verifier.verify(ctx, signed.token, issuer=ISSUER, audience=API)
    assert answer["sub"] == subject
    assert token.subject == word(signed.user)  # what this server's own endpoints judge by


async def test_one_sector_knows_one_name_and_two_sectors_two(provider: Provider) -> None:
    """OpenID Connect Core §8.1."""
    user = await provider.user()
    elsewhere = replace(BACKEND, redirect_uris=("https://elsewhere.example.test/callback",))
    async with provider.ctx() as ctx:
        one, same, other, public = [
            (await provider.clients.create(ctx, made))[0]
            for made in (
                draft(subject_type="pairwise"),
                draft(replace(BACKEND, name="Sister"), subject_type="pairwise"),
                draft(elsewhere, subject_type="pairwise"),
                draft(),
            )
        ]
        names = [await provider.subjects.of(ctx, client, word(user)) for client in (one, same, other, public)]
        again = await provider.subjects.of(ctx, one, word(user))
        another = await provider.subjects.of(ctx, one, word(await provider.user()))
    assert names[0] == names[1] == again
    assert len({names[0], names[2], names[3], another}) == 4
    assert names[3] == word(user)


async def test_another_tenant_derives_other_names(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20: the key is the tenant's own."""
    client, _ = await provider.client(draft(subject_type="pairwise"))
    async with provider.ctx() as ctx:
        here = await provider.subjects.of(ctx, client, "usr_ada")
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        assert await provider.subjects.of(ctx, client, "usr_ada") != here


async def test_resource_server_that_knows_users_by_their_ids_is_told_the_id(provider: Provider) -> None:
    """RFC 7662 §5: what is told of the subject depends on who asks."""
    signed = await sign_in(provider, draft(subject_type="pairwise"))
    _, service = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        answer = await provider.introspection.introspect(ctx, ISSUER, service, {"token": signed.token})
    assert answer["sub"] == word(signed.user)


async def test_logout_token_names_the_person_as_the_id_token_does(provider: Provider) -> None:
    """Back-Channel Logout 1.0 §2.4: `sub` is the one that the client knows."""
    signed = await sign_in(provider, draft(subject_type="pairwise"))
    tokens = LogoutTokens(keys=provider.keys, subjects=provider.subjects, entropy=provider.entropy)
    async with provider.ctx() as ctx:
        told = await tokens.write(
            ctx, signed.client, issuer=ISSUER, user_id=signed.user.id, session_id=signed.session.session.id
        )
    claims, identity = peek_claims(told.reveal()), peek_claims(signed.id_token)
    assert (claims["sub"], claims["sid"]) == (identity["sub"], identity["sid"])


async def test_pairwise_clients_tokens_end_with_the_user(provider: Provider) -> None:
    """N19: what is revoked is said of the user's id, which the client never saw."""
    signed = await sign_in(provider, draft(subject_type="pairwise"))
    async with provider.ctx() as ctx:
        await provider.families.revoke_subject(ctx, word(signed.user), "test")
    with pytest.raises(Unauthenticated):
        await userinfo(provider, signed.token)


@pytest.mark.parametrize(
    ("base", "uri", "sector"),
    [
        (BACKEND, None, "app.example.test"),
        (BACKEND, "https://sector.example.test/uris.json", "sector.example.test"),
        (replace(BACKEND, redirect_uris=(CALLBACK, "https://two.example.test/c")), None, None),
        (replace(WEB, redirect_uris=("http://127.0.0.1/callback",)), None, None),
        (replace(WEB, redirect_uris=("org.example.app:/callback",)), None, None),
    ],
)
async def test_sector_is_a_host_of_the_clients_own_or_the_client_itself(
    provider: Provider, base: ClientDraft, uri: str | None, sector: str | None
) -> None:
    """OpenID Connect Core §8.1: nobody shares a sector with every application on somebody's own machine."""
    client, _ = await provider.client(BACKEND)
    settings = ClientSettings(subject_type="pairwise", sector_identifier_uri=uri)
    client = replace(client, redirect_uris=base.redirect_uris, settings=settings)
    assert sector_of(client) == (sector or client.word)
