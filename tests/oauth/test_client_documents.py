"""Clients that are named by the address of their own metadata, on a real https server."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.ids import CLIENT, format_id
from airside.fetch import Fetched
from airside.limits import CLIENT_DOCUMENT_ORIGIN
from airside.oauth import (
    ClientLookup,
)
from airside.oauth.client_documents import FRESHNESS, MAX_BYTES, is_document_address
from airside.store import Engine
from airside.tokens import AccessGrant, TokenIssuer
from airside.vault import Vault
from tests.fetch.conftest import Server, Tls, answer, redirect
from tests.oauth.client_keys import jwk_of, jwks_of
from tests.oauth.documents import API, Site, admit, clients_server, site, site_of, tls
from tests.oauth.provider import ISSUER, Provider

__all__ = ["clients_server", "site", "tls"]


async def test_client_is_kept_as_a_third_party_under_its_address(site: Site) -> None:
    """§3 and §4: public, without management, for the tenant's audiences; the name in tokens is the address."""
    site.serve(scope="openid users:write", party="first", client_uri="https://fetch.example/")
    client = await site.find()
    assert client is not None
    assert (client.word, client.origin, client.public) == (site.address, "document", True)
    assert (client.settings.party, client.audiences, client.scopes) == ("third", (API,), {"openid"})
    assert client.secrets == ()
    async with site.provider.ctx() as ctx:
        assert [each.word for each in await site.provider.clients.list(ctx)] == [site.address]


async def test_client_has_one_name(site: Site) -> None:
    """N17: by the id of its row nobody finds it, nor by an address that is spelt in another way."""
    client = await site.find()
    assert client is not None
    lookup = ClientLookup(memory=site.provider.memory, documents=site.documents)
    async with site.provider.ctx() as ctx:
        assert await lookup.find(ctx, format_id(CLIENT, client.client_id)) is None
        assert await ClientLookup(memory=site.provider.memory).find(ctx, site.address) is None
        found = await lookup.find(ctx, site.address)
        assert found is not None
    async with site.provider.ctx() as ctx:
        used = await site.documents.find(ctx, site.address)
    assert used is not None
    assert used.used_at is not None


async def test_document_is_fetched_once_for_as_long_as_it_holds(site: Site) -> None:
    """RFC 9111 §5.2.2."""
    site.serve(None, "Cache-Control: public, max-age=600")
    for seconds in (0, 1, 599):
        assert await site.find(later=timedelta(seconds=seconds)) is not None
    assert len(site.server.requests) == 1
    site.serve(None, client_name="Renamed")
    renamed = await site.find(later=timedelta(seconds=601))
    assert renamed is not None
    assert (renamed.name, len(site.server.requests)) == ("Renamed", 2)


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        (None, FRESHNESS.usual),
        ("max-age=1800", timedelta(seconds=1800)),
        ('public, max-age="1800"', timedelta(seconds=1800)),
        ("max-age=0", FRESHNESS.shortest),
        ("no-store", FRESHNESS.shortest),
        ("max-age=9999, no-cache", FRESHNESS.shortest),
        ("max-age=999999999", FRESHNESS.longest),
        ("max-age=nonsense", FRESHNESS.usual),
        ("s-maxage=1", FRESHNESS.usual),
    ],
)
def test_lifetime_is_what_http_says_within_bounds(said: str | None, holds: timedelta) -> None:
    headers = {} if said is None else {"cache-control": said}
    assert FRESHNESS.of(Fetched(200, headers, b"")) == holds


@pytest.mark.parametrize(
    "address",
    [
        "http://fetch.example/client.json",
        "https://fetch.example",
        "https://fetch.example/",
        "https://fetch.example/client.json#x",
        "https://fetch.example/client.json?x=1",
        "https://user@fetch.example/client.json",
        "https://user:word@fetch.example/client.json",
        "https://fetch.example/a/../client.json",
        "https://fetch.example/./client.json",
        "https://fetch.example/%2e%2e/client.json",
        "https://FETCH.example/client.json",
        "https://fetch.example:443/client.json",
        "https://fetch.example\\@evil.example/client.json",
        "https://fetch.example/" + "x" * 256,
        "https:fetch.example/client.json",
        "cli_00000000000000000000000000",
        "",
    ],
)
def test_address_that_two_could_read_differently_is_none(address: str) -> None:
    """§2; N09, N28."""
    assert not is_document_address(address)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://evil.example/client.json"},
        {"client_id": None},
        {"client_secret": "chosen"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "fetch.example"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": []},
        {"redirect_uris": ["http://evil.example/", "https://*.example/"]},
        {"grant_types": ["client_credentials"]},
        {"jwks_uri": "https://169.254.169.254/keys"},
        {"software_statement": "eyJ"},
        {"padding": "x" * MAX_BYTES},
    ],
)
async def test_document_that_is_not_lawful_makes_no_client(site: Site, changes: dict[str, Any]) -> None:
    """§4 and §5: a document speaks for its own address alone (N17), and has no secret (N43)."""
    site.serve(**changes)
    assert await site.find() is None
    async with site.provider.ctx() as ctx:
        assert await site.provider.clients.list(ctx) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"client_id": "a", "client_id": "a"}'])
