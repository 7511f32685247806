"""Consent: asked of others' applications, remembered, asked again when it grows, taken back."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from airside.core.errors import NotFound
from airside.core.ids import FAMILY, parse_id
from airside.core.secret import Secret
from airside.identity import User
from airside.oauth import Browser, Client, ClientSettings, ComeBack, FormPost, Redirect, SignIn
from airside.oauth.errors import AccessDenied, AuthorizationRefused, ConsentRequired, InvalidGrant, UnsafeRequest
from airside.protocols.jose import peek_claims
from tests.makers import MakeTenant
from tests.oauth.provider import ISSUER, WEB, Provider

GUEST = replace(WEB, name="Guest", settings=ClientSettings(party="third"))
Outcome = Redirect | FormPost | SignIn | ComeBack


async def begin(provider: Provider, client: Client, browser: Browser, **changes: str | None) -> Outcome:
    async with provider.ctx() as ctx:
        return await provider.authorization.begin(ctx, ISSUER, provider.parameters(client, **changes), browser)


async def resume(provider: Provider, word: str, browser: Browser) -> Outcome:
    async with provider.ctx() as ctx:
        return await provider.authorization.resume(ctx, ISSUER, word, browser)


def asked(outcome: Outcome) -> tuple[str, Secret[str]]:
    """The stored request that a page asks about, and the browser's binding."""
    assert isinstance(outcome, ComeBack), outcome
    base, _, word = outcome.path.rpartition("/")
    assert base == "/t/acme/consent"
    return word, outcome.binding


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Redirect), outcome
    return parse_qs(urlsplit(outcome.location).query)["code"][0]


async def allow(provider: Provider, client: Client, user: User, browser: Browser, **changes: str | None) -> Outcome:
    """Asked, allowed, and back."""
    word, binding = asked(await begin(provider, client, browser, **changes))
    async with provider.ctx() as ctx:
        await provider.consents.allow(ctx, word, binding, user.id)
    return await resume(provider, word, Browser(browser.sso, binding))


async def revoke(provider: Provider, user: User, client: Client) -> None:
    async with provider.ctx() as ctx:
        await provider.consents.revoke(ctx, user.id, client.client_id)


async def test_tenants_own_application_is_never_asked_about(provider: Provider) -> None:
    """OpenID Connect Core §11: not even for `offline_access`: whoever administers the tenant allowed it."""
    client, _ = await provider.client(replace(WEB, scopes=WEB.scopes | {"offline_access"}))
    _, _, browser = await provider.signed_in()
    assert isinstance(await begin(provider, client, browser, scope="openid offline_access"), Redirect)


async def test_application_of_others_gets_a_code_once_its_user_allows_it(provider: Provider) -> None:
    client, credentials = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    tokens = await provider.redeem(credentials, code_of(await allow(provider, client, user, browser)))
    assert tokens.scope == {"openid", "notes:read"}


async def test_what_was_allowed_is_not_asked_again(provider: Provider) -> None:
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    assert isinstance(await begin(provider, client, browser), Redirect)
    assert isinstance(await begin(provider, client, browser, scope="openid"), Redirect)
    another = await provider.session(user)
    assert isinstance(await begin(provider, client, Browser(another.sso)), Redirect)


async def test_application_that_wants_more_is_asked_about_with_what_is_new(provider: Provider) -> None:
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    word, binding = asked(await begin(provider, client, browser, scope="openid notes:read notes:write"))
    async with provider.ctx() as ctx:
        page = await provider.consents.look(ctx, word, binding, user.id)
        assert page.scopes - page.remembered == {"notes:write"}
        assert page.remembered == {"openid", "notes:read"}
        await provider.consents.allow(ctx, word, binding, user.id)
        (kept,) = await provider.consents.list(ctx, user.id)
    assert kept.scopes == {"openid", "notes:read", "notes:write"}
    assert kept.name == "Guest"


