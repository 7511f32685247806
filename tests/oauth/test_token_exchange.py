"""Token exchange: for the same subject, never for more, never for longer, and it says who acts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from airside.core.errors import Unauthenticated
from airside.core.ids import FAMILY, SESSION, format_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth import ClientSettings
from airside.oauth.errors import InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient
from airside.oauth.grants.token_exchange import ACCESS_TOKEN
from airside.oauth.model import TOKEN_EXCHANGE
from airside.protocols.jose import peek_claims, sign_jwt
from airside.tokens import Confirmation
from tests.oauth.exchange_kit import BACKEND, GATEWAY, IMPERSONATOR, JWT, OTHER, World, gateway
from tests.oauth.grants_kit import API, word
from tests.oauth.provider import SERVICE
from tests.running import Place


@pytest.fixture
def world(place: Place) -> World:
    return World(place)


async def test_service_gets_a_token_that_says_for_whom_and_who_acts(world: World) -> None:
    """RFC 8693 §2.2.1, §4.1: delegation. The session, the family and how strongly it was proven are those of before."""
    client, credentials = await gateway(world)
    held, token = await world.token()
    answer = await world.swap(credentials, token, audience=BACKEND)
    assert (answer.issued_token_type, answer.token_type) == (ACCESS_TOKEN, "Bearer")
    assert (answer.refresh_token, answer.id_token) == (None, None)
    assert answer.scope == {"notes:read"}
    found = await world.verify(answer.access_token, audience=BACKEND)
    assert (found.subject, found.client_id, found.audience) == (held.subject, client.word, (BACKEND,))
    assert found.actors == (client.word,)
    assert peek_claims(answer.access_token.reveal())["act"] == {"sub": client.word}
    assert (found.acr, found.amr, found.session_id, found.family_id) == (
        "aal1",
        ("pwd",),
        held.session_id,
        held.family_id,
    )
    assert held.auth_time is not None
    assert found.auth_time == int(held.auth_time.timestamp())


async def test_it_names_no_audience_it_hasnt_and_no_scope_that_one_of_both_lacks(world: World) -> None:
    """RFC 8693 §2.1, §2.2.2: `invalid_target`, `invalid_scope`; N21."""
    _, credentials = await gateway(world)
    _, token = await world.token()
    with pytest.raises(InvalidTarget):
        await world.swap(credentials, token, audience=OTHER)
    with pytest.raises(InvalidTarget):
        await world.swap(credentials, token, resource=OTHER)
    for scope in ("notes:write", "backend:call", "notes:read backend:call", "openid"):
        with pytest.raises(InvalidScope):
            await world.swap(credentials, token, scope=scope)
    _, other = await world.token(scope=frozenset({"notes:write"}))
    with pytest.raises(InvalidScope):
        await world.swap(credentials, other)
    answer = await world.swap(credentials, token, scope="notes:read", resource=API)
    assert answer.scope == {"notes:read"}
    assert (await world.verify(answer.access_token)).audience == (API,)


async def test_it_ends_when_the_other_would_have_ended(world: World) -> None:
    """RFC 8693 §2.2.1; N05: no chain of exchanges outlives its first token."""
    _, credentials = await gateway(world)
    _, token = await world.token()
    ends = (await world.verify(token)).expires_at
    later = timedelta(minutes=10)
    answer = await world.swap(credentials, token, later=later)
    assert 0 < answer.expires_in <= 300
    assert (await world.verify(answer.access_token, later=later)).expires_at == ends
    again = await world.swap(credentials, answer.access_token, later=later)
    assert (await world.verify(again.access_token, later=later)).expires_at == ends
    for over in (timedelta(minutes=15, seconds=1), timedelta(minutes=16)):
        with pytest.raises(InvalidRequest):
            await world.swap(credentials, token, later=over)


async def test_roles_are_those_of_now_and_no_new_ones(world: World) -> None:
    """N19, N21: a role that was taken away is gone, one that was given since isn't there."""
    _, credentials = await gateway(world)
    user = await world.place.user("member")
    _, token = await world.token(subject=word(user), session_id=None, auth_time=None)
    answer = await world.swap(credentials, token)
    assert (await world.verify(answer.access_token)).roles == ("member",)
    _, token = await world.token(subject=word(user), session_id=None, auth_time=None, roles=())
    answer = await world.swap(credentials, token)
    assert (await world.verify(answer.access_token)).roles == ()


