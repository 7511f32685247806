"""JWT bearer: what a client signs about itself, or about a user where it may, once and for a short while."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from airside.core.clock import epoch
from airside.core.errors import Unauthenticated
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth import Client, Credentials
from airside.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, UnauthorizedClient
from airside.oauth.model import JWT_BEARER
from airside.protocols.jose import SigningKey, sign_jwt
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import TokenResponse
from tests.oauth.grants_kit import HERE, KEY, NOW, Grants, batch, persistently, word
from tests.oauth.provider import SERVICE
from tests.running import Place

STRANGER = SigningKey("k-1", "ES256", generate("ES256"))


class Desk(Grants):
    """A tenant at which clients bring assertions."""

    def claims(self, client: Client, **changes: Json) -> dict[str, Json]:
        """A lawful assertion, changed; None takes a claim away."""
        now = epoch(self.services.clock.now())
        given: dict[str, Json] = {
            "iss": client.word,
            "sub": client.word,
            "aud": self.place.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": self.services.entropy.bytes(16).hex(),
        }
        return {name: value for name, value in (given | changes).items() if value is not None}

    async def bring(
        self,
        credentials: Credentials,
        claims: Mapping[str, Json],
        *,
        key: SigningKey = KEY,
        typ: str = "JWT",
        later: timedelta = NOW,
        origin: Origin = HERE,
        **more: str,
    ) -> TokenResponse:
        """What a signed assertion gives."""
        form = {"grant_type": JWT_BEARER, "assertion": sign_jwt(key, claims, typ=typ)} | more
        return await self.exchange(credentials, form, later=later, origin=origin)


@pytest.fixture
def desk(place: Place) -> Desk:
    return Desk(place)


async def test_client_speaks_for_itself(desk: Desk) -> None:
    """RFC 7523 §2.1, §3: no session, no assurance, nothing to refresh, and none of the scopes of people."""
    client, credentials = await desk.client(batch())
    answer = await desk.bring(credentials, desk.claims(client))
    assert (answer.refresh_token, answer.id_token) == (None, None)
    token = await desk.verify(answer.access_token)
    assert (token.subject, token.client_id) == (client.word, client.word)
    assert token.scope == {"notes:read", "notes:write"}
    assert (token.session_id, token.family_id, token.acr, token.auth_time, token.roles) == (None, None, None, None, ())
    answer = await desk.bring(credentials, desk.claims(client, aud=[desk.place.issuer]), scope="notes:read")
    assert answer.scope == {"notes:read"}


async def test_client_speaks_for_a_user_where_it_may(desk: Desk) -> None:
    """RFC 7523 §3: the subject is a user of the tenant; nobody has proven to be them."""
    client, credentials = await desk.client(batch("users"))
    user = await desk.place.user("member")
    answer = await desk.bring(credentials, desk.claims(client, sub=word(user)))
    token = await desk.verify(answer.access_token)
    assert (token.subject, token.client_id, token.roles) == (word(user), client.word, ("member",))
    assert (token.session_id, token.family_id, token.acr, token.auth_time) == (None, None, None, None)
    for somebody in ("usr_00000000000000000000000009", "cli_00000000000000000000000009", user.email, "", "x" * 200):
        with pytest.raises(InvalidGrant):
            await desk.bring(credentials, desk.claims(client, sub=somebody))


async def test_client_that_may_not_speaks_for_no_user(desk: Desk) -> None:
    """N21: off unless an administrator turned it on."""
    client, credentials = await desk.client(batch())
    user = await desk.user()
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, sub=word(user)))


async def test_user_of_another_tenant_is_nobody(desk: Desk) -> None:
    """N20."""
    client, credentials = await desk.client(batch("users"))
    user = await Desk(await desk.place.server.tenant()).user()
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, sub=word(user)))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "cli_00000000000000000000000009"},
        {"sub": None},
        {"aud": None},
        {"aud": "https://evil.test"},
        {"aud": []},
        {"aud": ["https://evil.test"]},
        {"exp": None},
        {"exp": 0},
        {"exp": True},
        {"exp": "9999999999"},
        {"exp": 9_999_999_999},
        {"exp": 1e300},
        {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999},
        {"nbf": "x"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
    ],
)
async def test_assertion_that_isnt_by_this_client_for_us_and_now_is_refused(
    desk: Desk, changes: dict[str, Json]
) -> None:
    """RFC 7523 §3; N04, N05."""
    client, credentials = await desk.client(batch("users"))
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, **changes))


async def test_assertion_for_others_as_well_is_refused(desk: Desk) -> None:
    """N05: they could bring it here."""
    client, credentials = await desk.client(batch())
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, aud=[desk.place.issuer, "https://other.test"]))


async def test_assertion_is_in_force_for_five_minutes_at_most(desk: Desk) -> None:
    """RFC 7523 §3, 4: an assertion far ahead of its end is one that somebody can keep."""
    client, credentials = await desk.client(batch())
    now = epoch(desk.services.clock.now())
    assert await desk.bring(credentials, desk.claims(client, exp=now + 295))
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, exp=now + 320))
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client), later=timedelta(seconds=70))


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "secevent+jwt"])
async def test_jwt_of_another_kind_is_no_assertion(desk: Desk, typ: str) -> None:
    """N06; RFC 8725 §3.11."""
    client, credentials = await desk.client(batch())
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client), typ=typ)


async def test_key_of_somebody_else_proves_nothing(desk: Desk) -> None:
    """N01, N02, N07: a stranger's key of the same name, another client's, the tenant's own, another algorithm."""
    client, credentials = await desk.client(batch())
    other = SigningKey("k-2", "ES256", generate("ES256"))
    await desk.client(batch("self", other))
    async with desk.ctx() as ctx:
        tenants = await desk.services.keys.signer(ctx)
    rsa = SigningKey("k-1", "RS256", generate("RS256"))
    for key in (STRANGER, other, tenants, rsa):
        with pytest.raises(InvalidGrant):
            await desk.bring(credentials, desk.claims(client), key=key)


