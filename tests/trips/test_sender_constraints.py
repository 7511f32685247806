"""Bound tokens over HTTP: DPoP at every door of the server, and certificates on the second listener."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.oauth import Client, ClientDraft, ClientSettings
from airside.oauth.discovery import DIRECT
from airside.protocols.oauth import ASSERTION_TYPE
from airside.vault import Aead
from tests.makers import Database
from tests.running import Place, Running, running
from tests.senders import Certificate, Holder, Signer, certificate
from tests.trips.visitor import CALLBACK, FORM, NATIVE, VERIFIER, code_for, token_request, visitor

HOLDER = Holder()
PAGE = "/access/v1/evaluation"


def own(place: Place) -> ClientDraft:
    """A program that asks this tenant's own interfaces."""
    return ClientDraft(
        name="Program",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=(place.issuer,),
        scopes=frozenset({"revocations:read", "permissions:check"}),
    )


async def program(place: Place, draft: ClientDraft) -> tuple[Client, tuple[str, str]]:
    client, secret = await place.client(draft)
    return client, (client.word, "" if secret is None else secret.reveal())


async def ask(
    place: Place, form: dict[str, str], *, proof: str | None = None, auth: tuple[str, str] | None = None
) -> httpx2.Response:
    async with place.server.client() as http:
        headers = FORM if proof is None else {**FORM, "dpop": proof}
        return await http.post(
            f"{place.issuer}/oauth2/token",
            content=urlencode(form),
            headers=headers,
            auth=auth or httpx2.USE_CLIENT_DEFAULT,
        )


async def with_nonce(
    place: Place, form: dict[str, str], *, auth: tuple[str, str] | None = None, holder: Holder = HOLDER
) -> httpx2.Response:
    """As a lawful client does it: the first proof is told the nonce, the second brings it."""
    url, now = f"{place.issuer}/oauth2/token", place.server.services.clock.now().timestamp()
    told = await ask(place, form, proof=holder.proof(url, now), auth=auth)
    assert (told.status_code, told.json()["error"]) == (400, "use_dpop_nonce")
    return await ask(place, form, proof=holder.proof(url, now, nonce=told.headers["dpop-nonce"]), auth=auth)


async def test_bound_token_opens_our_own_doors_with_its_proof_alone(place: Place) -> None:
    """RFC 9449 §7.1, §8, §9: at the revocation feed."""
    _, auth = await program(place, own(place))
    answer = await with_nonce(place, {"grant_type": "client_credentials"}, auth=auth)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
    token, nonce = answer.json()["access_token"], answer.headers["dpop-nonce"]
    url, now = f"{place.issuer}/oauth2/revocations", place.server.services.clock.now().timestamp()

    def headers(**changes: Any) -> dict[str, str]:
        given: dict[str, Any] = {"method": "GET", "access_token": token, "nonce": nonce} | changes
        proof = HOLDER.proof(url, now, **given)
        return {"authorization": f"DPoP {token}", "dpop": proof}

    async with place.server.client() as http:
        good = headers()
        assert (await http.get(url, headers=good)).status_code == 200
        for bad, error in (
            (good, "invalid_dpop_proof"),
            ({"authorization": f"Bearer {token}"}, "invalid_token"),
            ({"authorization": f"Bearer {token}", "dpop": headers()["dpop"]}, "invalid_token"),
            ({"authorization": f"DPoP {token}"}, "invalid_dpop_proof"),
            (headers(htm="POST"), "invalid_dpop_proof"),
            (headers(ath=None), "invalid_dpop_proof"),
            (headers(nonce=None), "use_dpop_nonce"),
            (
                {**headers(), "dpop": Holder().proof(url, now, method="GET", access_token=token, nonce=nonce)},
                "invalid_token",
            ),
        ):
            refused = await http.get(url, headers=bad)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith(f'DPoP error="{error}", algs="ES256 ')
            assert ("dpop-nonce" in refused.headers) is (error == "use_dpop_nonce")


async def test_bound_token_follows_a_stream_with_the_one_proof_it_came_with(place: Place) -> None:
    """The right is asked for again before each page, and a proof is spent once."""
    _, auth = await program(place, own(place))
    answer = await with_nonce(place, {"grant_type": "client_credentials"}, auth=auth)
    token, nonce = answer.json()["access_token"], answer.headers["dpop-nonce"]
    url, now = f"{place.issuer}/oauth2/revocations", place.server.services.clock.now().timestamp()
    proof = HOLDER.proof(url, now, method="GET", access_token=token, nonce=nonce)
    headers = {"accept": "text/event-stream", "authorization": f"DPoP {token}", "dpop": proof}
    async with place.server.client() as http, http.stream("GET", url, headers=headers) as following:
        assert following.status_code == 200
        lines = following.aiter_lines()
        for id in ("tok_one", "tok_other"):
            async with place.operator() as ctx:
                revocations = place.server.services.revocations
                await revocations.revoke(ctx, "jti", id, expires_at=ctx.now + timedelta(hours=1))
            async with asyncio.timeout(5.0):
                assert await said(lines, id)
        assert (await http.get(url, headers=headers)).status_code == 401, "another request with the same proof"