async def test_impersonation_is_for_those_who_may(world: World) -> None:
    """RFC 8693 §1.1: without `act` only where an administrator allowed it; who acted before stays named."""
    _, credentials = await gateway(world, IMPERSONATOR)
    _, token = await world.token()
    answer = await world.swap(credentials, token)
    assert "act" not in peek_claims(answer.access_token.reveal())
    _, acted = await world.token(actors=("cli_00000000000000000000000007",))
    answer = await world.swap(credentials, acted)
    assert (await world.verify(answer.access_token)).actors == ("cli_00000000000000000000000007",)


async def test_chain_of_actors_is_nested_and_bounded(world: World) -> None:
    """RFC 8693 §4.1: who acts now stands outside; the chain has an end."""
    first, credentials = await gateway(world)
    second, others = await gateway(world)
    _, token = await world.token()
    answer = await world.swap(credentials, token)
    answer = await world.swap(others, answer.access_token)
    assert peek_claims(answer.access_token.reveal())["act"] == {"sub": second.word, "act": {"sub": first.word}}
    for turn in (credentials, others):
        answer = await world.swap(turn, answer.access_token)
    assert len((await world.verify(answer.access_token)).actors) == 4
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, answer.access_token)


async def test_chain_ends_with_whoever_acts_in_it(world: World) -> None:
    """N18, N19: a service in the middle is disabled, and what others have by it ends within the second."""
    first, credentials = await gateway(world)
    _, others = await gateway(world)
    _, token = await world.token()
    answer = await world.swap(others, (await world.swap(credentials, token)).access_token)
    assert await world.verify(answer.access_token)
    await world.disable(first)
    with pytest.raises(Unauthenticated):
        await world.verify(answer.access_token)


async def test_actor_token_names_somebody_else_who_acts(world: World) -> None:
    """RFC 8693 §2.1: it has to be the client's own, in force, and of somebody for whom nobody else acts."""
    client, credentials = await gateway(world)
    _, thief = await gateway(world)
    held, token = await world.token()
    agent, mine = await world.token(client_id=client.word)
    answer = await world.swap(credentials, token, actor_token=mine.reveal(), actor_token_type=JWT)
    found = await world.verify(answer.access_token)
    assert (found.subject, found.actors) == (held.subject, (agent.subject,))
    own = await world.own(credentials)
    answer = await world.swap(credentials, token, actor_token=own.reveal(), actor_token_type=ACCESS_TOKEN)
    assert (await world.verify(answer.access_token)).actors == (client.word,)
    for stolen in (own, mine, token, answer.access_token):
        with pytest.raises(InvalidRequest):
            await world.swap(thief, token, actor_token=stolen.reveal(), actor_token_type=ACCESS_TOKEN)
    acted = await world.swap(credentials, token)
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, token, actor_token=acted.access_token.reveal(), actor_token_type=ACCESS_TOKEN)


async def test_may_act_is_honoured(world: World) -> None:
    """RFC 8693 §4.4: nobody but the one it names acts, not even by impersonation; unclear, it refuses."""
    client, credentials = await gateway(world)
    _, impersonator = await gateway(world, IMPERSONATOR)
    allowed = await world.signed(may_act={"sub": client.word})
    answer = await world.swap(credentials, allowed)
    assert (await world.verify(answer.access_token)).actors == (client.word,)
    with pytest.raises(InvalidRequest):
        await world.swap(impersonator, allowed)
    unclear: list[Json] = [{}, {"sub": client.word, "iss": "https://x.test"}, client.word, [], {"sub": 1}, None]
    for may_act in unclear:
        with pytest.raises(InvalidRequest):
            await world.swap(credentials, await world.signed(may_act=may_act))


