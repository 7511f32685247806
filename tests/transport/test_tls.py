"""TLS contexts on real sockets."""

import asyncio
import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import (
    DevelopmentCertificates,
    ensure_development_certificates,
    refuse_open_key,
    server_context,
)


@pytest.fixture
def files(tmp_path: Path) -> DevelopmentCertificates:
    return ensure_development_certificates(tmp_path / "tls", clock=SystemClock())


async def handshake(files: DevelopmentCertificates, client: ssl.SSLContext, host: str = "localhost") -> str | None:
    """The protocol version agreed on."""

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(
        close, "127.0.0.1", 0, ssl=server_context(files.certificate, files.key), ssl_shutdown_timeout=1
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=host)
        version = writer.get_extra_info("ssl_object").version()
        writer.close()
        await writer.wait_closed()
    return version


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_client_that_trusts_the_authority_speaks_tls_13(files: DevelopmentCertificates, host: str) -> None:
    client = ssl.create_default_context(cafile=str(files.ca))
    assert await handshake(files, client, host) == "TLSv1.3"


async def test_tls_12_is_refused(files: DevelopmentCertificates) -> None:
    """N43: no old TLS."""
    client = ssl.create_default_context(cafile=str(files.ca))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(files, client)


async def test_client_that_does_not_trust_the_authority_refuses(files: DevelopmentCertificates) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(files, ssl.create_default_context())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_private_key_open_to_others_is_refused(files: DevelopmentCertificates, mode: int) -> None:
    """N43."""
    files.key.chmod(mode)
    with pytest.raises(Misconfigured) as refusal:
        server_context(files.certificate, files.key)
    assert refusal.value.setting == "AIRSIDE_TLS_KEY"


def test_missing_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="nothing"):
        refuse_open_key(tmp_path / "nothing.key")


def test_folder_in_place_of_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        refuse_open_key(tmp_path)


def test_key_of_another_certificate_is_refused(files: DevelopmentCertificates) -> None:
    with pytest.raises(Misconfigured):
        server_context(files.certificate, files.ca.with_suffix(".key"))


@pytest.mark.parametrize("broken", ["certificate", "key"])
@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE-----\n", os.urandom(64)], ids=["empty", "cut off", "random"]
)
def test_broken_file_is_refused(files: DevelopmentCertificates, broken: str, content: bytes) -> None:
    getattr(files, broken).write_bytes(content)
    with pytest.raises(Misconfigured):
        server_context(files.certificate, files.key)


def test_encrypted_key_is_refused_without_asking_at_the_terminal(files: DevelopmentCertificates) -> None:
    key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    with pytest.raises(Misconfigured, match="encrypted"):
        server_context(files.certificate, files.key)
