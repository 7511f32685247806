"""oauth4webapi for JavaScript: an application that sends every request itself, and a resource server."""

from dataclasses import replace

from tests.peers.application import steps_of
from tests.peers.clients import WEB, told_of, with_key
from tests.peers.conftest import FindNode
from tests.running import Place
from tests.trips.visitor import CALLBACK, NATIVE

NAME = "oauth4webapi"


async def test_application_judges_every_answer_and_finds_no_fault(place: Place, node: FindNode) -> None:
    """RFC 9207 §2.4, RFC 9068 §4: the answer's issuer and the access token are checked by the one they are for."""
    program, folder = node(NAME)
    user = await place.user()
    draft = replace(WEB, scopes=WEB.scopes | {"email"})
    told = {**await told_of(place, draft), "PEER_EMAIL": user.email}
    steps = "discovery refusal mixUp login accessToken userinfo refresh introspection revocation credentials"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=user, told=told)


async def test_application_that_pushes_its_requests_gets_tokens_bound_to_its_key(place: Place, node: FindNode) -> None:
    """RFC 9126 §2, RFC 9449 §5, §7.1: a resource server finds the key in the token and the proof beside it."""
    program, folder = node(NAME)
    told = await told_of(place, WEB)
    steps = "pushed bound boundAccessToken"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)


async def test_refresh_token_of_a_native_application_is_of_use_with_its_key_alone(place: Place, node: FindNode) -> None:
    """RFC 9449 §5."""
    program, folder = node(NAME)
    told = {**await told_of(place, NATIVE), "PEER_CALLBACK": CALLBACK}
    steps = "bound boundElsewhere"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)


async def test_application_proves_itself_by_its_own_key_and_signs_its_request(place: Place, node: FindNode) -> None:
    """RFC 7523 §2.2, RFC 9101 §4."""
    program, folder = node(NAME)
    draft, key = with_key(WEB)
    told = {**await told_of(place, draft), **key}
    steps = "pushed refresh signedRequest introspection revocation credentials"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)
