"""Pushed authorization requests: proven, judged at once, kept for one client, answered once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.oauth import Browser, Client, ClientSettings, ComeBack, Credentials, Redirect, SignIn
from airside.oauth.errors import (
    AuthorizationRefused,
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    OAuthRefusal,
    RequestUriNotSupported,
    UnsafeRequest,
)
from airside.oauth.model import PUSHED_LIFETIME, REQUEST_LIFETIME
from airside.oauth.pushed import PREFIX
from airside.oauth.pushing import Pushed
from tests.makers import MakeTenant
from tests.oauth.provider import BACKEND, CALLBACK, HERE, ISSUER, Provider
from tests.oauth.test_authorize import ALONE, answer, begin, resume, word_of

TICK = timedelta(milliseconds=1)
PUSHES = replace(BACKEND, settings=ClientSettings(require_pushed_authorization_requests=True))
FAPI = replace(
    BACKEND,
    settings=ClientSettings(
        profile="fapi2",
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri="https://app.example.test/jwks",
        dpop_bound_access_tokens=True,
        id_token_signed_response_alg="ES256",
    ),
)


async def push(provider: Provider, client: Client, credentials: Credentials, **changes: str | None) -> Pushed:
    async with provider.ctx() as ctx:
        return await provider.push_endpoint.push(ctx, ISSUER, credentials, provider.parameters(client, **changes))


async def pushed(provider: Provider, **changes: str | None) -> tuple[Client, Credentials, str]:
    client, credentials = await provider.client(BACKEND)
    return client, credentials, (await push(provider, client, credentials, **changes)).request_uri


def reference(client: Client, request_uri: str, **more: str) -> dict[str, str]:
    """All that a browser carries."""
    return {"client_id": client.word, "request_uri": request_uri} | more


async def taken(provider: Provider, said: dict[str, str], later: timedelta = timedelta()) -> object:
    _, _, browser = await provider.signed_in()
    async with provider.ctx(later=later) as ctx:
        return await provider.authorization.begin(ctx, ISSUER, said, browser)


async def back(provider: Provider, signed: Browser, waiting: object, later: timedelta = timedelta()) -> object:
    """What a request that waits for a sign-in gives once there was one."""
    assert isinstance(waiting, SignIn)
    word = await word_of(provider, waiting)
    return await resume(provider, word, Browser(signed.sso, waiting.binding), later=later)


async def test_pushed_request_leads_to_a_code(provider: Provider) -> None:
    """RFC 9126 §2.2, §4."""
    client, credentials, request_uri = await pushed(provider, nonce="n-1")
    assert request_uri.startswith("urn:ietf:params:oauth:request_uri:")
    assert len(request_uri) == len(PREFIX) + 43
    outcome = await taken(provider, reference(client, request_uri))
    assert isinstance(outcome, Redirect)
    given = answer(outcome)
    assert given["state"] == "the-state"
    assert (await provider.redeem(credentials, given["code"])).id_token is not None


def test_answer_says_how_long_it_waits() -> None:
    """RFC 9126 §2.2: `expires_in`."""
    assert Pushed(PREFIX + "x").body() == {"request_uri": PREFIX + "x", "expires_in": 90}


async def test_what_stands_beside_the_reference_is_ignored(provider: Provider) -> None:
    """N08, N09: RFC 9101 §6.3: the browser can bend nothing."""
    client, _, request_uri = await pushed(provider)
    beside = {"redirect_uri": "https://evil.example/", "state": "bent", "scope": "notes:write", "prompt": "none"}
    outcome = await taken(provider, reference(client, request_uri, **beside))
    assert isinstance(outcome, Redirect)
    assert answer(outcome)["state"] == "the-state"


async def test_reference_opens_for_one_of_fifty(provider: Provider) -> None:
    """RFC 9126 §4: one-time use."""
    client, _, request_uri = await pushed(provider)
    answers = await asyncio.gather(
        *(taken(provider, reference(client, request_uri)) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(one, Redirect) for one in answers) == 1
    assert sum(isinstance(one, UnsafeRequest) for one in answers) == 49


async def test_reference_opens_its_page_again_until_its_answer_is_given(provider: Provider) -> None:
    """N14: FAPI 2.0 Security Profile §5.3.2.2; the answer spends it, for pages opened before too."""
    client, _, request_uri = await pushed(provider)
    async with provider.ctx() as ctx:
        first, second = [
            await provider.authorization.begin(ctx, ISSUER, reference(client, request_uri), ALONE) for _ in range(2)
        ]
    _, _, browser = await provider.signed_in()
    assert isinstance(await back(provider, browser, second), Redirect)
    with pytest.raises(UnsafeRequest):
        await back(provider, browser, first)
    with pytest.raises(UnsafeRequest):
        await taken(provider, reference(client, request_uri))


async def test_reference_that_gave_nothing_to_prompt_none_may_be_brought_again(provider: Provider) -> None:
    client, _, request_uri = await pushed(provider, prompt="none")
    async with provider.ctx() as ctx:
        with pytest.raises(AuthorizationRefused):
            await provider.authorization.begin(ctx, ISSUER, reference(client, request_uri), ALONE)
    assert isinstance(await taken(provider, reference(client, request_uri)), Redirect)
    with pytest.raises(UnsafeRequest):
        await taken(provider, reference(client, request_uri))


async def test_denied_request_spends_its_reference(provider: Provider) -> None:
    """N14"""
    client, credentials = await provider.client(replace(BACKEND, settings=ClientSettings(party="third")))
    request_uri = (await push(provider, client, credentials)).request_uri
    user, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        asked = await provider.authorization.begin(ctx, ISSUER, reference(client, request_uri), browser)
    assert isinstance(asked, ComeBack)
    word = asked.path.rpartition("/")[2]
    async with provider.ctx() as ctx:
        await provider.consents.deny(ctx, word, asked.binding, user.id)
    with pytest.raises(AuthorizationRefused):
        await resume(provider, word, Browser(browser.sso, asked.binding))
    with pytest.raises(UnsafeRequest):
        await taken(provider, reference(client, request_uri))


async def test_page_that_was_opened_in_time_may_be_finished_later(provider: Provider) -> None:
    """RFC 9126 §2.2: `expires_in` is of the reference; the sign-in behind it has its ten minutes."""
    client, _, request_uri = await pushed(provider)
    opened = PUSHED_LIFETIME - timedelta(seconds=5)
    async with provider.ctx(later=opened) as ctx:
        waiting = await provider.authorization.begin(ctx, ISSUER, reference(client, request_uri), ALONE)
    later = opened + REQUEST_LIFETIME - timedelta(seconds=5)
    async with provider.ctx(later=later) as ctx:
        await provider.pushed.sweep(ctx)
    _, _, browser = await provider.signed_in()
    assert isinstance(await back(provider, browser, waiting, later=later), Redirect)


async def test_reference_ends_with_its_lifetime(provider: Provider) -> None:
    """N14: RFC 9126 §2.2."""
    client, credentials = await provider.client(BACKEND)
    open_ctx, tenant_id, start = provider.kit.open_ctx, provider.kit.tenant_id, provider.clock.now()
    for late, opens in ((-TICK, True), (timedelta(), False)):
        async with open_ctx(tenant_id, now=start) as ctx:
            kept = await provider.push_endpoint.push(ctx, ISSUER, credentials, provider.parameters(client))
        async with open_ctx(tenant_id, now=start + PUSHED_LIFETIME + late) as ctx:
            try:
                assert await provider.authorization.begin(ctx, ISSUER, reference(client, kept.request_uri), ALONE)
                opened = True
            except UnsafeRequest:
                opened = False
        assert opened is opens


async def test_reference_of_another_client_is_not_there(provider: Provider) -> None:
    """N07: RFC 9126 §2.2: bound to the client that pushed."""
    client, _, request_uri = await pushed(provider)
    other, _ = await provider.client(BACKEND)
    with pytest.raises(UnsafeRequest):
        await taken(provider, reference(other, request_uri))
    assert isinstance(await taken(provider, reference(client, request_uri)), Redirect)


async def test_reference_at_another_tenant_is_not_there(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20"""
    client, _, request_uri = await pushed(provider)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(UnsafeRequest):
            await provider.authorization.begin(ctx, ISSUER, reference(client, request_uri), ALONE)


