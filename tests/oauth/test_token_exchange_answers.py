"""What an exchange is asked for and answers, and what others are told of it."""

from dataclasses import replace

import pytest

from airside.oauth import ClientSettings
from airside.oauth.errors import InvalidRequest
from tests.oauth.exchange_kit import BACKEND, GATEWAY, JWT, World, gateway
from tests.oauth.grants_kit import API
from tests.running import Place


@pytest.fixture
def world(place: Place) -> World:
    return World(place)


async def test_audience_and_resource_name_targets_together(world: World) -> None:
    """RFC 8693 §2.1: neither takes the other's away."""
    _, credentials = await gateway(world)
    _, token = await world.token()
    answer = await world.swap(credentials, token, audience=BACKEND, resource=API)
    assert set((await world.verify(answer.access_token)).audience) == {API, BACKEND}


async def test_opaque_tokens_are_exchanged_and_given(world: World) -> None:
    """They stand for the same and end alike; a JWT is none of them."""
    settings = ClientSettings(access_token_format="opaque")
    client, credentials = await gateway(world, replace(GATEWAY, settings=settings))
    _, signed = await world.token()
    answer = await world.swap(credentials, signed)
    assert "." not in answer.access_token.reveal()
    assert (await world.verify(answer.access_token)).actors == (client.word,)
    again = await world.swap(credentials, answer.access_token, scope="notes:read")
    found = await world.verify(again.access_token)
    assert found.expires_at == (await world.verify(signed)).expires_at
    with pytest.raises(InvalidRequest):
        await world.swap(credentials, signed, requested_token_type=JWT)


async def test_introspection_says_who_acts(world: World) -> None:
    """RFC 8693 §4.1, §7: whoever asks the server instead of reading the token mustn't take it for the subject's own."""
    client, credentials = await gateway(world)
    _, token = await world.token()
    answer = await world.swap(credentials, token)
    async with world.ctx() as ctx:
        introspect = world.services.introspection_endpoint.introspect
        told = await introspect(ctx, world.place.issuer, credentials, {"token": answer.access_token.reveal()})
    assert (told["active"], told["act"]) == (True, {"sub": client.word})