async def said(lines: AsyncIterator[str], word: str) -> bool:
    """Whether it comes before the end."""
    async for line in lines:
        if word in line:
            return True
    return False


async def test_permission_interfaces_refuse_a_bound_token_without_its_proof(place: Place) -> None:
    """RFC 9449 §7.2: OpenFGA's and AuthZEN's addresses, the prompt answer among them."""
    _, auth = await program(place, own(place))
    token = (await with_nonce(place, {"grant_type": "client_credentials"}, auth=auth)).json()["access_token"]
    url, now = f"{place.server.url}/stores", place.server.services.clock.now().timestamp()
    async with place.server.client() as http:
        for path in ("/stores/01JD0000000000000000000000/check", PAGE):
            for _ in range(3):
                answer = await http.post(path, json={}, headers={"authorization": f"Bearer {token}"})
                assert answer.status_code == 401
        proof = HOLDER.proof(url, now, method="GET", access_token=token)
        told = await http.get("/stores", headers={"authorization": f"DPoP {token}", "dpop": proof})
        assert told.status_code == 401
        assert told.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
        proof = HOLDER.proof(url, now, method="GET", access_token=token, nonce=told.headers["dpop-nonce"])
        answer = await http.get("/stores", headers={"authorization": f"DPoP {token}", "dpop": proof})
        assert answer.status_code == 403


async def test_public_client_signs_in_and_refreshes_with_its_key(place: Place) -> None:
    """RFC 9449 §5, §10: `dpop_jkt` binds the code, the key the refresh token."""
    client, _ = await place.client(NATIVE)
    user = await place.user("member")
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, dpop_jkt=HOLDER.jkt)
    form = {
        "grant_type": "authorization_code",
        "client_id": client.word,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    granted = await with_nonce(place, form)
    assert (granted.status_code, granted.json()["token_type"]) == (200, "DPoP")
    again = {
        "grant_type": "refresh_token",
        "refresh_token": granted.json()["refresh_token"],
        "client_id": client.word,
    }
    stolen = await token_request(place, again)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    stolen = await with_nonce(place, again, holder=Holder())
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert (await with_nonce(place, again)).status_code == 200


async def test_discovery_tells_what_is_spoken(place: Place) -> None:
    """RFC 9449 §5.1, RFC 8414 §2; without the second listener nothing is said of certificates."""
    async with place.server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    assert found["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert "tls_client_auth" not in found["token_endpoint_auth_methods_supported"]
    assert "mtls_endpoint_aliases" not in found


async def test_client_proves_itself_by_its_key_at_every_endpoint(place: Place) -> None:
    """RFC 7523 §2.2: token, introspection, revocation."""
    signer = Signer()
    settings = ClientSettings(token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks)
    client, _ = await place.client(replace(own(place), settings=settings))

    def presents() -> dict[str, str]:
        now = place.server.services.clock.now().timestamp()
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signer.assertion(client.word, place.issuer, now),
        }

    granted = await token_request(place, {"grant_type": "client_credentials"} | presents())
    assert granted.status_code == 200, granted.text
    token = {"token": granted.json()["access_token"]}
    assert (await token_request(place, token | presents(), path="introspect")).json()["active"] is True
    assert (await token_request(place, token | presents(), path="revoke")).status_code == 200
    assert (await token_request(place, token | presents(), path="introspect")).json()["active"] is False
    used = presents()
    assert (await token_request(place, token | used, path="introspect")).status_code == 200
    assert (await token_request(place, token | used, path="introspect")).status_code == 401


@pytest.fixture
async def mutual(
    database: Database, kek: Aead, clock: Clock, entropy: Entropy, tmp_path: Path
) -> AsyncIterator[tuple[Running, Certificate]]:
    """A server with the second listener, and the authority that it takes certificates of."""
    root = certificate("Root", clock.now(), authority=True)
    (tmp_path / "authorities.pem").write_bytes(root.pem)
    async with running(
        database.app,
        tmp_path / "tls",
        kek=kek,
        clock=clock,
        entropy=entropy,
        authorities=tmp_path / "authorities.pem",
    ) as server:
        yield server, root


def presenting(server: Running, held: Certificate, folder: Path) -> httpx2.AsyncClient:
    """A client that presents `held` to whoever demands a certificate."""
    trust = ssl.create_default_context(cafile=str(server.certificates.ca))
    held.load_into(trust, folder)
    return httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(verify=trust), timeout=30.0)


