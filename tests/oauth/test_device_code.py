"""The device code grant: paced while nobody has answered, spent once when somebody has, and theirs alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.ids import SESSION, format_id
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.limits import TOKEN_FAILURES
from airside.oauth import ClientSettings
from airside.oauth.errors import (
    AuthorizationPending,
    ExpiredToken,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    OAuthRefusal,
    SlowDown,
    UnauthorizedClient,
)
from airside.oauth.model import DEVICE_CODE
from airside.protocols.jose import peek_claims
from airside.protocols.oauth import TokenResponse
from tests.oauth.grants_kit import TELEVISION, Grants, persistently, word
from tests.oauth.provider import WEB
from tests.running import Place


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def test_approved_device_gets_tokens_of_the_session_that_approved(place: Place) -> None:
    """RFC 8628 §3.4: as strong, and as long ago, as the sign-in in the browser."""
    grants = Grants(place)
    client, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials, scope="openid notes:read")
    user, session = await grants.signed_in()
    await grants.approve(user_code, session)

    answer = await grants.poll(credentials, device_code)

    token = await grants.verify(answer.access_token)
    assert (token.subject, token.client_id, token.scope) == (word(user), client.word, {"openid", "notes:read"})
    assert token.session_id == format_id(SESSION, session.id)
    assert (token.acr, token.amr) == (session.assurance, session.amr)
    assert token.auth_time == int(session.auth_time.timestamp())
    assert answer.id_token is not None
    assert peek_claims(answer.id_token.reveal())["sub"] == word(user)
    assert answer.refresh_token is not None
    form = {"grant_type": "refresh_token", "refresh_token": answer.refresh_token.reveal()}
    again = await grants.exchange(credentials, form)
    assert (await grants.verify(again.access_token)).family_id == token.family_id


async def test_no_refresh_token_and_no_id_token_that_wasnt_registered_or_asked_for(place: Place) -> None:
    grants = Grants(place)
    _, credentials = await grants.client(replace(TELEVISION, grants=frozenset({DEVICE_CODE})))
    device_code, user_code = await grants.waiting(credentials, scope="notes:read")
    await grants.approve(user_code, (await grants.signed_in())[1])
    answer = await grants.poll(credentials, device_code)
    assert (answer.refresh_token, answer.id_token) == (None, None)


async def test_device_that_waits_is_told_so_and_slows_down_by_five_seconds_each_time(place: Place) -> None:
    """RFC 8628 §3.5."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)
    steps: list[tuple[float, type[OAuthRefusal]]] = [
        (0.5, AuthorizationPending),
        (5.6, AuthorizationPending),
        (8, SlowDown),  # from now on ten seconds
        (17, SlowDown),  # from now on fifteen
        (33, AuthorizationPending),
        (47, SlowDown),  # from now on twenty
        (68, AuthorizationPending),
    ]
    for at, refusal in steps:
        with pytest.raises(refusal) as caught:
            await grants.poll(credentials, device_code, later=seconds(at))
        assert type(caught.value) is refusal, at
    await grants.approve(user_code, (await grants.signed_in())[1], later=seconds(69))
    assert await grants.poll(credentials, device_code, later=seconds(70))


