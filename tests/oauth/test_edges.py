"""N05, N14, N18: the very moment at which something ends belongs to what comes after. And what was under way then."""

from datetime import timedelta

import pytest

from airside.core.errors import Unauthenticated
from airside.oauth import Browser
from airside.oauth.errors import InvalidClient, InvalidGrant, UnsafeRequest
from airside.oauth.model import CODE_LIFETIME, REQUEST_LIFETIME
from airside.protocols.jose.jwt import DEFAULT_LEEWAY
from airside.tokens import ACCESS_TOKEN_LIFETIME
from tests.oauth.provider import API, CALLBACK, ISSUER, SERVICE, VERIFIER, Provider

LEEWAY = timedelta(seconds=DEFAULT_LEEWAY)
TICK = timedelta(microseconds=1)


async def test_code_is_good_until_its_last_moment_and_not_in_it(provider: Provider) -> None:
    """N14."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    async with provider.ctx() as ctx:
        start = ctx.now
    codes = [await provider.code(client, session) for _ in range(2)]
    async with provider.ctx() as ctx:
        await ctx.tx.run(
            "update airside.authorization_code set expires_at = %s where tenant_id = %s",
            (start + CODE_LIFETIME, ctx.tenant_id),
        )
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    open_ctx, tenant_id = provider.kit.open_ctx, provider.kit.tenant_id
    async with open_ctx(tenant_id, now=start + CODE_LIFETIME) as ctx:
        with pytest.raises(InvalidGrant):
            await provider.endpoint.exchange(ctx, ISSUER, credentials, form | {"code": codes[0]})
    async with open_ctx(tenant_id, now=start + CODE_LIFETIME - TICK) as ctx:
        assert await provider.endpoint.exchange(ctx, ISSUER, credentials, form | {"code": codes[1]})


async def test_waiting_request_isnt_brought_back_in_its_last_moment(provider: Provider) -> None:
    """N14."""
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        start = ctx.now
        outcome = await provider.authorization.begin_foreign(ctx, ISSUER, provider.parameters(client))
    word = outcome.path.partition("resume=")[2]
    bound = Browser(browser.sso, outcome.binding)
    open_ctx, tenant_id = provider.kit.open_ctx, provider.kit.tenant_id
    with pytest.raises(UnsafeRequest):
        async with open_ctx(tenant_id, now=start + REQUEST_LIFETIME) as ctx:
            await provider.authorization.resume(ctx, ISSUER, word, bound)
    async with open_ctx(tenant_id, now=start + REQUEST_LIFETIME - TICK) as ctx:
        assert await provider.authorization.resume(ctx, ISSUER, word, bound)


async def test_old_secret_ends_with_its_overlap(provider: Provider) -> None:
    """N18."""
    client, credentials = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        start = ctx.now
        await provider.clients.rotate_secret(ctx, client.client_id, overlap=timedelta(hours=1))
    form = {"grant_type": "client_credentials"}
    open_ctx, tenant_id = provider.kit.open_ctx, provider.kit.tenant_id
    async with open_ctx(tenant_id, now=start + timedelta(hours=1) - TICK) as ctx:
        assert await provider.endpoint.exchange(ctx, ISSUER, credentials, form)
    with pytest.raises(InvalidClient):
        async with open_ctx(tenant_id, now=start + timedelta(hours=1)) as ctx:
            await provider.endpoint.exchange(ctx, ISSUER, credentials, form)


async def test_access_token_ends_with_its_leeway(provider: Provider) -> None:
    """N05."""
    _, credentials = await provider.client(SERVICE)
    start = provider.clock.now().replace(microsecond=0) + timedelta(seconds=5)
    open_ctx, tenant_id = provider.kit.open_ctx, provider.kit.tenant_id
    async with open_ctx(tenant_id, now=start) as ctx:
        answer = await provider.endpoint.exchange(ctx, ISSUER, credentials, {"grant_type": "client_credentials"})
    token = answer.access_token.reveal()
    end = start + ACCESS_TOKEN_LIFETIME + LEEWAY
    async with open_ctx(tenant_id, now=end - TICK) as ctx:
        assert await provider.verifier.verify(ctx, token, issuer=ISSUER, audience=API)
    async with open_ctx(tenant_id, now=end) as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, token, issuer=ISSUER, audience=API)


async def test_token_being_issued_while_its_client_is_disabled_ends_too(provider: Provider) -> None:
    """N18, N19: it was authenticated just before, and dated just after."""
    client, credentials = await provider.client(SERVICE)
    start = provider.clock.now()
    open_ctx, tenant_id = provider.kit.open_ctx, provider.kit.tenant_id
    async with open_ctx(tenant_id, now=start) as disabling:
        async with open_ctx(tenant_id, now=start + timedelta(milliseconds=999)) as ctx:
            answer = await provider.endpoint.exchange(ctx, ISSUER, credentials, {"grant_type": "client_credentials"})
        await provider.clients.disable(disabling, client.client_id)
    async with open_ctx(tenant_id, now=start + timedelta(seconds=2)) as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, answer.access_token.reveal(), issuer=ISSUER, audience=API)
