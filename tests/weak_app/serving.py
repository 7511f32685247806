"""The application on real sockets, with certificates and TLS versions of every kind."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from tests.running import free_port


@dataclass(frozen=True)
class Pair:
    """PEM files: the certificate, its key."""

    certificate: Path
    key: Path


def certificate(folder: Path, name: str, now: datetime, *, days: int = 90, short: bool = False) -> Pair:
    """A certificate for localhost that signs itself."""
    weak = rsa.generate_private_key(65537, 1024)
    key = weak if short else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return pair


def context(pair: Pair, *, lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, without_12: bool = False) -> ssl.SSLContext:
    """A server's context, as weak as asked for."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.minimum_version = lowest
    if without_12:
        made.options |= ssl.OP_NO_TLSv1_2
    made.load_cert_chain(pair.certificate, pair.key)
    return made


@asynccontextmanager
async def served(app: ASGIApp, tls: ssl.SSLContext | None, port: int | None = None) -> AsyncGenerator[int]:
    """The port at which `app` answers until the context ends."""
    port = port or free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http="h11", log_config=None, server_header=False, lifespan="off"
    )
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = server.force_exit = True
        await running
