"""Questions to a real name server."""

import pytest

from airside.core.errors import Unavailable
from airside.fetch import DnsTextRecords
from tests.fetch.name_server import name_server


async def test_every_text_of_a_name_is_told_its_strings_put_together() -> None:
    """RFC 1035 §3.3.14; RFC 7208 §3.3 says the same of how strings are joined."""
    async with name_server() as server:
        server.records["a.example.test"] = ["one", "x" * 300]
        assert sorted(await DnsTextRecords(server.place).texts("a.example.test")) == ["one", "x" * 300]


async def test_name_that_is_not_there_and_name_without_texts_have_none() -> None:
    async with name_server() as server:
        server.records["bare.example.test"] = []
        texts = DnsTextRecords(server.place)
        assert await texts.texts("none.example.test") == await texts.texts("bare.example.test") == []


async def test_server_that_cannot_say_is_not_taken_for_no() -> None:
    async with name_server() as server:
        server.broken = True
        with pytest.raises(Unavailable):
            await DnsTextRecords(server.place).texts("a.example.test")


async def test_texts_over_their_cap_are_not_looked_at() -> None:
    async with name_server() as server:
        server.records["a.example.test"] = ["x" * 1025, "short"]
        assert await DnsTextRecords(server.place).texts("a.example.test") == ["short"]


async def test_malformed_name_is_not_asked_for() -> None:
    async with name_server() as server:
        with pytest.raises(Unavailable):
            await DnsTextRecords(server.place).texts("a..example")
        assert server.asked == []
