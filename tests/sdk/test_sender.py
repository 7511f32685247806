"""Bound tokens at an application: taken from the holder of the key or certificate, and from nobody else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI

from airside.core.clock import FixedClock
from airside.protocols.jose import Reason, TokenRefused
from airside.sdk import Sender, SenderUnproven, VerifiedToken, Verifier
from airside.sdk.sender import REMEMBERED, Senders
from airside.shield import Policy
from tests.sdk.peer import Peer, serve
from tests.sdk.test_frameworks_fastapi import bearer, connected
from tests.senders import Certificate, Holder, certificate

URL = "https://app.example.test/notes"
HOLDER = Holder()


@pytest.fixture
def held(moment: FixedClock) -> Certificate:
    return certificate("app", moment.now())


def proven(token: str, moment: FixedClock, holder: Holder = HOLDER, **changes: Any) -> Sender:
    proof = holder.proof(URL, moment.now().timestamp(), method="GET", access_token=token, **changes)
    return Sender("GET", URL, dpop=True, proof=proof)


async def test_bound_token_is_taken_from_its_holder_once_a_proof(
    verifier: Verifier, peer: Peer, moment: FixedClock
) -> None:
    """RFC 9449 §7.1, §11.1."""
    token = peer.token(cnf={"jkt": HOLDER.jkt})
    sender = proven(token, moment)
    assert (await verifier.verify(token, sender)).jkt == HOLDER.jkt
    with pytest.raises(SenderUnproven) as refused:
        await verifier.verify(token, sender)
    assert refused.value.challenge.startswith('DPoP error="invalid_dpop_proof", algs="ES256 ')
    await verifier.verify(token, proven(token, moment))


async def test_bound_token_as_a_bearer_token_is_refused(verifier: Verifier, peer: Peer, moment: FixedClock) -> None:
    """RFC 9449 §7.2: with no word of its sender, by the wrong scheme, or without its proof."""
    token = peer.token(cnf={"jkt": HOLDER.jkt})
    good = proven(token, moment)
    for sender in (None, Sender("GET", URL), replace(good, dpop=False), replace(good, proof=None)):
        with pytest.raises(SenderUnproven):
            await verifier.verify(token, sender)
    with pytest.raises(SenderUnproven):
        verifier.verify_cached(token)


async def test_bearer_token_as_a_bound_one_is_refused(verifier: Verifier, peer: Peer, moment: FixedClock) -> None:
    """RFC 9449 §7.1: the scheme says what the token is."""
    token = peer.token()
    with pytest.raises(SenderUnproven):
        await verifier.verify(token, proven(token, moment))
    assert not (await verifier.verify(token, Sender("GET", URL))).bound


async def test_proof_of_another_key_token_method_address_or_time_is_refused(
    verifier: Verifier, peer: Peer, moment: FixedClock
) -> None:
    """N05: RFC 9449 §4.3."""
    token, now = peer.token(cnf={"jkt": HOLDER.jkt}), moment.now().timestamp()
    proof = HOLDER.proof(URL, now, method="GET")
    for sender in (
        proven(token, moment, Holder()),
        proven(peer.token(cnf={"jkt": HOLDER.jkt}), moment),
        proven(token, moment, htm="POST"),
        proven(token, moment, htu=URL + "/7"),
        proven(token, moment, iat=int(now) - 100),
        Sender("GET", URL, dpop=True, proof=proof),
        Sender("GET", URL, dpop=True, proof="x"),
    ):
        with pytest.raises(SenderUnproven):
            await verifier.verify(token, sender)


async def test_token_bound_to_a_certificate_is_taken_over_it_alone(
    verifier: Verifier, peer: Peer, held: Certificate, moment: FixedClock
) -> None:
    """RFC 8705 §3."""
    token = peer.token(cnf={"x5t#S256": held.thumbprint})
    assert (await verifier.verify(token, Sender("GET", URL, certificate=held.der))).x5t_s256 == held.thumbprint
    for sender in (None, Sender("GET", URL), Sender("GET", URL, certificate=certificate("app", moment.now()).der)):
        with pytest.raises(SenderUnproven):
            await verifier.verify(token, sender)


async def test_token_bound_to_both_needs_both(
    verifier: Verifier, peer: Peer, held: Certificate, moment: FixedClock
) -> None:
    token = peer.token(cnf={"jkt": HOLDER.jkt, "x5t#S256": held.thumbprint})
    good = proven(token, moment)
    await verifier.verify(token, replace(good, certificate=held.der))
    for sender in (proven(token, moment), Sender("GET", URL, certificate=held.der)):
        with pytest.raises(SenderUnproven):
            await verifier.verify(token, sender)


@pytest.mark.parametrize("cnf", [{}, [], "x", {"jwk": {}}, {"jkt": ""}, {"jkt": 7}, {"jkt": "x", "kid": "y"}])
async def test_binding_that_isnt_understood_refuses_the_token(verifier: Verifier, peer: Peer, cnf: Any) -> None:
    """N04: never a bearer token by misunderstanding."""
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(peer.token(cnf=cnf))
    assert refused.value.reason == Reason.CLAIM


async def test_used_proofs_are_forgotten_when_time_refuses_them_and_none_is_taken_beyond_what_is_remembered(
    verifier: Verifier, peer: Peer, moment: FixedClock
) -> None:
    """A memory that is full can't tell a replay: it takes nothing."""
    token = peer.token(cnf={"jkt": HOLDER.jkt})
    verified = await verifier.verify(token, proven(token, moment))
    senders, now = Senders(most=3), moment.now().timestamp()
    for _ in range(3):
        senders.demand(proven(token, moment), token, verified, now)
    with pytest.raises(SenderUnproven):
        senders.demand(proven(token, moment), token, verified, now)
    moment.advance(REMEMBERED)
    senders.demand(proven(token, moment), token, verified, moment.now().timestamp())


