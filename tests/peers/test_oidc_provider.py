"""npm's oidc-provider as a tenant's identity provider, in a real browser."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from playwright.async_api import Browser, Page

from airside.federation import OidcSettings
from tests.peers.conftest import Federating, FindNode
from tests.peers.federated import Joined, arrived, joined, leave, profile, signed_in
from tests.peers.oidc_provider import oidc_provider
from tests.peers.people import PEOPLE

CLIENT, SECRET = "airside", "a-secret-of-enough-length-for-a-client-0123456789"
GRACE = PEOPLE["grace"]
LOOKS, PAUSE = 100, 0.1

# What the provider is told of us beside the callback, and what the connection is told.
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "secret in the header": ({}, {}),
    "secret in the form": (
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_post"},
    ),
    "own key": ({"token_endpoint_auth_method": "private_key_jwt"}, {"token_endpoint_auth_method": "private_key_jwt"}),
    "form post": ({}, {"response_mode": "form_post"}),
}


@cache
def signing_key(name: str) -> dict[str, Any]:
    """A private key for RS256."""
    key = RSAKey.generate_key(2048, private=True)
    return {**key.as_dict(private=True), "kid": name, "use": "sig", "alg": "RS256"}


async def connected(federating: Federating, port: int | None = None, **settings: Any) -> Joined:
    """A tenant whose provider is at `port`, which is the first unless told."""
    secret = None if settings.get("token_endpoint_auth_method") == "private_key_jwt" else SECRET
    issuer = f"https://127.0.0.1:{port or federating.ports[0]}"
    return await joined(federating.server, OidcSettings(issuer=issuer, client_id=CLIENT, **settings), secret)


def client(here: Joined, **told: Any) -> dict[str, Any]:
    """What the provider is told of us."""
    keyed = told.get("token_endpoint_auth_method") == "private_key_jwt"
    return {
        "client_id": CLIENT,
        **({"jwks_uri": f"{here.address}/jwks"} if keyed else {"client_secret": SECRET}),
        "redirect_uris": [f"{here.address}/callback"],
        "backchannel_logout_uri": f"{here.address}/backchannel",
        "backchannel_logout_session_required": True,
        **told,
    }


async def prove(page: Page, name: str) -> None:
    """Its pages: who somebody is, and that we may know it."""
    await page.fill("input[name=login]", name)
    await page.fill("input[name=password]", PEOPLE[name].password)
    await page.click("button[type=submit]")
    await page.click("button[type=submit]")


@pytest.mark.parametrize("way", list(WAYS))
async def test_person_signs_in(
    federating: Federating, node: FindNode, chromium: Browser, tmp_path: Path, way: str
) -> None:
    """OpenID Connect Core §3.1, §9; RFC 7636; RFC 9207; Form Post Response Mode §2."""
    told, settings = WAYS[way]
    here = await connected(federating, **settings)
    peer = oidc_provider(
        federating.server,
        node,
        tmp_path,
        port=federating.ports[0],
        keys=[signing_key("one")],
        clients=[client(here, **told)],
    )
    async with peer, profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        assert GRACE.email in await arrived(page, here)
    assert await here.known(GRACE.email) is not None


async def test_next_key_is_taken_when_its_turn_comes(
    federating: Federating, node: FindNode, chromium: Browser, tmp_path: Path
) -> None:
    """OpenID Connect Core §10.1.1: rotation of keys. Of those that a provider publishes it may sign with any."""
    port = federating.ports[1]
    here = await connected(federating, port=port)
    keys = [signing_key("one"), signing_key("two")]
    for order in (keys, keys[::-1]):
        peer = oidc_provider(
            federating.server,
            node,
            tmp_path,
            port=port,
            keys=order,
            clients=[client(here)],
        )
        async with peer, profile(chromium) as page:
            await leave(page, here)
            await prove(page, "grace")
            assert GRACE.email in await arrived(page, here)


async def test_sign_out_there_ends_the_session_here(
    federating: Federating, node: FindNode, chromium: Browser, tmp_path: Path
) -> None:
    """Back-Channel Logout 1.0 §2; N19."""
    here = await connected(federating)
    peer = oidc_provider(
        federating.server,
        node,
        tmp_path,
        port=federating.ports[0],
        keys=[signing_key("one")],
        clients=[client(here)],
    )
    async with peer as issuer, profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        await arrived(page, here)
        assert await signed_in(page, here)
        await page.goto(f"{issuer}/session/end")
        await page.click("button[name=logout]")
        for _ in range(LOOKS):
            if not await signed_in(page, here):
                break
            await asyncio.sleep(PAUSE)
        assert not await signed_in(page, here)