async def test_text_that_is_no_document_makes_no_client(site: Site, body: bytes) -> None:
    """N27: corrupted and truncated."""
    site.serve(body)
    assert await site.find() is None


async def test_answer_that_is_no_plain_document_makes_no_client(site: Site) -> None:
    """§5: another status, another kind, or elsewhere (N10)."""
    for number, said in enumerate((answer(b"{}", "404 Not Found"), redirect("/other"), answer(b"{}"))):
        site.server.answers[f"/{number}.json"] = said
        assert await site.find(f"https://{site.place}/{number}.json") is None


async def test_redirect_uris_that_we_do_not_take_are_left_out(site: Site) -> None:
    """N09."""
    site.serve(redirect_uris=["http://localhost/cb", "https://fetch.example/cb", "https://user@fetch.example/cb"])
    client = await site.find()
    assert client is not None
    assert client.redirect_uris == ("https://fetch.example/cb",)


async def test_client_may_prove_itself_by_its_keys(site: Site) -> None:
    """§6.2."""
    site.serve(token_endpoint_auth_method="private_key_jwt", jwks=jwks_of(jwk_of("ES256")))
    client = await site.find()
    assert client is not None
    assert (client.public, client.settings.token_endpoint_auth_method) == (False, "private_key_jwt")


async def test_host_that_the_tenant_does_not_name_is_never_asked(site: Site) -> None:
    """N28, N43: off by default; and taken off the list, its clients are nobody (N18)."""
    assert await site.find() is not None
    asked = site.server.connections
    assert await site.find(f"https://127.0.0.1:{site.server.port}/client.json") is None
    assert await site.find("https://fetch.example/client.json") is None
    await admit(site.provider)
    assert await site.find() is None
    assert site.server.connections == asked


async def test_private_address_is_never_asked(
    provider: Provider, clients_server: Server, tls: Tls, vault: Vault, engine: Engine
) -> None:
    """N28: though the tenant names the host."""
    async with site_of(provider, clients_server, tls, vault, engine, allow=False) as site:
        site.serve()
        assert await site.find() is None
        assert clients_server.connections == 0


async def test_address_that_led_nowhere_is_asked_once_for_a_while(site: Site) -> None:
    """N27: naming a client a hundred times is one fetch."""
    site.serve(b"{}")
    for _ in range(5):
        assert await site.find() is None
    assert len(site.server.requests) == 1


async def test_fetches_because_of_one_origin_are_limited(site: Site) -> None:
    """N28."""
    for number in range(CLIENT_DOCUMENT_ORIGIN.rate.count):
        site.server.answers[f"/{number}.json"] = answer(b"{}")
        assert await site.find(f"https://{site.place}/{number}.json", source="192.0.2.99") is None
    with pytest.raises(LimitExceeded):
        await site.find(f"https://{site.place}/more.json", source="192.0.2.99")


async def test_document_that_is_away_holds_for_a_day(site: Site) -> None:
    site.serve(None, "Cache-Control: max-age=300")
    assert await site.find() is not None
    site.serve(status="503 Service Unavailable")
    assert await site.find(later=timedelta(minutes=6)) is not None
    assert await site.find(later=timedelta(days=2)) is None


async def test_document_that_is_gone_ends_the_client(site: Site) -> None:
    """N18."""
    site.serve(None, "Cache-Control: max-age=300")
    assert await site.find() is not None
    site.serve(status="404 Not Found")
    assert await site.find(later=timedelta(minutes=6)) is None


async def test_changed_document_changes_the_client_and_ends_what_no_longer_fits(site: Site) -> None:
    """N19."""
    site.serve(None, "Cache-Control: max-age=300", scope="openid email")
    client = await site.find()
    assert client is not None
    provider = site.provider
    access = AccessGrant(client.word, client.word, client.audiences, frozenset({"email"}))
    async with provider.ctx() as ctx:
        token = await TokenIssuer(keys=provider.keys, entropy=provider.entropy).access_token(ctx, access, issuer=ISSUER)
    site.serve(None, scope="openid")
    after = await site.find(later=timedelta(minutes=6))
    assert after is not None
    assert after.scopes == {"openid"}
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, token.token.reveal(), issuer=ISSUER, audience=None)


async def test_disabled_client_stays_disabled_whatever_its_document_says(site: Site) -> None:
    """N18."""
    client = await site.find()
    assert client is not None
    async with site.provider.ctx() as ctx:
        await site.provider.clients.disable(ctx, client.client_id)
    found = await site.find(later=timedelta(days=3))
    assert found is not None
    assert found.state == "disabled"
    assert len(site.server.requests) == 1


async def test_many_first_uses_at_once_make_one_client(site: Site) -> None:
    """Several at once, one row."""
    found = await asyncio.gather(*(site.find(source=f"192.0.2.{number}") for number in range(12)))
    assert {client.client_id for client in found if client is not None} != set()
    assert len({client.client_id for client in found if client is not None}) == 1
    async with site.provider.ctx() as ctx:
        assert len(await site.provider.clients.list(ctx)) == 1
