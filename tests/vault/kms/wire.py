"""A wire between us and a key service, which can be cut, and which can swallow what is said."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from tests.running import free_port


class Wire:
    """Passes bytes on to `there` for as long as it is `whole`; `silent`, it takes them and answers nothing."""

    def __init__(self, there: int) -> None:
        self.port = free_port()
        self.silent = False
        self._there = there
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        """Connections come through."""
        self.silent = False
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """No connection comes through, and those that were are gone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._open):
            writer.transport.abort()
        if server is not None:
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._there)
        self._open |= {writer, there_writer}
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        self._open -= {writer, there_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(there: int) -> AsyncGenerator[Wire]:
    """A whole one to the loopback port `there`."""
    made = Wire(there)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()
