"""oauth4webapi for JavaScript: an application that sends every request itself, and a resource server."""

from tests.peers.application import steps_of
from tests.peers.clients import WEB, told_of
from tests.peers.conftest import FindNode
from tests.running import Place

NAME = "oauth4webapi"


async def test_application_judges_every_answer_and_finds_no_fault(place: Place, node: FindNode) -> None:
    """RFC 9207 §2.4, RFC 9068 §4: the answer's issuer and the access token are checked by the one they are for."""
    program, folder = node(NAME)
    told = await told_of(place, WEB)
    steps = "discovery refusal mixUp login accessToken refresh introspection revocation credentials"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)
