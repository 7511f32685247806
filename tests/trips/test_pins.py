"""An application with pins, and the real server that changes its key: nobody is locked out, and the old key is
forgotten."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.protocols.pins import PATH, pin_of
from airside.sdk import AsyncPinnedTransport, PinRefused, Pins, PinsFile, read_pins
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.credentials import Credential
from airside.sdk.sender import Sender
from airside.transport import DevelopmentCertificates, ensure_development_certificates
from airside.vault import Aead
from tests.makers import Database
from tests.running import Running, free_port, running
from tests.senders import Certificate, certificate
from tests.trips.manager import program, program_token

NOW = datetime.now(UTC)
NAMES = (x509.DNSName("localhost"), *(x509.IPAddress(ip_address(each)) for each in ("127.0.0.1", "::1")))


def successor(files: DevelopmentCertificates) -> Certificate:
    """Another certificate for the same names, of the same authority, over another key."""
    return certificate("successor", NOW, issuer=pair(files.ca, files.ca.with_suffix(".key")), names=NAMES)


def pair(held: Path, private: Path) -> Certificate:
    """What two files hold."""
    key = load_pem_private_key(private.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Certificate(x509.load_pem_x509_certificate(held.read_bytes()), key)


@asynccontextmanager
async def opened(environment: Mapping[str, str]) -> AsyncGenerator[Application]:
    """The whole connection of an application to its server, as its environment says."""
    application = Application.from_environment(audience=environment["AIRSIDE_ISSUER"], environment=environment)
    async with application.running():
        yield application


async def prepared(server: Running, document: Path) -> tuple[dict[str, str], Credential]:
    """The environment of an application that may ask for permissions, and a token that it is sent."""
    place = await server.tenant()
    scopes = "permissions:check", "revocations:read"
    _, (client_id, secret) = await program(place, *scopes)
    async with place.operator() as ctx:
        store = (await server.services.tenants.current(ctx)).default_store_id
    environment = {
        "AIRSIDE_ISSUER": place.issuer,
        "AIRSIDE_STORE_ID": store,
        "AIRSIDE_CLIENT_ID": client_id,
        "AIRSIDE_CLIENT_SECRET": secret,
        "AIRSIDE_CA_FILE": str(server.certificates.ca),
        "AIRSIDE_PINS_FILE": str(document),
    }
    return environment, Credential(await program_token(place, *scopes), Sender("GET", place.issuer))


def take(files: DevelopmentCertificates, held: Certificate) -> None:
    """What the operator does before the restart."""
    files.certificate.write_bytes(held.pem)
    files.key.write_bytes(held.private)


def earlier(pins: Pins) -> Pins:
    """As they were said an hour before: of two documents of one second neither is newer."""
    return replace(pins, issued_at=pins.issued_at - timedelta(hours=1))


async def kept(file: PinsFile, than: Pins) -> Pins:
    """What is newer in the file, once whichever of the application's calls asked for it has been answered: the others
    don't wait for that one."""
    async with asyncio.timeout(20):
        while (found := file.read()).issued_at <= than.issued_at:  # noqa: ASYNC110 - another task keeps them
            await asyncio.sleep(0.02)
    return found


async def told(server: Running) -> Pins:
    """The document as anybody reads it, such as whoever ships an application."""
    async with server.client() as http:
        answer = await http.get(PATH)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    return read_pins(answer.content)


async def test_server_without_a_successor_names_no_pins(server: Running) -> None:
    async with server.client() as http:
        assert (await http.get(PATH)).status_code == 404


async def test_application_follows_the_server_to_its_next_key_and_forgets_the_last(
    database: Database, kek: Aead, clock: Clock, entropy: Entropy, tmp_path: Path
) -> None:
    files, port = ensure_development_certificates(tmp_path, clock=clock), free_port()
    first, second, third = pair(files.certificate, files.key), successor(files), successor(files)
    newer: list[Pins] = []
    file = PinsFile(tmp_path / "pins.json")

    def start(*backups: Certificate) -> AbstractAsyncContextManager[Running]:
        named = tuple(pin_of(each.der) for each in backups)
        return running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy, port=port, backup_pins=named)

    def client(pins: Pins) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=AsyncPinnedTransport(pins, trust=files.ca, learned=newer.append))

    async with start(second) as server:
        document = await told(server)
        shipped = earlier(document)
        assert shipped.host == "localhost"
        assert shipped.pins == (pin_of(first.der), pin_of(second.der))
        async with client(shipped) as application:
            assert (await application.get(f"{server.url}/healthz")).status_code == 200
        file.path.write_bytes(shipped.document())
        environment, credential = await prepared(server, file.path)
        async with opened(environment) as sdk:
            await sdk.verify(credential)
            held = earlier(await kept(file, than=shipped))
        file.path.write_bytes(held.document())

    take(files, second)
    async with start(third) as server:
        async with client(shipped) as application:
            assert (await application.get(f"{server.url}/healthz")).status_code == 200
        assert newer[-1].pins == (pin_of(second.der), pin_of(third.der))
        async with opened(environment) as sdk:
            await sdk.verify(credential)
            assert (await kept(file, than=held)).pins == newer[-1].pins

    take(files, first)
    async with start(third) as server, client(newer[-1]) as application, opened(environment) as sdk:
        with pytest.raises(PinRefused):
            await application.get(f"{server.url}/healthz")
        with pytest.raises(Unavailable):
            await sdk.verify(credential)
