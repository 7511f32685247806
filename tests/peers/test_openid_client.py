"""openid-client for JavaScript, as an application with a secret and as one without."""

from tests.peers.application import steps_of
from tests.peers.clients import WEB, told_of
from tests.peers.conftest import FindNode
from tests.running import Place
from tests.trips.visitor import CALLBACK, NATIVE

NAME = "openid-client"


async def test_application_with_a_secret_signs_in_refreshes_introspects_and_revokes(
    place: Place, node: FindNode
) -> None:
    program, folder = node(NAME)
    steps = "discovery login refresh introspection revocation credentials"
    told = await told_of(place, WEB)
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)


async def test_native_application_signs_in_and_refreshes(place: Place, node: FindNode) -> None:
    """RFC 8252 §7.3: its callback is on the loopback interface, at a port of its choice."""
    program, folder = node(NAME)
    told = {**await told_of(place, NATIVE), "PEER_CALLBACK": CALLBACK}
    steps = "login refresh"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)
