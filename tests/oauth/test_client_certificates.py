"""Certificates of clients (RFC 8705): whose is the one of this connection?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509

from airside.access import Sender
from airside.core.secret import Secret
from airside.fetch import Fetcher
from airside.oauth import Authorities, ClientProofs, ClientSettings, Credentials
from airside.oauth.client_certificates import is_clients, registered_certificates
from airside.oauth.client_keys import ClientKeys
from airside.oauth.errors import InvalidRequest
from airside.tokens import Confirmation
from tests.oauth.provider import API, ISSUER, SERVICE, Provider
from tests.senders import Certificate, certificate

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ROOT = certificate("Root", NOW, authority=True)
NAMES = (
    x509.DNSName("client.example.test"),
    x509.UniformResourceIdentifier("spiffe://example.test/client"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.RFC822Name("client@example.test"),
)
LEAF = certificate("client", NOW, issuer=ROOT, names=NAMES)
OWN = certificate("own", NOW)
AUTHORITIES = Authorities((ROOT.certificate,))
DN = "CN=client,O=Acme"


def by_authority(**subject: str) -> ClientSettings:
    return ClientSettings(token_endpoint_auth_method="tls_client_auth", **subject)  # type: ignore[arg-type]  # named by the case


def by_itself(held: Certificate = OWN) -> ClientSettings:
    return ClientSettings(token_endpoint_auth_method="self_signed_tls_client_auth", jwks=held.jwks)


def fits(settings: ClientSettings, held: Certificate, now: datetime = NOW) -> bool:
    return is_clients(settings, held.der, AUTHORITIES, now)


@pytest.mark.parametrize(
    "subject",
    [
        {"tls_client_auth_subject_dn": DN},
        {"tls_client_auth_san_dns": "client.example.test"},
        {"tls_client_auth_san_dns": "CLIENT.example.test"},
        {"tls_client_auth_san_uri": "spiffe://example.test/client"},
        {"tls_client_auth_san_ip": "192.0.2.7"},
        {"tls_client_auth_san_email": "client@example.test"},
    ],
)
def test_certificate_of_the_registered_subject_proves_its_client(subject: dict[str, str]) -> None:
    """RFC 8705 §2.1.2."""
    assert fits(by_authority(**subject), LEAF)


@pytest.mark.parametrize(
    "subject",
    [
        {"tls_client_auth_subject_dn": "CN=client"},
        {"tls_client_auth_subject_dn": "CN=client,O=Acme,O=Acme"},
        {"tls_client_auth_subject_dn": "O=Acme,CN=client"},
        {"tls_client_auth_subject_dn": "CN=Client,O=Acme"},
        {"tls_client_auth_subject_dn": "not a name"},
        {"tls_client_auth_subject_dn": ""},
        {"tls_client_auth_san_dns": "example.test"},
        {"tls_client_auth_san_dns": "*.example.test"},
        {"tls_client_auth_san_uri": "spiffe://example.test"},
        {"tls_client_auth_san_ip": "192.0.2.8"},
        {"tls_client_auth_san_ip": "client.example.test"},
        {"tls_client_auth_san_email": "Client@example.test"},
        {"tls_client_auth_subject_dn": DN, "tls_client_auth_san_dns": "client.example.test"},
        {},
    ],
)
def test_certificate_of_another_subject_proves_nobody(subject: dict[str, str]) -> None:
    """RFC 8705 §2.1.2, N04: nothing registered is nothing proven, and so are two."""
    assert not fits(by_authority(**subject), LEAF)


def test_certificate_of_another_authority_proves_nobody() -> None:
    """N02: the right name in a certificate that anybody could have made."""
    settings = by_authority(tls_client_auth_subject_dn=DN)
    twin = certificate("Root", NOW, authority=True)
    for held in (certificate("client", NOW), certificate("client", NOW, issuer=twin)):
        assert not fits(settings, held)


def test_registered_self_signed_certificate_issues_nothing() -> None:
    """N02: it opens the handshake for itself; what it signs is nobody's, whatever name it bears."""
    rogue = certificate("Root", NOW, authority=True)
    child = certificate("client", NOW, issuer=rogue)
    assert not fits(by_authority(tls_client_auth_subject_dn=DN), child)
    assert not fits(by_itself(rogue), child)
    assert fits(by_itself(rogue), rogue)


