"""Client authentication: by the registered kind only, counted, and never saying what was wrong."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from airside.core.errors import LimitExceeded
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.oauth import AuthenticatedClient, Credentials
from airside.oauth.errors import InvalidClient, InvalidGrant
from tests.makers import MakeTenant
from tests.oauth.provider import BACKEND, HERE, SERVICE, Provider


async def prove(provider: Provider, credentials: Credentials, origin: Origin = HERE) -> AuthenticatedClient:
    async with provider.ctx(origin=origin) as ctx:
        return await provider.authentication.authenticate(ctx, credentials)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_secret_proves_a_confidential_client(provider: Provider, method: str) -> None:
    client, credentials = await provider.client(SERVICE)
    assert method in ("client_secret_basic", "client_secret_post")
    proven = await prove(provider, Credentials(method, credentials.client_id, credentials.secret))
    assert proven.client == client


async def test_public_client_proves_nothing_and_is_known_by_name(provider: Provider) -> None:
    client, credentials = await provider.client()
    assert (await prove(provider, credentials)).client == client


async def test_wrong_credentials_are_one_refusal(provider: Provider) -> None:
    """N15, N38: unknown client, wrong secret, truncated secret, wrong method: the same answer."""
    _, credentials = await provider.client(SERVICE)
    _, public = await provider.client()
    assert credentials.secret is not None
    text = credentials.secret.reveal()
    wrong = [
        replace(credentials, secret=Secret(text[:-1])),
        replace(credentials, secret=Secret(text + "A")),
        replace(credentials, secret=Secret(text.swapcase())),
        replace(credentials, secret=Secret("")),
        replace(credentials, secret=Secret("x" * 100_000)),
        replace(credentials, method="none", secret=None),
        replace(credentials, client_id="cli_00000000000000000000000000"),
        replace(credentials, client_id=credentials.client_id.upper()),
        replace(credentials, client_id=credentials.client_id.replace("cli_", "usr_")),
        replace(credentials, client_id="'; drop table airside.oauth_client; --"),
        replace(public, method="client_secret_post", secret=Secret("")),
        replace(public, method="client_secret_basic", secret=Secret(text)),
    ]
    reasons: set[str] = set()
    for one in wrong:
        with pytest.raises(InvalidClient) as caught:
            await prove(provider, one)
        reasons.add(caught.value.reason)
    assert len(reasons) == 1


async def test_client_of_another_tenant_is_unknown(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20: tenant isolation."""
    _, credentials = await provider.client(SERVICE)
    async with provider.kit.open_ctx(await make_tenant(), origin=HERE) as ctx:
        with pytest.raises(InvalidClient):
            await provider.authentication.authenticate(ctx, credentials)


async def test_disabled_client_is_unknown(provider: Provider) -> None:
    """N18."""
    client, credentials = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    with pytest.raises(InvalidClient):
        await prove(provider, credentials)


async def test_two_secrets_live_through_a_rotation_and_the_oldest_of_three_dies(provider: Provider) -> None:
    client, first = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        second = replace(first, secret=await provider.clients.rotate_secret(ctx, client.client_id))
    await prove(provider, first)
    await prove(provider, second)
    async with provider.ctx() as ctx:
        third = replace(first, secret=await provider.clients.rotate_secret(ctx, client.client_id))
    with pytest.raises(InvalidClient):
        await prove(provider, first)
    await prove(provider, second)
    await prove(provider, third)


async def test_old_secret_ends_with_its_overlap(provider: Provider) -> None:
    client, first = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        await provider.clients.rotate_secret(ctx, client.client_id, overlap=timedelta(hours=1))
    async with provider.ctx(later=timedelta(hours=1)) as ctx:
        with pytest.raises(InvalidClient):
            await provider.authentication.authenticate(ctx, first)


async def test_rotation_without_overlap_ends_the_old_secret_at_once(provider: Provider) -> None:
    client, first = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        await provider.clients.rotate_secret(ctx, client.client_id, overlap=timedelta())
    with pytest.raises(InvalidClient):
        await prove(provider, first)


async def test_sixty_failures_a_minute_then_even_the_right_secret_waits(provider: Provider) -> None:
    """N13: also in parallel; and only from that origin."""
    _, credentials = await provider.client(SERVICE)
    wrong = replace(credentials, secret=Secret("wrong"))
    connections = asyncio.Semaphore(15)  # fewer than the pool has: who waits for one too long is told to come back

    async def attempt() -> None:
        async with connections:
            await prove(provider, wrong)

    answers = await asyncio.gather(*(attempt() for _ in range(70)), return_exceptions=True)
    failed = sum(isinstance(answer, InvalidClient) for answer in answers)
    limited = sum(isinstance(answer, LimitExceeded) for answer in answers)
    assert failed + limited == 70
    assert 60 <= failed <= 65  # one comes back each second while they run
    with pytest.raises(LimitExceeded):
        for _ in range(6):
            await prove(provider, wrong)
    await prove(provider, credentials, Origin("192.0.2.99"))


async def test_wrong_codes_and_tokens_count_as_failures_too(provider: Provider) -> None:
    _, credentials = await provider.client(BACKEND)
    with pytest.raises(LimitExceeded):
        for _ in range(70):
            with suppress(InvalidGrant):
                await provider.refresh(credentials, Secret("x" * 43))


async def test_success_between_failures_gives_back_what_it_was_charged(provider: Provider) -> None:
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(InvalidClient):
        await prove(provider, replace(credentials, secret=Secret("wrong")))
    for _ in range(70):
        await provider.exchange(credentials, {"grant_type": "client_credentials"})


async def test_successes_are_not_counted(provider: Provider) -> None:
    _, credentials = await provider.client(SERVICE)
    for _ in range(70):
        await provider.exchange(credentials, {"grant_type": "client_credentials"})


def test_nobody_else_makes_the_proof() -> None:
    with pytest.raises(TypeError):
        AuthenticatedClient(None, None, False, object())  # type: ignore[arg-type]  # what a forger would try