@pytest.mark.parametrize("word", ["", "x", "x" * 43, "x" * 44, "é" * 43, "x" * 5000])
async def test_made_up_reference_stays_on_the_page(provider: Provider, word: str) -> None:
    """N10: with a redirect URI beside it that would be the client's own."""
    client, _ = await provider.client()
    with pytest.raises(UnsafeRequest):
        await begin(provider, client, ALONE, request_uri=PREFIX + word)


@pytest.mark.parametrize("uri", ["https://app.example.test/request.jwt", "http://169.254.169.254/", "urn:x"])
async def test_reference_to_somewhere_else_is_never_fetched(provider: Provider, uri: str) -> None:
    """N28: OpenID Connect Core §6.2."""
    client, _ = await provider.client()
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(provider, client, ALONE, request_uri=uri)
    assert isinstance(caught.value.cause, RequestUriNotSupported)
    with pytest.raises(UnsafeRequest):
        await begin(provider, client, ALONE, request_uri=uri, redirect_uri="https://evil.example/")


async def test_request_and_reference_at_once_are_refused(provider: Provider) -> None:
    """RFC 9101 §5."""
    client, _, request_uri = await pushed(provider)
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(provider, client, ALONE, request_uri=request_uri, request="e30.e30.e30")
    assert isinstance(caught.value.cause, InvalidRequest)


async def test_disabled_client_neither_pushes_nor_takes(provider: Provider) -> None:
    """N18"""
    client, credentials, request_uri = await pushed(provider)
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    with pytest.raises(InvalidClient):
        await push(provider, client, credentials)
    with pytest.raises(UnsafeRequest):
        await taken(provider, reference(client, request_uri))