@pytest.fixture
async def http(peer: Peer, moment: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    airside = connected(peer, moment)
    app = FastAPI()
    airside.protect(app, Policy(allowed_hosts=frozenset({"app.test"}), https_redirect=False))

    @app.get("/me")
    async def me(token: Annotated[VerifiedToken, Depends(airside.user)]) -> str:
        return token.subject

    async with (
        serve(app, lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"host": "app.test"}) as client,
    ):
        yield client


async def test_application_takes_a_bound_token_with_its_proof(
    http: httpx2.AsyncClient, peer: Peer, moment: FixedClock
) -> None:
    """RFC 9449 §7.1: over HTTP, with the challenge of §7.1 for whoever lacks the proof."""
    token, now = peer.token(cnf={"jkt": HOLDER.jkt}), moment.now().timestamp()

    def asks(**changes: Any) -> dict[str, str]:
        proof = HOLDER.proof("http://app.test/me", now, method="GET", access_token=token, **changes)
        return {"authorization": f"DPoP {token}", "dpop": proof}

    assert (await http.get("/me?a=b", headers=asks())).json() == "usr_01jd0000000000000000000001"
    for headers in (
        bearer(token),
        bearer(token) | {"dpop": asks()["dpop"]},
        asks(htu="http://app.test/other"),
        {"authorization": f"DPoP {token}"},
        {"authorization": f"DPoP {peer.token()}", "dpop": asks()["dpop"]},
    ):
        answer = await http.get("/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("DPoP error=")


async def test_certificate_in_a_header_is_nobodys(http: httpx2.AsyncClient, peer: Peer, held: Certificate) -> None:
    """N04: RFC 8705 §3: only the TLS connection proves a certificate."""
    headers = bearer(peer.token(cnf={"x5t#S256": held.thumbprint}))
    for name in ("client-cert", "x-client-cert", "x-forwarded-client-cert", "ssl-client-cert"):
        answer = await http.get("/me", headers=headers | {name: " ".join(held.pem.decode().split())})
        assert answer.status_code == 401