async def test_offline_access_of_others_is_asked_by_name(provider: Provider) -> None:
    """OpenID Connect Core §11: no offline access that nobody was asked for."""
    client, _ = await provider.client(replace(GUEST, scopes=GUEST.scopes | {"offline_access"}))
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    word, binding = asked(await begin(provider, client, browser, scope="openid notes:read offline_access"))
    async with provider.ctx() as ctx:
        page = await provider.consents.look(ctx, word, binding, user.id)
    assert page.scopes - page.remembered == {"offline_access"}


async def test_claims_that_are_asked_for_by_name_are_asked_about(provider: Provider) -> None:
    """OpenID Connect Core §5.5: a claim of a scope that nobody allowed is asked about as that scope."""
    client, _ = await provider.client(replace(GUEST, scopes=GUEST.scopes | {"email"}))
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    claims = '{"userinfo":{"email":null,"name":{"essential":true}},"id_token":{"acr":null}}'
    word, binding = asked(await begin(provider, client, browser, claims=claims))
    async with provider.ctx() as ctx:
        page = await provider.consents.look(ctx, word, binding, user.id)
        assert page.scopes - page.remembered == {"email"}
        await provider.consents.allow(ctx, word, binding, user.id)
    assert isinstance(await begin(provider, client, browser, claims=claims), Redirect)


async def test_silent_request_learns_that_consent_is_due(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.6."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    with pytest.raises(AuthorizationRefused) as refused:
        await begin(provider, client, browser, prompt="none")
    assert isinstance(refused.value.cause, ConsentRequired)
    await allow(provider, client, user, browser)
    assert isinstance(await begin(provider, client, browser, prompt="none"), Redirect)


async def test_denied_request_ends_at_the_client(provider: Provider) -> None:
    """RFC 6749 §4.1.2.1."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))
    async with provider.ctx() as ctx:
        await provider.consents.deny(ctx, word, binding, user.id)
    back = Browser(browser.sso, binding)
    with pytest.raises(AuthorizationRefused) as refused:
        await resume(provider, word, back)
    assert isinstance(refused.value.cause, AccessDenied)
    assert refused.value.state == "the-state"
    with pytest.raises(UnsafeRequest):
        await resume(provider, word, back)
    assert isinstance(await begin(provider, client, browser), ComeBack)


async def test_question_that_is_wanted_is_asked_each_time(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.1: `prompt=consent`, also where everything is allowed already."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    for _ in range(2):
        word, binding = asked(await begin(provider, client, browser, prompt="consent"))
        back = Browser(browser.sso, binding)
        assert isinstance(await resume(provider, word, back), ComeBack)
        async with provider.ctx() as ctx:
            await provider.consents.allow(ctx, word, binding, user.id)
        assert isinstance(await resume(provider, word, back), Redirect)
    own, _ = await provider.client()
    assert isinstance(await begin(provider, own, browser, prompt="consent"), Redirect)


async def test_unanswered_question_gives_nothing(provider: Provider) -> None:
    client, _ = await provider.client(GUEST)
    _, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))
    again, _ = asked(await resume(provider, word, Browser(browser.sso, binding)))
    assert again == word


async def test_answer_of_somebody_else_is_none(provider: Provider) -> None:
    """N11: whoever signs in next in this browser is asked themselves."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))
    async with provider.ctx() as ctx:
        await provider.consents.allow(ctx, word, binding, user.id)
    _, _, others = await provider.signed_in()
    assert isinstance(await resume(provider, word, Browser(others.sso, binding)), ComeBack)


@pytest.mark.parametrize("binding", ["", "x" * 43])
async def test_request_of_another_browser_can_not_be_answered(provider: Provider, binding: str) -> None:
    """N11."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, _ = asked(await begin(provider, client, browser))
    async with provider.ctx() as ctx:
        for verb in (provider.consents.look, provider.consents.allow, provider.consents.deny):
            with pytest.raises(NotFound):
                await verb(ctx, word, Secret(binding), user.id)
        assert await provider.consents.list(ctx, user.id) == []


async def test_answer_stands(provider: Provider) -> None:
    """A second answer of the same user is none, unless it is the same."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))
    async with provider.ctx() as ctx:
        await provider.consents.deny(ctx, word, binding, user.id)
        await provider.consents.deny(ctx, word, binding, user.id)
    with pytest.raises(NotFound):
        async with provider.ctx() as ctx:
            await provider.consents.allow(ctx, word, binding, user.id)
    async with provider.ctx() as ctx:
        assert await provider.consents.list(ctx, user.id) == []


async def test_fifty_answers_at_once_make_one_consent_and_one_code(provider: Provider) -> None:
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))

    async def one() -> None:
        async with provider.ctx() as ctx:
            await provider.consents.allow(ctx, word, binding, user.id)

    await asyncio.gather(*(one() for _ in range(50)))
    back = Browser(browser.sso, binding)
    answers = await asyncio.gather(*(resume(provider, word, back) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, Redirect) for answer in answers) == 1
    async with provider.ctx() as ctx:
        assert len(await provider.consents.list(ctx, user.id)) == 1


