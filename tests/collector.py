"""A receiver of OTLP over HTTP on a loopback socket, read by OpenTelemetry's own messages."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """Keeps what it is sent, and answers `status`."""

    url: str = ""
    status: int = 200
    raw: list[bytes] = field(default_factory=list[bytes])

    @property
    def spans(self) -> list[Span]:
        read = [ExportTraceServiceRequest.FromString(body) for body in self.raw]
        return [span for one in read for of in one.resource_spans for scope in of.scope_spans for span in scope.spans]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: kept if it is OTLP's."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head.startswith(b"post /v1/traces "):
            assert b"content-type: application/x-protobuf\r\n" in head
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self.raw.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % self.status)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def collecting() -> AsyncGenerator[Collector]:
    """A collector that listens until the context ends."""
    made = Collector()
    listening = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/traces"
    async with listening:
        yield made
