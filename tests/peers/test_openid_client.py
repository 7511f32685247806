"""openid-client for JavaScript, as an application with a secret and as one without."""

from dataclasses import replace

from airside.oauth.settings import ClientSettings
from tests.peers.application import steps_of
from tests.peers.clients import AFTER_LOGOUT, WEB, told_of, with_key
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


async def test_application_that_pushes_its_requests_gets_tokens_bound_to_its_key(place: Place, node: FindNode) -> None:
    """RFC 9126 §2, RFC 9449 §5: also userinfo is told to that key alone (§7)."""
    program, folder = node(NAME)
    told = await told_of(place, WEB)
    steps = "pushed bound boundUserinfo"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)


async def test_application_proves_itself_by_its_own_key_and_signs_its_request(place: Place, node: FindNode) -> None:
    """RFC 7523 §2.2, RFC 9101 §4."""
    program, folder = node(NAME)
    draft, key = with_key(WEB)
    told = {**await told_of(place, draft), **key}
    steps = "login refresh signedRequest introspection revocation"
    await steps_of([program, "flow.mjs"], folder, steps, place=place, user=await place.user(), told=told)


async def test_userinfo_tells_what_the_scopes_are_for(place: Place, node: FindNode) -> None:
    """OpenID Connect Core §5.4."""
    program, folder = node(NAME)
    user = await place.user()
    draft = replace(WEB, scopes=WEB.scopes | {"email"})
    told = {**await told_of(place, draft), "PEER_EMAIL": user.email}
    await steps_of([program, "flow.mjs"], folder, "login userinfo", place=place, user=user, told=told)


async def test_application_signs_its_user_out_here_too(place: Place, node: FindNode) -> None:
    """RP-Initiated Logout 1.0 §2, §3."""
    program, folder = node(NAME)
    settings = ClientSettings(post_logout_redirect_uris=(AFTER_LOGOUT,))
    told = {**await told_of(place, replace(WEB, settings=settings)), "PEER_AFTER_LOGOUT": AFTER_LOGOUT}
    await steps_of([program, "flow.mjs"], folder, "login logout", place=place, user=await place.user(), told=told)