async def test_corrupted_truncated_and_oversized_assertions_are_refused(desk: Desk) -> None:
    """N27, N38."""
    client, credentials = await desk.client(batch())
    text = sign_jwt(KEY, desk.claims(client), typ="JWT")
    head, body, tail = text.split(".")
    for wrong in (
        text[:-1],
        f"{head}.{body}.",
        f"{head}.{body}.{tail[:-4]}AAAA",
        f"{head}..{tail}",
        "." * 999,
        "x" * 20_000,
    ):
        with pytest.raises(InvalidGrant):
            await desk.exchange(credentials, {"grant_type": JWT_BEARER, "assertion": wrong})
    with pytest.raises(InvalidRequest):
        await desk.exchange(credentials, {"grant_type": JWT_BEARER})
    assert await desk.exchange(credentials, {"grant_type": JWT_BEARER, "assertion": text})


@pytest.mark.parametrize("subject", ["itself", "a user"])
async def test_fifty_uses_at_once_give_one_answer(desk: Desk, subject: str) -> None:
    """RFC 7523 §3, 7: `jti` is spent by one statement."""
    client, credentials = await desk.client(batch("users"))
    about = client.word if subject == "itself" else word(await desk.user())
    claims = desk.claims(client, sub=about)
    uses = (
        persistently(partial(desk.bring, credentials, claims, origin=Origin(f"192.0.2.{number}", "test")))
        for number in range(50)
    )
    answers = await asyncio.gather(*uses)
    assert sum(isinstance(answer, TokenResponse) for answer in answers) == 1
    assert sum(isinstance(answer, InvalidGrant) for answer in answers) == 49


async def test_two_clients_may_number_alike(desk: Desk) -> None:
    one, ones = await desk.client(batch())
    two, twos = await desk.client(batch())
    assert await desk.bring(ones, desk.claims(one, jti="1"))
    assert await desk.bring(twos, desk.claims(two, jti="1"))


async def test_too_wide_a_scope_spends_nothing(desk: Desk) -> None:
    client, credentials = await desk.client(batch())
    claims = desk.claims(client)
    for scope in ("notes:delete", "openid"):
        with pytest.raises(InvalidScope):
            await desk.bring(credentials, claims, scope=scope)
    assert await desk.bring(credentials, claims)


async def test_secret_is_needed_beside_the_assertion(desk: Desk) -> None:
    """RFC 7521 §4.1 leaves it to us: it is demanded, for an assertion alone may be anybody's find."""
    client, credentials = await desk.client(batch())
    with pytest.raises(InvalidClient):
        await desk.bring(replace(credentials, secret=Secret("wrong")), desk.claims(client))


async def test_client_without_the_grant_is_refused(desk: Desk) -> None:
    client, credentials = await desk.client(SERVICE)
    with pytest.raises(UnauthorizedClient):
        await desk.bring(credentials, desk.claims(client))


async def test_disabled_user_is_spoken_for_by_nobody(desk: Desk) -> None:
    """N18, N19: nor do tokens from before live on."""
    client, credentials = await desk.client(batch("users"))
    user = await desk.user()
    answer = await desk.bring(credentials, desk.claims(client, sub=word(user)))
    async with desk.ctx() as ctx:
        await desk.services.users.set_state(ctx, user.id, "disabled")
        await desk.services.sessions.end_all(ctx, user.id)
    with pytest.raises(InvalidGrant):
        await desk.bring(credentials, desk.claims(client, sub=word(user)))
    with pytest.raises(Unauthenticated):
        await desk.verify(answer.access_token)


async def test_disabled_client_speaks_for_nobody(desk: Desk) -> None:
    """N18."""
    client, credentials = await desk.client(batch("users"))
    await desk.disable(client)
    with pytest.raises(InvalidClient):
        await desk.bring(credentials, desk.claims(client))
