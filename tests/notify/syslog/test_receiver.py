"""A receiver has a batch when it says so, and not when the socket has taken it (RFC 5425 §4.4)."""

import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from airside.core.clock import Clock
from airside.core.errors import Misconfigured
from airside.notify.model import WayShut
from airside.notify.syslog import SyslogReceiver, SyslogServer, read_address, syslog_context
from airside.transport import DevelopmentCertificates
from tests.notify.syslog.kit import Rsyslog
from tests.running import HOST, free_port
from tests.senders import certificate

MESSAGES = [b"<109>1 - - - - - - one", b"<109>1 - - - - - - two"]
FRAMES = b"22 <109>1 - - - - - - one22 <109>1 - - - - - - two"


@contextmanager
def listening(
    certificates: DevelopmentCertificates, *, says_goodbye: bool, reads: int = len(FRAMES)
) -> Generator[tuple[SyslogServer, bytearray]]:
    """A receiver that reads `reads` bytes of one connection, and then says goodbye or just goes."""
    tls, heard = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), bytearray()
    tls.load_cert_chain(certificates.certificate, certificates.key)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            plain, _ = listener.accept()
            wrapped = tls.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
            while len(heard) < reads:
                heard.extend(wrapped.recv(reads - len(heard)))
            if says_goodbye:
                with suppress(ssl.SSLError):  # what comes after the goodbye
                    wrapped.unwrap().close()
            wrapped.close()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield SyslogServer(HOST, listener.getsockname()[1], ca=certificates.ca), heard
    thread.join(10)


async def test_batch_is_taken_when_the_receiver_says_that_it_has_read_to_the_end(
    certificates: DevelopmentCertificates,
) -> None:
    with listening(certificates, says_goodbye=True) as (server, heard):
        await SyslogReceiver(server, tls=syslog_context(server)).send(MESSAGES)
    assert bytes(heard) == FRAMES


async def test_receiver_that_reads_everything_and_goes_without_a_word_has_confirmed_nothing(
    certificates: DevelopmentCertificates,
) -> None:
    with listening(certificates, says_goodbye=False) as (server, heard), pytest.raises(WayShut):
        await SyslogReceiver(server, tls=syslog_context(server)).send(MESSAGES)
    assert bytes(heard) == FRAMES


@pytest.mark.parametrize("reads", [0, 10], ids=["nothing", "a part"])
async def test_receiver_that_says_goodbye_before_it_has_read_everything_has_confirmed_nothing(
    reads: int, certificates: DevelopmentCertificates
) -> None:
    with listening(certificates, says_goodbye=True, reads=reads) as (server, _), pytest.raises(WayShut):
        await SyslogReceiver(server, tls=syslog_context(server)).send(MESSAGES)


@pytest.mark.parametrize("known", [True, False], ids=["with a certificate", "without"])
async def test_receiver_that_demands_a_certificate_is_shown_ours(
    known: bool, tmp_path: Path, certificates: DevelopmentCertificates, clock: Clock
) -> None:
    authority = certificate("clients", clock.now(), authority=True)
    ours, file = certificate("airside", clock.now(), issuer=authority), tmp_path / "ours.pem"
    file.touch(0o600)
    file.write_bytes(ours.private + ours.pem)
    clients = tmp_path / "clients.pem"
    clients.write_bytes(authority.pem)
    rsyslog = Rsyslog(tmp_path, certificates, free_port(), clients)
    pair = (file, file) if known else (None, None)
    server = SyslogServer(HOST, rsyslog.port, certificates.ca, *pair)
    await rsyslog.start()
    try:
        sending = SyslogReceiver(server, tls=syslog_context(server)).send(MESSAGES)
        if known:
            await sending
        else:
            with pytest.raises(WayShut):
                await sending
    finally:
        rsyslog.kill()


def test_address_says_everything_of_the_receiver() -> None:
    found = read_address("tls://siem.example.com?ca=/a.pem&certificate=/c.pem&key=/k.pem&personal=yes")
    assert found == SyslogServer("siem.example.com", 6514, Path("/a.pem"), Path("/c.pem"), Path("/k.pem"), True)


@pytest.mark.parametrize("which", ["ca", "open key", "pair"])
def test_file_that_is_something_else_is_refused_by_the_settings_name(
    which: str, tmp_path: Path, certificates: DevelopmentCertificates
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"no key" if which == "pair" else certificates.key.read_bytes())
    key.chmod(0o644 if which == "open key" else 0o600)
    ca = certificates.key if which == "ca" else certificates.ca
    with pytest.raises(Misconfigured, match="AIRSIDE_SYSLOG_URL"):
        syslog_context(SyslogServer(HOST, 6514, ca, certificates.certificate, key))