async def test_fifty_polls_at_once_while_nobody_has_answered_are_one_in_time(place: Place) -> None:
    """RFC 8628 §3.5: the pace is kept by one statement."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, _ = await grants.waiting(credentials)
    origins = [Origin(f"192.0.2.{number}", "test") for number in range(50)]
    asked = (partial(grants.poll, credentials, device_code, later=seconds(1), origin=origin) for origin in origins)
    answers = await asyncio.gather(*map(persistently, asked))
    assert sum(isinstance(answer, AuthorizationPending) for answer in answers) == 1
    assert sum(isinstance(answer, SlowDown) for answer in answers) == 49


async def test_fifty_polls_at_once_after_the_answer_give_one_device_its_tokens(place: Place) -> None:
    """N07: a device code is spent by one statement, and those who come too late end what the first one got."""
    grants = Grants(place)
    _, credentials = await grants.client(replace(TELEVISION, public=False))
    device_code, user_code = await grants.waiting(credentials)
    await grants.approve(user_code, (await grants.signed_in())[1])
    origins = [Origin(f"192.0.2.{number}", "test") for number in range(50)]
    asked = (partial(grants.poll, credentials, device_code, origin=origin) for origin in origins)
    answers = await asyncio.gather(*map(persistently, asked))
    won = [answer for answer in answers if isinstance(answer, TokenResponse)]
    assert len(won) == 1
    assert sum(isinstance(answer, InvalidGrant) for answer in answers) == 49
    assert won[0].refresh_token is not None
    with pytest.raises(InvalidGrant):
        form = {"grant_type": "refresh_token", "refresh_token": won[0].refresh_token.reveal()}
        await grants.exchange(credentials, form)
    with pytest.raises(Unauthenticated):
        await grants.verify(won[0].access_token)


async def test_waiting_is_no_failure_and_haste_is(place: Place) -> None:
    """N13: many devices behind one address wait at their pace without keeping each other out."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, _ = await grants.waiting(credentials)
    for number in range(TOKEN_FAILURES.rate.count + 5):
        with pytest.raises(AuthorizationPending):
            await grants.poll(credentials, device_code, later=seconds(6 * number))
    with pytest.raises(AuthorizationPending):
        await grants.poll(credentials, device_code, later=seconds(400))
    with pytest.raises(LimitExceeded):
        for _ in range(TOKEN_FAILURES.rate.count + 5):
            with pytest.raises(SlowDown):
                await grants.poll(credentials, device_code, later=seconds(400))


async def test_nobody_answers_in_time(place: Place) -> None:
    """RFC 8628 §3.5: `expired_token`, whether or not it was ever answered; after a day it is forgotten."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, _ = await grants.waiting(credentials)
    late_code, late_user_code = await grants.waiting(credentials)
    with pytest.raises(ExpiredToken):
        await grants.poll(credentials, device_code, later=timedelta(minutes=10, seconds=1))
    await grants.approve(late_user_code, (await grants.signed_in())[1], later=timedelta(minutes=9))
    with pytest.raises(ExpiredToken):
        await grants.poll(credentials, late_code, later=timedelta(minutes=11))


async def test_another_client_can_neither_use_nor_spoil_a_device_code(place: Place) -> None:
    """N07: cross-client exchange."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    _, thief = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)
    with pytest.raises(InvalidGrant):
        await grants.poll(thief, device_code)
    await grants.approve(user_code, (await grants.signed_in())[1])
    with pytest.raises(InvalidGrant):
        await grants.poll(thief, device_code)
    answer = await grants.poll(credentials, device_code)
    with pytest.raises(InvalidGrant):
        await grants.poll(thief, device_code)
    assert await grants.verify(answer.access_token)


async def test_corrupted_truncated_or_longer_codes_are_refused_and_so_are_other_secrets(place: Place) -> None:
    """N06, N38: nor is the short code a device code, or a device code an authorization code or a refresh token."""
    grants = Grants(place)
    draft = replace(TELEVISION, grants=TELEVISION.grants | WEB.grants, redirect_uris=WEB.redirect_uris)
    _, credentials = await grants.client(draft)
    device_code, user_code = await grants.waiting(credentials)
    await grants.approve(user_code, (await grants.signed_in())[1])
    other = "A" if device_code[0] != "A" else "B"
    shown = user_code.reveal()
    for wrong in (
        other + device_code[1:],
        device_code[:-1],
        device_code + "A",
        device_code.swapcase(),
        shown,
        "x" * 999,
    ):
        with pytest.raises(InvalidGrant):
            await grants.poll(credentials, wrong)
    for form in (
        {"grant_type": "refresh_token", "refresh_token": device_code},
        {
            "grant_type": "authorization_code",
            "code": device_code,
            "redirect_uri": "https://app.example.test/callback",
            "code_verifier": "v" * 43,
        },
    ):
        with pytest.raises(InvalidGrant):
            await grants.exchange(credentials, form)
    with pytest.raises(InvalidRequest):
        await grants.exchange(credentials, {"grant_type": DEVICE_CODE})
    answer = await grants.poll(credentials, device_code)
    for secret in (answer.access_token, answer.refresh_token or Secret("")):
        with pytest.raises(InvalidGrant):
            await grants.poll(credentials, secret.reveal())