def test_registered_key_proves_its_client() -> None:
    """RFC 8705 §2.2.2: the public key is what counts, and no chain."""
    assert fits(by_itself(), OWN)
    assert not fits(by_itself(), certificate("own", NOW))
    assert not fits(by_itself(LEAF), OWN)
    assert not fits(ClientSettings(token_endpoint_auth_method="self_signed_tls_client_auth"), OWN)


def test_certificate_out_of_its_time_proves_nobody() -> None:
    """N05."""
    for settings, held in ((by_itself(), OWN), (by_authority(tls_client_auth_subject_dn=DN), LEAF)):
        assert fits(settings, held, NOW + timedelta(days=29))
        assert not fits(settings, held, NOW + timedelta(days=31))
        assert not fits(settings, held, NOW - timedelta(days=61))
    old = certificate("Old", NOW, authority=True, days=1)
    leaf = certificate("client", NOW, issuer=old)
    settings = by_authority(tls_client_auth_subject_dn=DN)
    assert not is_clients(settings, leaf.der, Authorities((old.certificate,)), NOW + timedelta(days=2))


def test_certificate_proves_no_client_of_another_method() -> None:
    """N04."""
    for settings in (ClientSettings(), ClientSettings(token_endpoint_auth_method="private_key_jwt", jwks=OWN.jwks)):
        assert not fits(settings, OWN)


@pytest.mark.parametrize("der", [b"", b"\x30", OWN.der[:-1], OWN.der + b"\x00", b"\x30\x82" + bytes(20_000)])
def test_what_is_no_certificate_proves_nobody(der: bytes) -> None:
    """Truncated, corrupted, oversized."""
    assert not is_clients(by_itself(), der, AUTHORITIES, NOW)


@pytest.mark.parametrize("x5c", [None, [], "AAAA", [7], ["!!"], ["AAAA" * 10_000]])
def test_registered_rubbish_is_no_certificate(x5c: Any) -> None:
    assert registered_certificates(ClientSettings(jwks={"keys": [{"x5c": x5c}, "key"]})) == []


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth"])
async def test_connection_proves_its_client_and_binds_its_tokens(provider: Provider, method: str) -> None:
    """RFC 8705 §2, §3.1: and only the connection does, no name, no secret (N04)."""
    now = provider.clock.now()
    root = certificate("Root", now, authority=True)
    held = certificate("client", now, issuer=root) if method == "tls_client_auth" else certificate("own", now)
    settings = ClientSettings(
        token_endpoint_auth_method=method,  # type: ignore[arg-type]  # named by the case
        tls_client_auth_subject_dn=DN if method == "tls_client_auth" else None,
        jwks=None if method == "tls_client_auth" else held.jwks,
        tls_client_certificate_bound_access_tokens=True,
    )
    client, secret = await provider.client(replace(SERVICE, settings=settings))
    async with Fetcher() as fetcher:
        keys = ClientKeys(fetcher=fetcher, clock=provider.clock)
        proofs = ClientProofs(keys=keys, spent=provider.spent, authorities=Authorities((root.certificate,)))
        over = Credentials("none", client.word, sender=Sender(certificate=held.der))
        async with provider.ctx() as ctx:
            assert await proofs.prove(ctx, client, over)
            for other in (
                replace(over, sender=Sender()),
                replace(over, sender=Sender(certificate=certificate("client", now).der)),
                replace(over, method="client_secret_post", secret=secret.secret or Secret("")),
                replace(over, method="private_key_jwt", assertion=Secret("a.b.c")),
            ):
                assert not await proofs.prove(ctx, client, other)
            assert not await proofs.prove(ctx, replace(client, state="disabled"), over)


async def test_bound_client_without_its_certificate_gets_no_token(provider: Provider) -> None:
    """RFC 8705 §3.4: a client with a secret may be bound too."""
    held = certificate("any", provider.clock.now())
    settings = ClientSettings(tls_client_certificate_bound_access_tokens=True)
    _, credentials = await provider.client(replace(SERVICE, settings=settings))
    form = {"grant_type": "client_credentials"}
    with pytest.raises(InvalidRequest):
        await provider.exchange(credentials, form)
    response = await provider.exchange(replace(credentials, sender=Sender(certificate=held.der)), form)
    assert response.token_type == "Bearer"
    async with provider.ctx() as ctx:
        token = await provider.verifier.verify(ctx, response.access_token.reveal(), issuer=ISSUER, audience=API)
    assert token.confirmation == Confirmation(x5t_s256=held.thumbprint)
