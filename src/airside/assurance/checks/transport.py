"""The way there: TLS versions, the certificate, and what plain HTTP does."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity
from airside.assurance.site import Site
from airside.assurance.target import unverified
from airside.assurance.tls import VERSIONS, offers, shake, trusted
from airside.fetch import Unavailable

AREA: Final = "transport"
NOTICE: Final = timedelta(days=14)
MIN_RSA: Final = 2048  # bits
MIN_EC: Final = 256
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})


def expiry(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    """Whether it is over, or so nearly that renewal has failed: within 14 days, or the last third of a short life."""
    ends = certificate.not_valid_after_utc
    life = ends - certificate.not_valid_before_utc
    if ends <= now:
        yield f"over since {ends:%Y-%m-%d %H:%M} UTC"
    elif ends - now < min(NOTICE, life / 3):
        yield f"ends {ends:%Y-%m-%d %H:%M} UTC"


def strength(certificate: x509.Certificate) -> Iterator[str]:
    """Whether its key or signature can be forged."""
    key = certificate.public_key()
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else MIN_RSA
    if bits < (MIN_EC if isinstance(key, ec.EllipticCurvePublicKey) else MIN_RSA):
        yield f"a key of {bits} bits"
    signed = certificate.signature_hash_algorithm
    if signed is not None and signed.name in _BROKEN_HASHES:
        yield f"signed over {signed.name}"


def _place(site: Site) -> tuple[str, int]:
    if site.target.at.scheme != "https":
        raise NotApplicable("the target isn't https, which a check of its own says")
    return site.target.at.host, site.target.at.port


async def _versions(site: Site, asked: tuple[str, ...]) -> list[Observation]:
    host, port = _place(site)
    speakable = [version for version in asked if VERSIONS[version][1]]
    if not speakable:
        raise NotApplicable("this machine's TLS library doesn't speak what is asked for")
    return [
        Observation(site.target.at.netloc, f"agrees on {version}")
        for version in speakable
        if await offers(host, port, version)
    ]


async def _old(site: Site) -> list[Observation]:
    return await _versions(site, ("TLS 1.0", "TLS 1.1"))


async def _only_newest(site: Site) -> list[Observation]:
    found = await _versions(site, ("TLS 1.2",))
    if not await offers(*_place(site), "TLS 1.3"):
        found.append(Observation(site.target.at.netloc, "doesn't offer TLS 1.3"))
    return found


async def _trust(site: Site) -> list[Observation]:
    refusal = (await trusted(*_place(site), site.target.trust)).refusal
    return [Observation(site.target.at.netloc, refusal)] if refusal else []


async def _certificate(site: Site) -> x509.Certificate:
    context = unverified()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    shown = await shake(*_place(site), context)
    if shown.certificate is None:
        raise Unavailable(shown.refusal)
    return shown.certificate


async def _expiry(site: Site) -> list[Observation]:
    certificate = await _certificate(site)
    return [Observation(site.target.at.netloc, text) for text in expiry(certificate, site.now)]


async def _strength(site: Site) -> list[Observation]:
    return [Observation(site.target.at.netloc, text) for text in strength(await _certificate(site))]


async def _https(site: Site) -> list[Observation]:
    plain = site.target.at.scheme == "http"
    return [Observation(site.target.at.netloc, "answers over plain HTTP")] if plain else []


async def _redirect(site: Site) -> list[Observation]:
    if site.target.at.scheme != "https" or site.target.plain_port is None:
        raise NotApplicable("nobody said where plain HTTP would be: --plain-port")
    try:
        answer = await site.target.plain(site.target.plain_port, site.target.at.path)
    except Unavailable:
        return []  # nobody listens there
    location = answer.headers.get("location", "")
    if answer.status >= 400 or (300 <= answer.status < 400 and location.startswith("https://")):
        return []
    said = f"{answer.status}{f' to {location}' if location else ''} over plain HTTP"
    return [Observation(f"port {site.target.plain_port}", said)]


CHECKS: Final = (
    Check(
        "https",
        AREA,
        "The target is reached by HTTPS",
        "Everybody on the way reads passwords, cookies and answers, and changes them.",
        "Serve HTTPS, and examine its address.",
        Severity.CRITICAL,
        Ids(("API8",), ("A04",), ("v5.0.0-12.2.1",)),
        _https,
    ),
    Check(
        "plain-http",
        AREA,
        "Plain HTTP leads to HTTPS, and nowhere else",
        "Whoever types the name without https:// stays on a connection that everybody on the way can read.",
        "Answer on port 80 with a redirect to https:// and nothing else, or don't listen there.",
        Severity.HIGH,
        Ids(("API8",), ("A04",), ("v5.0.0-12.2.1",)),
        _redirect,
    ),
    Check(
        "tls-old",
        AREA,
        "No version of TLS that is broken",
        "TLS 1.0 and 1.1 rest on broken hashes and modes (RFC 8996); an attacker in between can force them.",
        "Allow TLS 1.3, and 1.2 only where old clients are known.",
        Severity.HIGH,
        Ids(("API8",), ("A04",), ("v5.0.0-12.1.1",)),
        _old,
    ),
    Check(
        "tls-newest",
        AREA,
        "TLS 1.3 and nothing older",
        "TLS 1.2 leaves ciphers without forward secrecy, renegotiation and padding to be configured right.",
        "Set the lowest version to TLS 1.3; every browser since 2020 speaks it.",
        Severity.LOW,
        Ids(("API8",), ("A04",)),
        _only_newest,
    ),
    Check(
        "certificate-trust",
        AREA,
        "The certificate is believed, for this name",
        "People learn to click warnings away, and clients that don't verify speak with whoever answers.",
        "Get a certificate for exactly this name from an authority that clients know; send the whole chain.",
        Severity.HIGH,
        Ids(("API8",), ("A04",), ("v5.0.0-12.2.2",)),
        _trust,
    ),
    Check(
        "certificate-expiry",
        AREA,
        "The certificate isn't about to end",
        "The day it ends nobody comes in, and somebody under pressure turns verification off.",
        "Renew by ACME, and have an alert on the date.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A04")),
        _expiry,
    ),
    Check(
        "certificate-strength",
        AREA,
        "The certificate's key and signature can't be forged",
        "A short key or a broken hash lets others make the same certificate.",
        "Use an ECDSA P-256 key, or RSA of 2048 bits and more, signed over SHA-256.",
        Severity.HIGH,
        Ids(("API8",), ("A04",)),
        _strength,
    ),
)