@pytest.mark.parametrize(
    "act",
    [
        {},
        "cli_x",
        [],
        {"sub": ""},
        {"sub": 1},
        {"act": {"sub": "cli_x"}},
        {"sub": "cli_x", "iss": "https://x.test"},
        {"sub": "a", "act": {"sub": "b", "act": {"sub": "c", "act": {"sub": "d", "act": {"sub": "e"}}}}},
    ],
)
async def test_chain_that_isnt_understood_refuses_the_token(world: World, act: Json) -> None:
    """N04: everywhere, not only here."""
    _, credentials = await gateway(world)
    token = await world.signed(act=act)
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, token)
    with pytest.raises(Unauthenticated):
        await world.verify(token)


async def test_token_that_has_nothing_to_do_with_the_client_is_refused(world: World) -> None:
    """N05, N07: meant for others and issued to others."""
    client, credentials = await gateway(world)
    _, token = await world.token(audience=(OTHER,))
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, token)
    _, own = await world.token(audience=(OTHER,), client_id=client.word)
    answer = await world.swap(credentials, own)
    assert answer.scope == {"notes:read"}


async def test_what_isnt_an_access_token_of_this_tenant_is_refused(world: World) -> None:
    """N01, N05, N06, N20: another tenant's, an ID token, a refresh token, an assertion, no token."""
    _, credentials = await gateway(world)
    _, token = await world.token()
    other = World(await world.place.server.tenant())
    _, foreign = await other.token()
    text = token.reveal()
    head, body, tail = text.split(".")
    async with world.ctx() as ctx:
        signer = await world.services.keys.signer(ctx)
    claims = peek_claims(text)
    wrong = [
        foreign.reveal(),
        sign_jwt(signer, claims, typ="JWT"),
        sign_jwt(signer, claims, typ="logout+jwt"),
        sign_jwt(signer, {**claims, "iss": "https://evil.test"}, typ="at+jwt"),
        f"{head}.{body}.",
        f"{head}.{body}.{tail[:-4]}AAAA",
        text[:-1],
        text + "x" * 20_000,
        "art_" + "A" * 43,
        "nothing",
        "a.b.c",
    ]
    for presented in wrong:
        with pytest.raises(InvalidRequest):
            await world.swap(credentials, Secret(presented))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": ""},
        {"subject_token_type": ""},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"actor_token": "x"},
        {"actor_token_type": ACCESS_TOKEN},
    ],
)
async def test_what_isnt_spoken_is_refused(world: World, changes: dict[str, str]) -> None:
    """RFC 8693 §2.1, §3: access tokens for access tokens; a token and its type come together."""
    _, credentials = await gateway(world)
    _, token = await world.token()
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token.reveal(),
        "subject_token_type": ACCESS_TOKEN,
        "requested_token_type": JWT,
    }
    assert (await world.exchange(credentials, form)).issued_token_type == ACCESS_TOKEN
    changed = {name: value for name, value in (form | changes).items() if value}
    with pytest.raises(InvalidRequest):
        await world.exchange(credentials, changed)


async def test_bound_token_is_exchanged_by_nobody_who_doesnt_hold_its_key(world: World) -> None:
    """RFC 9449 §6, RFC 8705 §3: whoever has stolen it makes no bearer token of it."""
    client, credentials = await gateway(world)
    _, token = await world.token()
    for bound in (Confirmation(jkt="k" * 43), Confirmation(x5t_s256="c" * 43)):
        _, stolen = await world.token(confirmation=bound)
        with pytest.raises(InvalidRequest):
            await world.swap(credentials, stolen)
        _, actor = await world.token(confirmation=bound, client_id=client.word)
        with pytest.raises(InvalidRequest):
            await world.swap(credentials, token, actor_token=actor.reveal(), actor_token_type=ACCESS_TOKEN)


