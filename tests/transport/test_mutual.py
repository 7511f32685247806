"""TLS that demands a certificate: whose handshake ends, and whose doesn't."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import DevelopmentCertificates, ensure_development_certificates, load_authorities, mutual_context
from tests.senders import Certificate, certificate

NOW = datetime.now(UTC)
ROOT = certificate("Root", NOW, authority=True)
MIDDLE = certificate("Middle", NOW, issuer=ROOT, authority=True)
OWN = certificate("own", NOW)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentCertificates:
    return ensure_development_certificates(tmp_path_factory.mktemp("tls"), clock=SystemClock())


def seen(
    files: DevelopmentCertificates, folder: Path, held: Certificate | None, *authorities: Certificate
) -> bytes | None:
    """The certificate that the server has seen after a handshake in memory; None where there was no handshake."""
    anchors = [each.certificate for each in authorities]
    serving = mutual_context(files.certificate, files.key, authorities=anchors, registered=[OWN.der, b"rubbish"])
    asking = ssl.create_default_context(cafile=str(files.ca))
    if held is not None:
        held.load_into(asking, folder)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(there, back, server_side=True)
    client = asking.wrap_bio(back, there, server_hostname="localhost")
    done: set[str] = set()
    for _ in range(10):
        for name, side in (("client", client), ("server", server)):
            try:
                side.do_handshake()
                done.add(name)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return None
    return server.getpeercert(binary_form=True) if len(done) == 2 else None


def test_certificates_of_the_anchors_are_seen(files: DevelopmentCertificates, tmp_path: Path) -> None:
    """RFC 8705 §2: an authority's, an intermediate one's where that is named, a registered self-signed one."""
    for held in (certificate("x", NOW, issuer=ROOT), OWN):
        assert seen(files, tmp_path, held, ROOT) == held.der
    below = certificate("x", NOW, issuer=MIDDLE)
    assert seen(files, tmp_path, below, MIDDLE) == below.der


def test_nobody_else_gets_through(files: DevelopmentCertificates, tmp_path: Path) -> None:
    """N02, N05: none, a stranger's, an authority's twin, an expired one."""
    twin = certificate("Root", NOW, authority=True)
    for held in (
        None,
        certificate("own", NOW),
        certificate("x", NOW, issuer=twin),
        certificate("x", NOW, issuer=ROOT, days=-1),
    ):
        assert seen(files, tmp_path, held, ROOT) is None
    assert seen(files, tmp_path, certificate("x", NOW, issuer=ROOT)) is None


def test_authorities_are_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "authorities.pem"
    file.write_bytes(ROOT.pem + MIDDLE.pem)
    assert load_authorities(file) == (ROOT.certificate, MIDDLE.certificate)
    file.write_bytes(b"nothing of the kind")
    for path in (file, tmp_path / "missing.pem"):
        with pytest.raises(Misconfigured):
            load_authorities(path)
