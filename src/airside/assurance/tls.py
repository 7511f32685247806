"""What a server offers by TLS, seen by handshakes of our own: `fetch` speaks only what is safe."""

import asyncio
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from airside.assurance.target import unverified
from airside.fetch import Unavailable

TIMEOUT: Final = 10.0  # seconds, for one handshake
VERSIONS: Final = {
    "TLS 1.0": (ssl.TLSVersion.TLSv1, ssl.HAS_TLSv1),
    "TLS 1.1": (ssl.TLSVersion.TLSv1_1, ssl.HAS_TLSv1_1),
    "TLS 1.2": (ssl.TLSVersion.TLSv1_2, ssl.HAS_TLSv1_2),
    "TLS 1.3": (ssl.TLSVersion.TLSv1_3, ssl.HAS_TLSv1_3),
}


@dataclass(frozen=True, slots=True)
class Handshake:
    """The certificate that the server showed, if it came to that, and why it failed: empty if it didn't."""

    certificate: x509.Certificate | None
    refusal: str


async def offers(host: str, port: int, version: str) -> bool:
    """Whether the server agrees on exactly `version`, a word of `VERSIONS` that this machine can speak.

    Raises:
        Unavailable: nobody answers.
    """
    context = unverified()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is why we ask
        context.minimum_version = context.maximum_version = VERSIONS[version][0]
    # What this machine's library no longer speaks by default (RSA keys of 1024 bits, SHA-1) a server still may.
    context.set_ciphers("ALL:@SECLEVEL=0")
    return (await shake(host, port, context)).refusal == ""


async def shake(host: str, port: int, context: ssl.SSLContext) -> Handshake:
    """One handshake by `context`, and the connection closed.

    Raises:
        Unavailable: nobody answers.
    """
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return Handshake(None, error.verify_message)
    except (ssl.SSLError, ConnectionResetError) as error:
        return Handshake(None, getattr(error, "reason", "") or "the server closed the connection")
    except (OSError, TimeoutError) as error:
        raise Unavailable(type(error).__name__) from None
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return Handshake(x509.load_der_x509_certificate(shown) if shown else None, "")


async def trusted(host: str, port: int, trust: Path | None) -> Handshake:
    """A handshake as any client makes it, that believes the authorities of this machine or those in `trust`.

    Raises:
        Unavailable: nobody answers.
    """
    return await shake(host, port, ssl.create_default_context(cafile=trust))
