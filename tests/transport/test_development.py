"""The development authority: who may be vouched for, renewal, modes, recognition."""

import ipaddress
import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured
from airside.transport import (
    DevelopmentCertificates,
    ensure_development_certificates,
    is_development_certificate,
)

DAY = 24 * 3600.0


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def issue(files: DevelopmentCertificates, name: x509.GeneralName, folder: Path) -> Path:
    """What a thief of the authority's key would make: a server certificate for `name`."""
    ca = load(files.ca)
    ca_key = serialization.load_pem_private_key((files.ca.parent / "ca.key").read_bytes(), password=None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thief")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(minutes=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    path = folder / "thief.pem"
    path.write_bytes(
        leaf.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def client_accepts(ca: Path, chain: Path, name: str) -> bool:
    """Python's own TLS client, over memory, against a server that presents `chain`."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain)
    client_context = ssl.create_default_context(cafile=str(ca))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return client.version() is not None


def test_second_start_keeps_every_file(tmp_path: Path, clock: FixedClock) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert ensure_development_certificates(tmp_path, clock=clock) == files
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_private_keys_are_for_their_owner_only(tmp_path: Path, clock: FixedClock) -> None:
    ensure_development_certificates(tmp_path, clock=clock)
    for name in ("ca.key", "server.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_open_authority_key_is_refused(tmp_path: Path, clock: FixedClock) -> None:
    ensure_development_certificates(tmp_path, clock=clock)
    (tmp_path / "ca.key").chmod(0o644)
    with pytest.raises(Misconfigured):
        ensure_development_certificates(tmp_path, clock=clock)


def test_authority_signs_nothing_but_leaves_within_its_names(tmp_path: Path, clock: FixedClock) -> None:
    ca = load(ensure_development_certificates(tmp_path, clock=clock, names=["dev.test", "192.0.2.7"]).ca)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert (basic.value.ca, basic.value.path_length, basic.critical) == (True, 0, True)
    assert constraints.critical
    assert set(constraints.value.permitted_subtrees or ()) == {
        x509.DNSName("localhost"),
        x509.DNSName("dev.test"),
        x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
        x509.IPAddress(ipaddress.ip_network("::1/128")),
        x509.IPAddress(ipaddress.ip_network("192.0.2.7/32")),
    }


@pytest.mark.parametrize(
    ("name", "accepted"), [("localhost", True), ("127.0.0.1", True), ("bank.example", False), ("192.0.2.1", False)]
)
def test_stolen_authority_speaks_for_no_other_site(
    tmp_path: Path, clock: FixedClock, name: str, accepted: bool
) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    try:
        general = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        general = x509.DNSName(name)
    assert client_accepts(files.ca, issue(files, general, tmp_path), name) is accepted


def test_certificate_is_renewed_within_a_week_of_its_end_and_the_authority_kept(
    tmp_path: Path, clock: FixedClock
) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    ca, leaf = load(files.ca), load(files.certificate)
    clock.advance(82 * DAY)
    ensure_development_certificates(tmp_path, clock=clock)
    assert load(files.certificate) == leaf
    clock.advance(1.5 * DAY)
    ensure_development_certificates(tmp_path, clock=clock)
    assert load(files.certificate) != leaf
    assert load(files.ca) == ca


def test_authority_is_remade_before_a_certificate_could_outlive_it(tmp_path: Path, clock: FixedClock) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    ca = load(files.ca)
    for _ in range(8):
        clock.advance(85 * DAY)
        ensure_development_certificates(tmp_path, clock=clock)
        assert load(files.certificate).not_valid_after_utc <= load(files.ca).not_valid_after_utc
        load(files.certificate).verify_directly_issued_by(load(files.ca))
    assert load(files.ca) != ca


def test_name_outside_the_constraints_makes_a_new_authority(tmp_path: Path, clock: FixedClock) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    ca = load(files.ca)
    ensure_development_certificates(tmp_path, clock=clock, names=["Dev.Test"])
    names = load(files.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert load(files.ca) != ca
    assert "dev.test" in names.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "server.pem", "server.key"])
@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None])
def test_broken_or_missing_file_is_made_anew(
    tmp_path: Path, clock: FixedClock, name: str, damage: bytes | None
) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    if damage is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(damage)
    ensure_development_certificates(tmp_path, clock=clock)
    load(files.certificate).verify_directly_issued_by(load(files.ca))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)


def test_ten_starts_at_once_agree(tmp_path: Path, clock: FixedClock) -> None:
    with ThreadPoolExecutor(10) as pool:
        made = [pool.submit(ensure_development_certificates, tmp_path, clock=clock) for _ in range(10)]
    assert len({each.result() for each in made}) == 1
    load(tmp_path / "server.pem").verify_directly_issued_by(load(tmp_path / "ca.pem"))
    assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "ca.key", "server.pem", "server.key", "lock"}


def test_development_certificates_are_recognised(tmp_path: Path, clock: FixedClock) -> None:
    files = ensure_development_certificates(tmp_path, clock=clock)
    assert is_development_certificate(files.ca)
    assert is_development_certificate(files.certificate)


def test_other_certificate_is_no_development_certificate(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.example.com")])
    now = datetime.now(UTC)
    certificate = (x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))).sign(
        key, hashes.SHA256()
    )
    path = tmp_path / "own.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    assert not is_development_certificate(path)


@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
def test_unreadable_certificate_is_refused_rather_than_taken_for_a_good_one(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured):
        is_development_certificate(path)


def test_openssl_command_accepts_the_chain(tmp_path: Path, clock: FixedClock) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command")
    files = ensure_development_certificates(tmp_path, clock=clock)
    command = [openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost"]
    said = subprocess.run([*command, "-CAfile", files.ca, files.certificate], capture_output=True, text=True)
    assert said.stdout.strip().endswith("OK"), said.stderr