async def test_disabled_client_can_not_be_allowed(provider: Provider) -> None:
    """N18."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    word, binding = asked(await begin(provider, client, browser))
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    with pytest.raises(NotFound):
        async with provider.ctx() as ctx:
            await provider.consents.allow(ctx, word, binding, user.id)


async def test_consent_taken_back_ends_what_came_of_it(provider: Provider) -> None:
    """N19: refresh token, access token and waiting code; those of others live on."""
    client, credentials = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    tokens = await provider.redeem(credentials, code_of(await allow(provider, client, user, browser)))
    waiting = code_of(await begin(provider, client, browser))
    other, _, others = await provider.signed_in()
    theirs = await provider.redeem(credentials, code_of(await allow(provider, client, other, others)))
    await revoke(provider, user, client)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, tokens.refresh_token)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, waiting)
    claims = peek_claims(tokens.access_token.reveal())
    async with provider.ctx() as ctx:
        revoked = await provider.kit.revocations.current(ctx)
        covered = revoked.covers(
            jti="", sid=None, fam=str(claims["fam"]), sub="", client_id="", issued_at=int(str(claims["iat"]))
        )
    assert covered
    assert (await provider.refresh(credentials, theirs.refresh_token)).access_token
    assert isinstance(await begin(provider, client, browser), ComeBack)


async def test_consent_taken_back_reaches_clients_without_refresh_tokens(provider: Provider) -> None:
    """N19."""
    client, credentials = await provider.client(replace(GUEST, grants=frozenset({"authorization_code"})))
    user, _, browser = await provider.signed_in()
    tokens = await provider.redeem(credentials, code_of(await allow(provider, client, user, browser)))
    await revoke(provider, user, client)
    family = str(peek_claims(tokens.access_token.reveal())["fam"])
    assert parse_id(FAMILY, family)
    async with provider.ctx() as ctx:
        revoked = await provider.kit.revocations.current(ctx)
        assert revoked.covers(jti="", sid=None, fam=family, sub="", client_id="", issued_at=0)


async def test_code_that_is_redeemed_while_its_consent_is_taken_back_leaves_nothing_alive(provider: Provider) -> None:
    """N19: whichever comes first."""
    client, credentials = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    for _ in range(10):
        code = code_of(await allow(provider, client, user, browser))
        redeemed, _ = await asyncio.gather(
            provider.redeem(credentials, code), revoke(provider, user, client), return_exceptions=True
        )
        if isinstance(redeemed, BaseException):
            assert isinstance(redeemed, InvalidGrant)
        else:
            with pytest.raises(InvalidGrant):
                await provider.refresh(credentials, redeemed.refresh_token)


async def test_consent_of_nobody_or_another_tenant_is_not_there(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20."""
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    for user_id, client_id in ((UUID(int=0), client.client_id), (user.id, UUID(int=0))):
        with pytest.raises(NotFound):
            async with provider.ctx() as ctx:
                await provider.consents.revoke(ctx, user_id, client_id)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await provider.consents.revoke(ctx, user.id, client.client_id)


async def test_client_that_is_deleted_takes_its_consents_with_it(provider: Provider) -> None:
    client, _ = await provider.client(GUEST)
    user, _, browser = await provider.signed_in()
    await allow(provider, client, user, browser)
    async with provider.ctx() as ctx:
        await provider.clients.delete(ctx, client.client_id)
        assert await provider.consents.list(ctx, user.id) == []
