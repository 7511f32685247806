"""A real name server on loopback: answers TXT questions over UDP as it is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """`records` are the TXT records by name; with `broken`, every answer is SERVFAIL."""

    port: int = 0
    records: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    broken: bool = False
    asked: list[str] = field(default_factory=list[str])
    transport: asyncio.DatagramTransport | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name = asked.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        answer = dns.message.make_response(question, recursion_available=True)
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.TXT and self.records[name]:
            texts = [_quoted(text) for text in self.records[name]]
            answer.answer.append(dns.rrset.from_text(asked.name, 60, dns.rdataclass.IN, dns.rdatatype.TXT, *texts))
        assert self.transport is not None
        self.transport.sendto(answer.to_wire(), addr)


def _quoted(text: str) -> str:
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, max(1, len(text)), 255))


@asynccontextmanager
async def name_server() -> AsyncGenerator[NameServer]:
    """It answers for as long as the context is open."""
    server = NameServer()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    server.transport = transport
    server.port = transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        transport.close()
