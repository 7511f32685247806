"""Servers that speak TLS with a key that a test chooses and changes, and proxies: real sockets, every byte heard."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509

from airside.protocols.pins import PATH, pin_of
from tests.senders import Certificate, certificate

NOW = datetime.now(UTC)
NAMES = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
ROOT = certificate("Root", NOW, authority=True)
STRANGER = certificate("Stranger", NOW, authority=True)


def leaf(issuer: Certificate = ROOT, names: tuple[x509.GeneralName, ...] = NAMES) -> Certificate:
    """A server's certificate over a key of its own."""
    return certificate("server", NOW, issuer=issuer, names=names)


def pin(held: Certificate) -> str:
    """The pin of its key."""
    return pin_of(held.der)


@dataclass
class Peer:
    """What a server presents and says, and what it has heard after its handshakes."""

    folder: Path
    held: Certificate
    port: int = 0
    document: tuple[int, bytes] = (404, b"")
    location: str = ""
    heard: bytearray = field(default_factory=bytearray)
    connections: int = 0
    open: list[socket.socket] = field(default_factory=list[socket.socket])

    @property
    def asked(self) -> int:
        """How often for its pins."""
        return self.heard.count(b"GET " + PATH.encode())

    @property
    def requests(self) -> int:
        """How many others."""
        return self.heard.count(b" HTTP/1.1\r\n") - self.asked

    def url(self, host: str = "localhost", path: str = "/notes") -> str:
        return f"https://{host}:{self.port}{path}"

    def serve(self, accepted: socket.socket) -> None:
        """One connection, with the certificate of now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.held.load_into(context, self.folder)
        with context.wrap_socket(accepted, server_side=True) as stream:
            self.open.append(stream)
            kept = bytearray()
            while heard := stream.recv(65536):
                self.heard += heard
                kept += heard
                while (end := kept.find(b"\r\n\r\n")) >= 0:
                    stream.sendall(self._answer(bytes(kept[:end])))
                    del kept[: end + 4]

    def _answer(self, head: bytes) -> bytes:
        status, body = self.document if PATH.encode() in head.split(b"\r\n")[0] else (200, b"ok")
        where = b""
        if self.location:
            status, where = 302, f"location: {self.location}\r\n".encode()
        return b"HTTP/1.1 %d x\r\n%bcontent-length: %d\r\n\r\n%b" % (status, where, len(body), body)


@contextmanager
def serving(peer: Peer) -> Generator[Peer]:
    """The peer at a free port of the loopback."""
    with _listening(lambda accepted: _counted(peer, accepted)) as port:
        peer.port = port
        yield peer
        for stream in peer.open:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxying(*, secured: Peer | None = None, leads: Peer | None = None) -> Generator[str]:
    """A proxy's address. Its own TLS is `secured`'s; it leads to where it is asked to, or to `leads` whatever it is
    asked."""

    def tunnel(accepted: socket.socket) -> None:
        if secured is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secured.held.load_into(context, secured.folder)
            accepted = context.wrap_socket(accepted, server_side=True)
        with accepted:
            head = b""
            while b"\r\n\r\n" not in head:
                head += accepted.recv(4096)
            port = int(head.split(b" ")[1].rpartition(b":")[2]) if leads is None else leads.port
            with socket.create_connection(("127.0.0.1", port)) as onward:
                accepted.sendall(b"HTTP/1.1 200 x\r\n\r\n")
                back = threading.Thread(target=_carry, args=(onward, accepted), daemon=True)
                back.start()
                _carry(accepted, onward)
                back.join(5)

    with _listening(tunnel) as port:
        yield f"{'http' if secured is None else 'https'}://localhost:{port}"


def _counted(peer: Peer, accepted: socket.socket) -> None:
    peer.connections += 1
    peer.serve(accepted)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while heard := source.recv(65536):
            target.sendall(heard)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def _listening(each: Callable[[socket.socket], None]) -> Generator[int]:
    """Hands every connection to `each`, in a thread; what the far side breaks off is its own affair."""
    threads: list[threading.Thread] = []

    def handle(accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), accepted:
            accepted.settimeout(30)
            each(accepted)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                thread = threading.Thread(target=handle, args=(accepted,), daemon=True)
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
    for thread in threads:
        thread.join(5)