async def test_deleted_client_leaves_nothing_behind(provider: Provider) -> None:
    """N18"""
    client, _, _ = await pushed(provider)
    async with provider.ctx(later=PUSHED_LIFETIME + REQUEST_LIFETIME) as ctx:
        await provider.clients.delete(ctx, client.client_id)
        assert await provider.pushed.sweep(ctx) == 0


async def test_what_nobody_comes_for_is_forgotten(provider: Provider) -> None:
    await pushed(provider)
    async with provider.ctx(later=PUSHED_LIFETIME) as ctx:
        assert await provider.pushed.sweep(ctx) == 0
    async with provider.ctx(later=PUSHED_LIFETIME + REQUEST_LIFETIME) as ctx:
        assert await provider.pushed.sweep(ctx) == 1


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_unproven_client_pushes_nothing(provider: Provider, method: str) -> None:
    """RFC 9126 §2.1: client authentication as at the token endpoint."""
    client, _ = await provider.client(BACKEND)
    secret = None if method == "none" else Secret("x" * 43)
    assert method in ("client_secret_basic", "client_secret_post", "none")
    with pytest.raises(InvalidClient):
        await push(provider, client, Credentials(method, client.word, secret))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"request_uri": PREFIX + "x" * 43}, InvalidRequest),
        ({"scope": "everything"}, InvalidScope),
        ({"code_challenge": None}, InvalidRequest),
        ({"code_challenge_method": "plain"}, InvalidRequest),
        ({"response_type": None}, InvalidRequest),
        ({"redirect_uri": None}, UnsafeRequest),
        ({"redirect_uri": CALLBACK + "x"}, UnsafeRequest),
        ({"id_token_hint": "x"}, InvalidRequest),
        ({"state": "é"}, InvalidRequest),
    ],
)
async def test_what_would_be_refused_later_is_refused_at_once(
    provider: Provider, changes: dict[str, str | None], refusal: type[Refusal]
) -> None:
    """RFC 9126 §2.3."""
    client, credentials = await provider.client(BACKEND)
    with pytest.raises(refusal):
        await push(provider, client, credentials, **changes)


async def test_failed_pushes_count_against_the_client(provider: Provider) -> None:
    """N13: at one moment, for the limit fills up again while a slow machine counts."""
    client, credentials = await provider.client(BACKEND)
    kit, now = provider.kit, provider.clock.now()
    wrong = provider.parameters(client, scope="everything")

    async def fail() -> None:
        async with kit.open_ctx(kit.tenant_id, origin=HERE, now=now) as ctx:
            await provider.push_endpoint.push(ctx, ISSUER, credentials, wrong)

    for _ in range(60):
        with pytest.raises(InvalidScope):
            await fail()
    with pytest.raises(Refusal) as caught:
        await fail()
    assert not isinstance(caught.value, OAuthRefusal)


async def test_no_credential_is_kept_with_what_was_pushed(provider: Provider) -> None:
    """N40: the secret came in the same form."""
    client, credentials = await provider.client(BACKEND)
    assert credentials.secret is not None
    said = {"client_secret": credentials.secret.reveal(), "client_assertion": "x", "client_assertion_type": "y"}
    kept = (await push(provider, client, replace(credentials, method="client_secret_post"), **said)).request_uri
    async with provider.ctx() as ctx:
        _, found = await provider.pushed.read(ctx, client, kept)
    assert not said.keys() & found.keys()
    assert found["state"] == "the-state"


async def test_client_may_be_registered_as_only_heard_when_it_pushes(provider: Provider) -> None:
    """RFC 9126 §6."""
    client, credentials = await provider.client(PUSHES)
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(provider, client, ALONE)
    assert isinstance(caught.value.cause, InvalidRequest)
    kept = await push(provider, client, credentials)
    assert isinstance(await taken(provider, reference(client, kept.request_uri)), Redirect)


async def test_under_fapi_everything_is_pushed_and_pkce_is_a_must(provider: Provider) -> None:
    """FAPI 2.0 Security Profile §5.3.2.2."""
    client, _ = await provider.client(FAPI)
    async with provider.ctx() as ctx:
        for door in (provider.authorization.begin_foreign, provider.intake.read):
            with pytest.raises(AuthorizationRefused):
                await door(ctx, ISSUER, provider.parameters(client))
        without = provider.parameters(client, code_challenge=None, code_challenge_method=None)
        with pytest.raises(InvalidRequest):
            await provider.intake.judge(ctx, ISSUER, client, without)
        said = await provider.intake.judge(ctx, ISSUER, client, provider.parameters(client))
        request_uri = await provider.pushed.keep(ctx, client, said)
    outcome = await taken(provider, reference(client, request_uri))
    assert isinstance(outcome, Redirect)
    assert answer(outcome)["iss"] == ISSUER


async def test_reference_may_be_posted_from_the_clients_page(provider: Provider) -> None:
    client, _, request_uri = await pushed(provider)
    async with provider.ctx() as ctx:
        back = await provider.authorization.begin_foreign(ctx, ISSUER, reference(client, request_uri))
    assert "resume=" in back.path
