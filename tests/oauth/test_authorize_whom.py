"""Whom the client means (`id_token_hint`, `login_hint`, `claims`), and what is done when it is somebody else."""

from datetime import timedelta

import pytest

from airside.core.ids import USER, format_id
from airside.identity import User
from airside.oauth import Browser, Client, Redirect, SignIn
from airside.oauth.errors import AuthorizationRefused, InvalidRequest, LoginRequired, OAuthRefusal
from airside.signin import Flow
from tests.oauth.provider import Provider
from tests.oauth.test_authorize import ALONE, answer, begin, resume, word_of

LATER = timedelta(seconds=5)


async def hint_of(provider: Provider) -> tuple[Client, User, Browser, str]:
    """A client, its user in a browser, and the ID token of that sign-in."""
    client, credentials = await provider.client()
    user, session, browser = await provider.signed_in()
    response = await provider.redeem(credentials, await provider.code(client, session))
    assert response.id_token is not None
    return client, user, browser, response.id_token.reveal()


async def refused(provider: Provider, client: Client, browser: Browser, **changes: str) -> OAuthRefusal:
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(provider, client, browser, later=timedelta(), **changes)
    return caught.value.cause


async def flow_of(provider: Provider, outcome: object) -> Flow:
    assert isinstance(outcome, SignIn)
    async with provider.ctx() as ctx:
        return await provider.kit.flows.load(ctx, outcome.flow.flow_id, outcome.flow.browser)


async def test_hinted_user_who_is_signed_in_gets_the_code(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.1: `id_token_hint`, also with `prompt=none`."""
    client, _, browser, hint = await hint_of(provider)
    assert "code" in answer(await begin(provider, client, browser, id_token_hint=hint))
    assert "code" in answer(await begin(provider, client, browser, id_token_hint=hint, prompt="none"))


async def test_another_user_than_the_hinted_one_is_silently_nobody(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.1: login_required."""
    client, _, _, hint = await hint_of(provider)
    _, _, others = await provider.signed_in()
    for browser in (others, ALONE):
        cause = await refused(provider, client, browser, id_token_hint=hint, prompt="none")
        assert isinstance(cause, LoginRequired)


async def test_another_user_than_the_hinted_one_has_to_sign_in_as_them(provider: Provider) -> None:
    client, user, _, hint = await hint_of(provider)
    _, _, others = await provider.signed_in()
    outcome = await begin(provider, client, others, id_token_hint=hint)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    assert (await flow_of(provider, outcome)).step_up is None  # nobody else's session is strengthened
    again = await resume(provider, word, Browser(others.sso, outcome.binding))
    assert isinstance(again, SignIn)
    right = await provider.session(user, later=LATER)
    given = await resume(provider, word, Browser(right.sso, outcome.binding), later=LATER)
    assert "code" in answer(given)


async def test_login_that_ends_as_another_user_is_refused(provider: Provider) -> None:
    """N11: OpenID Connect Core §3.1.2.2: no code for anybody but the hinted user."""
    client, _, _, hint = await hint_of(provider)
    outcome = await begin(provider, client, ALONE, id_token_hint=hint)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    wrong = await provider.session(await provider.user(), later=LATER)
    with pytest.raises(AuthorizationRefused) as caught:
        await resume(provider, word, Browser(wrong.sso, outcome.binding), later=LATER)
    assert isinstance(caught.value.cause, LoginRequired)


async def test_hint_given_to_another_client_is_refused(provider: Provider) -> None:
    """N07"""
    _, _, browser, hint = await hint_of(provider)
    other, _ = await provider.client()
    assert isinstance(await refused(provider, other, browser, id_token_hint=hint), InvalidRequest)


@pytest.mark.parametrize("hint", ["x", "eyJhbGciOiJub25lIn0.e30.", "e30.e30.e30.e30.e30"])
async def test_hint_that_is_no_id_token_is_refused(provider: Provider, hint: str) -> None:
    """N01, N06"""
    client, _, browser, _ = await hint_of(provider)
    assert isinstance(await refused(provider, client, browser, id_token_hint=hint), InvalidRequest)


async def test_subject_that_is_asked_for_by_claim_is_the_only_one(provider: Provider) -> None:
    """OpenID Connect Core §5.5.1: `sub` with a value."""
    client, user, browser, hint = await hint_of(provider)
    _, _, others = await provider.signed_in()
    asked = '{"id_token":{"sub":{"value":"%s"}}}'
    claims = asked % format_id(USER, user.id)
    assert "code" in answer(await begin(provider, client, browser, claims=claims, prompt="none"))
    assert "code" in answer(await begin(provider, client, browser, claims=claims, id_token_hint=hint))
    for wrong, who in ((claims, others), (asked % "usr_x", browser), (asked % "x", browser)):
        assert isinstance(await refused(provider, client, who, claims=wrong, prompt="none"), LoginRequired)
    somebody = asked % format_id(USER, client.client_id)
    assert isinstance(await refused(provider, client, browser, claims=somebody, id_token_hint=hint), LoginRequired)


async def test_login_hint_is_filled_in_whether_or_not_anybody_has_it(provider: Provider) -> None:
    """N15: OpenID Connect Core §3.1.2.1, `login_hint`: it is the client's word, and nothing is looked up by it."""
    client, _ = await provider.client()
    user = await provider.user()
    for hint in (user.email, "nobody@example.test"):
        outcome = await begin(provider, client, ALONE, login_hint=hint)
        assert (await flow_of(provider, outcome)).login_hint == hint


async def test_login_hint_of_a_posted_request_survives_the_way_back(provider: Provider) -> None:
    client, _ = await provider.client()
    async with provider.ctx() as ctx:
        said = provider.parameters(client, login_hint="ada@example.test", ui_locales="de en")
        back = await provider.authorization.begin_foreign(ctx, "https://id.example.test/t/acme", said)
    outcome = await resume(provider, back.path.partition("resume=")[2], Browser(binding=back.binding))
    assert (await flow_of(provider, outcome)).login_hint == "ada@example.test"
    assert isinstance(outcome, SignIn)
    assert outcome.locales == ("de", "en")


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
async def test_a_new_sign_in_may_be_of_another_account(provider: Provider, prompt: str) -> None:
    """OpenID Connect Core §3.1.2.1: `prompt=login` and `select_account`."""
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    outcome = await begin(provider, client, browser, later=LATER, prompt=prompt)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    assert (await flow_of(provider, outcome)).step_up is None
    other = await provider.session(await provider.user(), later=2 * LATER)
    assert isinstance(await resume(provider, word, Browser(other.sso, outcome.binding), later=2 * LATER), Redirect)
