"""The authorization endpoint's verbs: session or login, bound to the browser, spent once."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from airside.core.errors import InvalidInput
from airside.core.principal import Assurance
from airside.core.secret import Secret
from airside.oauth import Browser, Client, Redirect, SignIn
from airside.oauth.authorize import Outcome
from airside.oauth.errors import AuthorizationRefused, LoginRequired, UnsafeRequest
from airside.signin import Flow
from airside.tenancy import TenantPolicy
from tests.makers import MakeTenant
from tests.oauth.provider import CALLBACK, ISSUER, Provider

ALONE = Browser()


async def begin(
    provider: Provider, client: Client, browser: Browser, *, later: timedelta = timedelta(), **changes: str | None
) -> Outcome:
    async with provider.ctx(later=later) as ctx:
        return await provider.authorization.begin(ctx, ISSUER, provider.parameters(client, **changes), browser)


async def resume(provider: Provider, word: str, browser: Browser, *, later: timedelta = timedelta()) -> Outcome:
    async with provider.ctx(later=later) as ctx:
        return await provider.authorization.resume(ctx, ISSUER, word, browser)


async def word_of(provider: Provider, outcome: Outcome) -> str:
    """The stored request that a login leads back to, as its flow keeps it."""
    assert isinstance(outcome, SignIn)
    async with provider.ctx() as ctx:
        flow = await provider.kit.flows.load(ctx, outcome.flow.flow_id, outcome.flow.browser)
    target = urlsplit(flow.continue_to)
    assert target.path == "/t/acme/oauth2/authorize"
    return parse_qs(target.query)["resume"][0]


def answer(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Redirect)
    assert outcome.location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(outcome.location).query).items()}


async def test_signed_in_browser_gets_a_code_at_once(provider: Provider) -> None:
    client, credentials = await provider.client()
    _, _, browser = await provider.signed_in()
    given = answer(await begin(provider, client, browser))
    assert (given["state"], given["iss"]) == ("the-state", ISSUER)
    assert (await provider.redeem(credentials, given["code"])).refresh_token is not None


async def test_stranger_signs_in_and_comes_back_for_the_code(provider: Provider) -> None:
    client, credentials = await provider.client()
    outcome = await begin(provider, client, ALONE)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    _, _, browser = await provider.signed_in()
    given = answer(await resume(provider, word, Browser(browser.sso, outcome.binding)))
    assert given["state"] == "the-state"
    assert (await provider.redeem(credentials, given["code"])).id_token is not None


async def test_stored_request_is_spent_once_of_fifty(provider: Provider) -> None:
    client, _ = await provider.client()
    outcome = await begin(provider, client, ALONE)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    _, _, browser = await provider.signed_in()
    both = Browser(browser.sso, outcome.binding)
    answers = await asyncio.gather(*(resume(provider, word, both) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(one, Redirect) for one in answers) == 1
    assert sum(isinstance(one, UnsafeRequest) for one in answers) == 49


async def test_request_of_another_browser_is_not_there(provider: Provider) -> None:
    """N11: login CSRF. A victim who follows the attacker's link gets no code for the attacker's request."""
    client, _ = await provider.client()
    attackers = await begin(provider, client, ALONE)
    word = await word_of(provider, attackers)
    victims = await begin(provider, client, ALONE)
    assert isinstance(victims, SignIn)
    _, _, browser = await provider.signed_in()
    for binding in (None, Secret(""), Secret("x" * 43), victims.binding):
        with pytest.raises(UnsafeRequest):
            await resume(provider, word, Browser(browser.sso, binding))


async def test_planted_binding_of_another_shape_is_replaced(provider: Provider) -> None:
    """N11: fixation."""
    client, _ = await provider.client()
    for planted in ("x", "x" * 44, ""):
        outcome = await begin(provider, client, Browser(None, Secret(planted)))
        assert isinstance(outcome, SignIn)
        assert outcome.binding.reveal() != planted


async def test_two_tabs_share_one_binding(provider: Provider) -> None:
    client, _ = await provider.client()
    first = await begin(provider, client, ALONE)
    assert isinstance(first, SignIn)
    second = await begin(provider, client, Browser(None, first.binding), state="other")
    assert isinstance(second, SignIn)
    assert first.binding.reveal() == second.binding.reveal()
    _, _, browser = await provider.signed_in()
    both = Browser(browser.sso, first.binding)
    assert answer(await resume(provider, await word_of(provider, second), both))["state"] == "other"
    assert answer(await resume(provider, await word_of(provider, first), both))["state"] == "the-state"


async def test_stored_request_expires(provider: Provider) -> None:
    client, _ = await provider.client()
    outcome = await begin(provider, client, ALONE)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    _, _, browser = await provider.signed_in()
    with pytest.raises(UnsafeRequest):
        await resume(provider, word, Browser(browser.sso, outcome.binding), later=timedelta(minutes=10))


async def test_client_disabled_meanwhile_gets_no_code(provider: Provider) -> None:
    """N18."""
    client, _ = await provider.client()
    outcome = await begin(provider, client, ALONE)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    _, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    with pytest.raises(UnsafeRequest):
        await resume(provider, word, Browser(browser.sso, outcome.binding))
    with pytest.raises(UnsafeRequest):
        await begin(provider, client, browser)


async def test_account_cookie_opens_nothing_here(provider: Provider) -> None:
    """N06: the session's other secret."""
    client, _ = await provider.client()
    _, session, _ = await provider.signed_in()
    assert isinstance(await begin(provider, client, Browser(session.account)), SignIn)


