"""scim2-tester and scim2-client, as a customer's directory."""

from tests.federation.scim.directory import directory
from tests.peers.application import steps_of
from tests.peers.conftest import FindPython
from tests.running import Place


async def test_every_check_of_the_tester_is_green(place: Place, python: FindPython) -> None:
    program, folder = python("scim")
    async with directory(place) as opened:
        told = {"PEER_TOKEN": opened.token}
        await steps_of([program, "flow.py"], folder, "client tester", place=place, told=told)