async def test_client_without_the_grant_is_refused(world: World) -> None:
    _, credentials = await world.client(SERVICE)
    _, token = await world.token()
    with pytest.raises(UnauthorizedClient):
        await world.swap(credentials, token)


async def test_clients_own_token_is_exchanged_for_less_of_it(world: World) -> None:
    """A service narrows what it has; nobody acts for it but itself."""
    client, credentials = await gateway(world)
    answer = await world.swap(credentials, await world.own(credentials), scope="backend:call", audience=BACKEND)
    found = await world.verify(answer.access_token, audience=BACKEND)
    assert (found.subject, found.actors, found.scope, found.roles) == (client.word, (), {"backend:call"}, ())


async def test_clients_token_is_exchanged_by_nobody_else(world: World) -> None:
    """N21: where `sub` isn't `client_id` it is a person's (RFC 9068 §2.2), and any person may be allowed more."""
    _, credentials = await gateway(world)
    _, others = await gateway(world)
    with pytest.raises(InvalidRequest):
        await world.swap(others, await world.own(credentials))


@pytest.mark.parametrize("lost", ["user", "session", "actor"])
async def test_nothing_is_given_for_what_is_gone(world: World, lost: str) -> None:
    """N18, N19: behind the token brought, or behind the actor's."""
    client, credentials = await gateway(world)
    user, session = await world.signed_in()
    about: dict[str, Any] = {
        "subject": word(user),
        "session_id": format_id(SESSION, session.id),
        "auth_time": session.auth_time,
    }
    _, token = await world.token(**about)
    _, whole = await world.token()
    _, acting = await world.token(client_id=client.word, **about)
    async with world.ctx() as ctx:
        if lost in ("user", "actor"):
            await world.services.users.set_state(ctx, user.id, "disabled")
        else:
            await world.services.sessions.end(ctx, session.id)
    with pytest.raises(InvalidRequest):
        if lost == "actor":
            await world.swap(credentials, whole, actor_token=acting.reveal(), actor_token_type=ACCESS_TOKEN)
        else:
            await world.swap(credentials, token)
    assert await world.swap(credentials, whole)


async def test_others_application_exchanges_nobodys_token_who_hasnt_allowed_it(world: World) -> None:
    """N18, N21: and no more of it than they allowed; taken back, it is nothing again."""
    client, credentials = await gateway(world, replace(GATEWAY, settings=ClientSettings(party="third")))
    user, session = await world.signed_in()
    about: dict[str, Any] = {"subject": word(user), "session_id": format_id(SESSION, session.id)}
    _, token = await world.token(auth_time=session.auth_time, **about)
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, token)
    async with world.ctx() as ctx:
        await world.services.consents.remember(ctx, client, user.id, frozenset({"notes:read"}))
    assert (await world.swap(credentials, token)).scope == {"notes:read"}
    async with world.ctx() as ctx:
        await world.services.consents.revoke(ctx, user.id, client.client_id)
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, token)


@pytest.mark.parametrize("ended", ["session", "family", "subject", "client"])
async def test_exchanged_token_ends_with_what_it_came_from(world: World, ended: str) -> None:
    """N19: within the second, wherever it is presented."""
    client, credentials = await gateway(world)
    user, session = await world.signed_in()
    family_id = UUID(bytes=world.services.entropy.bytes(16))
    _, token = await world.token(
        subject=word(user),
        session_id=format_id(SESSION, session.id),
        auth_time=session.auth_time,
        family_id=format_id(FAMILY, family_id),
    )
    answer = await world.swap(credentials, token)
    assert await world.verify(answer.access_token)
    async with world.ctx() as ctx:
        if ended == "session":
            await world.services.sessions.end(ctx, session.id)
        elif ended == "family":
            await world.services.families.revoke(ctx, family_id, "test")
        elif ended == "subject":
            await world.services.sessions.end_all(ctx, user.id)
        else:
            await world.services.clients.disable(ctx, client.client_id)
    with pytest.raises(Unauthenticated):
        await world.verify(answer.access_token)
