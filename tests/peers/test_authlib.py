"""Authlib for Python, over requests."""

from dataclasses import replace

from tests.peers.application import steps_of
from tests.peers.clients import WEB, told_of
from tests.peers.conftest import FindPython
from tests.running import Place


async def test_application_signs_in_refreshes_introspects_and_revokes(place: Place, python: FindPython) -> None:
    program, folder = python("authlib")
    user = await place.user()
    draft = replace(WEB, scopes=WEB.scopes | {"email"})
    told = {**await told_of(place, draft), "PEER_EMAIL": user.email}
    steps = "login userinfo refresh introspection revocation credentials"
    await steps_of([program, "flow.py"], folder, steps, place=place, user=user, told=told)