@pytest.mark.parametrize("sso", ["", "x" * 43, "x" * 4000])
async def test_unknown_session_secret_is_nobody(provider: Provider, sso: str) -> None:
    client, _ = await provider.client()
    assert isinstance(await begin(provider, client, Browser(Secret(sso))), SignIn)


async def test_prompt_none_never_shows_a_login(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.6."""
    client, _ = await provider.client()
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(provider, client, ALONE, prompt="none")
    assert isinstance(caught.value.cause, LoginRequired)
    _, _, browser = await provider.signed_in()
    assert "code" in answer(await begin(provider, client, browser, prompt="none"))
    with pytest.raises(AuthorizationRefused):
        await begin(provider, client, browser, prompt="none", max_age="5", later=timedelta(seconds=10))


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}])
async def test_fresh_sign_in_is_demanded_again(provider: Provider, demand: dict[str, str]) -> None:
    """N12: a stale session doesn't pass for the sign-in that was asked for."""
    client, _ = await provider.client()
    user, _, browser = await provider.signed_in()
    outcome = await begin(provider, client, browser, later=timedelta(seconds=1), **demand)
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    stale = await resume(provider, word, Browser(browser.sso, outcome.binding), later=timedelta(seconds=2))
    assert isinstance(stale, SignIn)
    fresh = await provider.session(user, later=timedelta(seconds=3))
    both = Browser(fresh.sso, outcome.binding)
    assert "code" in answer(await resume(provider, word, both, later=timedelta(seconds=60)))


async def test_max_age_that_is_kept_needs_no_login(provider: Provider) -> None:
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    assert "code" in answer(await begin(provider, client, browser, max_age="600", later=timedelta(seconds=500)))


async def test_post_from_the_clients_page_comes_back_with_cookies(provider: Provider) -> None:
    """OpenID Connect Core §3.1.2.1: a foreign post is stored and read no cookie for."""
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        back = await provider.authorization.begin_foreign(ctx, ISSUER, provider.parameters(client))
    word = parse_qs(urlsplit(back.path).query)["resume"][0]
    assert "code" in answer(await resume(provider, word, Browser(browser.sso, back.binding)))


@pytest.mark.parametrize("client_id", ["", "cli_x", "cli_00000000000000000000000000", "usr_00000000000000000000000000"])
async def test_unknown_client_stays_on_the_page(provider: Provider, client_id: str) -> None:
    client, _ = await provider.client()
    with pytest.raises(UnsafeRequest):
        await begin(provider, client, ALONE, client_id=client_id)


async def test_client_and_session_of_another_tenant_are_not_there(provider: Provider, make_tenant: MakeTenant) -> None:
    """N20."""
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(UnsafeRequest):
            await provider.authorization.begin(ctx, ISSUER, provider.parameters(client), browser)


async def test_login_never_leads_off_this_origin(provider: Provider) -> None:
    """N10: even a bent issuer gives no foreign path."""
    client, _ = await provider.client()
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidInput):
            await provider.authorization.begin(
                ctx, "https://id.example.test//evil.example", provider.parameters(client), ALONE
            )


async def _flow_of(provider: Provider, outcome: Outcome) -> Flow:
    assert isinstance(outcome, SignIn)
    async with provider.ctx() as ctx:
        return await provider.kit.flows.load(ctx, outcome.flow.flow_id, outcome.flow.browser)


@pytest.mark.parametrize(("asked", "minimum"), [("aal2", "aal2"), ("aal3 aal2", "aal2"), ("phr aal3", "aal3")])
async def test_session_too_weak_for_the_client_is_strengthened(
    provider: Provider, asked: str, minimum: Assurance
) -> None:
    """N12: stale assurance. Only what the session lacks is asked for."""
    client, _ = await provider.client()
    _, session, browser = await provider.signed_in()
    flow = await _flow_of(provider, await begin(provider, client, browser, acr_values=asked))
    assert flow.minimum == minimum
    assert flow.step_up is not None
    assert (flow.step_up.session.id, flow.step_up.held) == (session.session.id, "aal1")


@pytest.mark.parametrize("asked", ["aal1", "aal1 aal3", "unheard-of", ""])
async def test_session_as_strong_as_the_least_that_the_client_takes_is_enough(provider: Provider, asked: str) -> None:
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    assert isinstance(await begin(provider, client, browser, acr_values=asked), Redirect)


async def test_stronger_session_is_silently_demanded_of_nobody(provider: Provider) -> None:
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    with pytest.raises(AuthorizationRefused) as refused:
        await begin(provider, client, browser, acr_values="aal2", prompt="none")
    assert isinstance(refused.value.cause, LoginRequired)


async def test_request_that_asks_for_more_still_does_when_it_comes_back(provider: Provider) -> None:
    """N12: other pathway. A sign-in elsewhere at less doesn't satisfy what is waiting."""
    client, _ = await provider.client()
    outcome = await begin(provider, client, ALONE, acr_values="aal2")
    word = await word_of(provider, outcome)
    assert isinstance(outcome, SignIn)
    assert (await _flow_of(provider, outcome)).minimum == "aal2"
    _, _, browser = await provider.signed_in()
    again = await resume(provider, word, Browser(browser.sso, outcome.binding))
    assert (await _flow_of(provider, again)).step_up is not None


async def test_session_from_before_the_tenant_demanded_more_is_not_enough(provider: Provider) -> None:
    """N12"""
    client, _ = await provider.client()
    _, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        await provider.kit.policies.change(ctx, 0, TenantPolicy(minimum_assurance="aal2"))
    flow = await _flow_of(provider, await begin(provider, client, browser))
    assert flow.step_up is not None