async def granted_over(server: Running, held: Certificate, folder: Path, url: str, client: Client) -> httpx2.Response:
    async with presenting(server, held, folder) as http:
        form = {"grant_type": "client_credentials", "client_id": client.word}
        return await http.post(url, content=urlencode(form), headers=FORM)


async def test_certificates_prove_clients_and_bind_tokens_on_the_second_listener(
    mutual: tuple[Running, Certificate], tmp_path: Path
) -> None:
    """RFC 8705 §2, §3, §5: by authority and self-signed, the latter registered while the server runs."""
    server, root = mutual
    place, now = await server.tenant(), server.services.clock.now()
    async with server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    assert found["tls_client_certificate_bound_access_tokens"] is True
    aliases = found["mtls_endpoint_aliases"]
    assert aliases.keys() == {name for name in found if name in DIRECT}
    assert all(urlsplit(str(alias)).path == urlsplit(str(found[name])).path for name, alias in aliases.items())
    endpoint = aliases["token_endpoint"]

    leaf = certificate("client", now, issuer=root)
    itself = certificate("own", now)
    by_authority = ClientSettings(
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=client,O=Acme",
        tls_client_certificate_bound_access_tokens=True,
    )
    by_itself = ClientSettings(
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks=itself.jwks,
        tls_client_certificate_bound_access_tokens=True,
    )
    first, _ = await place.client(replace(own(place), settings=by_authority))
    second, _ = await place.client(replace(own(place), settings=by_itself))
    with pytest.raises(httpx2.TransportError):
        await granted_over(server, itself, tmp_path, endpoint, second)
    await server.refresh_certificates()

    for client, held, other in ((first, leaf, itself), (second, itself, leaf)):
        granted = await granted_over(server, held, tmp_path, endpoint, client)
        assert granted.status_code == 200, granted.text
        assert granted.json()["token_type"] == "Bearer"
        assert (await granted_over(server, other, tmp_path, endpoint, client)).status_code == 401
        headers = {"authorization": f"Bearer {granted.json()['access_token']}"}
        at = endpoint.replace("/token", "/revocations")
        async with presenting(server, held, tmp_path) as http:
            assert (await http.get(at, headers=headers)).status_code == 200
        async with presenting(server, other, tmp_path) as http:
            assert (await http.get(at, headers=headers)).status_code == 401
        async with server.client() as http:
            assert (await http.get(f"{place.issuer}/oauth2/revocations", headers=headers)).status_code == 401

    async with place.operator() as ctx:
        await server.services.clients.disable(ctx, second.client_id)
    await server.refresh_certificates()
    with pytest.raises(httpx2.TransportError):
        await granted_over(server, itself, tmp_path, endpoint, second)


async def test_no_header_stands_for_a_certificate(mutual: tuple[Running, Certificate], tmp_path: Path) -> None:
    """N04: on either listener, whatever a proxy would write."""
    server, root = mutual
    place, now = await server.tenant(), server.services.clock.now()
    leaf = certificate("client", now, issuer=root)
    settings = ClientSettings(
        token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=client,O=Acme"
    )
    client, _ = await place.client(replace(own(place), settings=settings))
    form = urlencode({"grant_type": "client_credentials", "client_id": client.word})
    pem = " ".join(leaf.pem.decode().split())
    async with server.client() as http:
        for name in ("client-cert", "x-client-cert", "x-forwarded-client-cert", "x-ssl-cert", "ssl-client-cert"):
            answer = await http.post(f"{place.issuer}/oauth2/token", content=form, headers={**FORM, name: pem})
            assert answer.status_code == 401


async def test_second_listener_lets_nobody_in_without_a_certificate(
    mutual: tuple[Running, Certificate], tmp_path: Path
) -> None:
    """RFC 8705 §2: none, a stranger's, an expired one."""
    server, root = mutual
    place, now = await server.tenant(), server.services.clock.now()
    async with server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
        with pytest.raises(httpx2.TransportError):
            await http.get(found["mtls_endpoint_aliases"]["token_endpoint"])
    client, _ = await place.client(own(place))
    twin = certificate("Root", now, authority=True)
    for held in (
        certificate("x", now),
        certificate("x", now, issuer=twin),
        certificate("x", now, issuer=root, days=-1),
    ):
        with pytest.raises(httpx2.TransportError):
            await granted_over(server, held, tmp_path, found["mtls_endpoint_aliases"]["token_endpoint"], client)