@pytest.mark.parametrize("lost", ["user", "session", "client", "grant"])
async def test_approved_device_gets_nothing_once_something_behind_it_is_gone(place: Place, lost: str) -> None:
    """N18, N19."""
    grants = Grants(place)
    client, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)
    user, session = await grants.signed_in()
    await grants.approve(user_code, session)
    async with grants.ctx() as ctx:
        if lost == "user":
            await grants.services.users.set_state(ctx, user.id, "disabled")
        elif lost == "session":
            await grants.services.sessions.end(ctx, session.id)
        elif lost == "client":
            await grants.services.clients.disable(ctx, client.client_id)
    if lost == "grant":
        _, credentials = await grants.client(WEB)
    expected = {"client": InvalidClient, "grant": UnauthorizedClient}.get(lost, InvalidGrant)
    with pytest.raises(expected):
        await grants.poll(credentials, device_code)


async def test_ending_the_approving_session_ends_the_devices_tokens(place: Place) -> None:
    """N19: access tokens and the family behind them."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)
    _, session = await grants.signed_in()
    await grants.approve(user_code, session)
    answer = await grants.poll(credentials, device_code)
    async with grants.ctx() as ctx:
        await grants.services.sessions.end(ctx, session.id)
    with pytest.raises(Unauthenticated):
        await grants.verify(answer.access_token)
    assert answer.refresh_token is not None
    with pytest.raises(InvalidGrant):
        form = {"grant_type": "refresh_token", "refresh_token": answer.refresh_token.reveal()}
        await grants.exchange(credentials, form)


async def test_what_others_applications_may_is_remembered_and_taken_back(place: Place) -> None:
    """N18, N19: approval on the page is consent; with it go the device's tokens, refreshable or not."""
    grants = Grants(place)
    for kinds in (TELEVISION.grants, frozenset({DEVICE_CODE})):
        draft = replace(TELEVISION, grants=kinds, settings=ClientSettings(party="third"))
        client, credentials = await grants.client(draft)
        device_code, user_code = await grants.waiting(credentials, scope="notes:read")
        user, session = await grants.signed_in()
        await grants.approve(user_code, session)
        async with grants.ctx() as ctx:
            (consent,) = await grants.services.consents.list(ctx, user.id)
        assert (consent.client_id, consent.scopes) == (client.client_id, {"notes:read"})
        answer = await grants.poll(credentials, device_code)
        assert await grants.verify(answer.access_token)
        unfetched, user_code = await grants.waiting(credentials, scope="notes:read")
        await grants.approve(user_code, session)
        async with grants.ctx() as ctx:
            await grants.services.consents.revoke(ctx, user.id, client.client_id)
        with pytest.raises(Unauthenticated):
            await grants.verify(answer.access_token)
        with pytest.raises(InvalidGrant):
            await grants.poll(credentials, unfetched)


async def test_client_hears_of_the_end_of_the_session_that_approved(place: Place) -> None:
    """OpenID Connect Back-Channel Logout 1.0 §2.1."""
    grants = Grants(place)
    settings = ClientSettings(backchannel_logout_uri="https://tv.example.test/logout")
    client, credentials = await grants.client(replace(TELEVISION, settings=settings))
    _, user_code = await grants.waiting(credentials)
    _, session = await grants.signed_in()
    await grants.approve(user_code, session)
    async with grants.ctx() as ctx:
        assert await grants.services.participants.of(ctx, session.id) == [client]
