"""Nothing is read from quarantine that a scanner hasn't seen; the scanner is Debian's own."""

import asyncio
from pathlib import Path

import pytest

from airside.core.errors import NotFound, Unavailable
from airside.shield.uploads import ClamAv, Infected, Quarantine, Scanner
from tests.shield.uploads.conftest import EICAR, OURS, STREAM_MAX


def _files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*") if path.is_file())


async def test_a_clean_file_passes_whatever_its_size_within_the_daemons(clamd: str) -> None:
    for data in (b"x", b"x" * 200_000):
        await ClamAv(clamd).scan(data)


@pytest.mark.parametrize("data", [EICAR, OURS], ids=["eicar", "ours"])
async def test_a_known_file_is_infected(clamd: str, data: bytes) -> None:
    with pytest.raises(Infected):
        await ClamAv(clamd).scan(data)


async def test_a_file_that_nobody_can_tell_of_is_not_clean(clamd: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await ClamAv(clamd).scan(b"x" * (2 * STREAM_MAX))
    with pytest.raises(Unavailable):
        await ClamAv(str(tmp_path / "nobody")).scan(b"x")


async def test_a_daemon_that_says_nothing_or_something_else_is_away() -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        for said in (b"", b"stream: OK and more\0", b"OK\0", b"x" * 10_000):  # noqa: B007 - what the server says
            with pytest.raises(Unavailable):
                await ClamAv(server.sockets[0].getsockname()).scan(b"x")


async def test_a_daemon_that_never_answers_ends_in_its_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        with pytest.raises(Unavailable):
            await ClamAv(server.sockets[0].getsockname(), seconds=0.05).scan(b"x")


async def test_what_is_clean_can_be_read_and_what_is_infected_is_gone(clamd: str, tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, ClamAv(clamd))
    name = await quarantine.take(b"hello")
    assert await quarantine.read(name) == b"hello"
    with pytest.raises(Infected):
        await quarantine.take(EICAR)
    assert _files(tmp_path) == ["clean"]


async def test_what_nobody_has_seen_waits_and_is_not_read(clamd: str, tmp_path: Path) -> None:
    away = Quarantine(tmp_path, ClamAv(str(tmp_path / "nobody")))
    names: list[str] = []
    for data in (b"hello", EICAR):
        with pytest.raises(Unavailable) as caught:
            await away.take(data)
        names.append(str(caught.value.data["name"]))
    for name in (*names, "../held/" + names[0], "", "A" * 32):
        with pytest.raises(NotFound):
            await away.read(name)
    assert _files(tmp_path) == ["held", "held"]
    back = Quarantine(tmp_path, ClamAv(clamd))
    assert await back.look_again() == [names[0]]
    assert (await back.read(names[0]), _files(tmp_path)) == (b"hello", ["clean"])


class _Descending:
    """Entropy whose names are sorted the other way round than they were drawn."""

    def __init__(self) -> None:
        self._left = 255

    def bytes(self, count: int) -> bytes:
        self._left -= 1
        return bytes([self._left] * count)


async def test_what_nobody_can_tell_of_holds_nothing_else_up(clamd: str, tmp_path: Path) -> None:
    away = Quarantine(tmp_path, ClamAv(str(tmp_path / "nobody")), entropy=_Descending())
    names: list[str] = []
    for data in (b"last", b"x" * (2 * STREAM_MAX), EICAR, b"first"):
        with pytest.raises(Unavailable) as caught:
            await away.take(data)
        names.append(str(caught.value.data["name"]))
    last, large, _, first = names
    with pytest.raises(Unavailable):
        await away.look_again()
    back = Quarantine(tmp_path, ClamAv(clamd))
    assert await back.look_again() == [first, last]
    assert [path.name for path in (tmp_path / "held").iterdir()] == [large]
    with pytest.raises(Unavailable):
        await back.look_again()


class _Overtaken:
    """A scanner that takes its time: somebody else looks again, by `quicker`, before it says that all is well."""

    def __init__(self, folder: Path, quicker: Scanner) -> None:
        self._other = Quarantine(folder, quicker)

    async def scan(self, data: bytes) -> None:
        await self._other.look_again()


async def test_what_another_process_judged_first_is_as_it_judged(clamd: str, tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, _Overtaken(tmp_path, ClamAv(clamd)))
    name = await quarantine.take(b"hello")
    assert await quarantine.read(name) == b"hello"
    with pytest.raises(Infected):
        await quarantine.take(EICAR)
    assert _files(tmp_path) == ["clean"]
