"""N28, G32 in short form: every way to a loopback canary, and how many connections it saw."""

import pytest

from airside.fetch import Fetcher, Refused, Unavailable
from tests.fetch.conftest import Names, Server, answer, redirect

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "0",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ip6-localhost",
]


@pytest.mark.gauntlet
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_loopback_reaches_the_canary(canary: Server, host: str, scheme: str) -> None:
    canary.answers["/"] = answer()
    async with Fetcher() as fetcher:
        with pytest.raises((Refused, Unavailable)):
            await fetcher.get(f"{scheme}://{host}:{canary.port}/", timeout=2)
        with pytest.raises((Refused, Unavailable)):
            await fetcher.post(f"{scheme}://{host}:{canary.port}/", content=b"", timeout=2)
    assert canary.connections == 0


@pytest.mark.gauntlet
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_redirect_leads_to_the_canary(server: Server, canary: Server, host: str) -> None:
    canary.answers["/"] = answer()
    async with Fetcher(allow=frozenset({server.place}), max_redirects=3) as fetcher:
        for scheme in ("https:", "http:", ""):
            server.answers["/"] = redirect(f"{scheme}//{host}:{canary.port}/")
            with pytest.raises((Refused, Unavailable)):
                await fetcher.get(f"http://{server.place}/", timeout=2)
    assert canary.connections == 0


@pytest.mark.gauntlet
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["93.184.215.14", "127.0.0.1"],
        ["127.0.0.1", "93.184.215.14"],
        ["2606:4700::1", "::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["fd00::1"],
        ["fe80::1%lo"],
        ["224.0.0.1"],
        ["localhost"],
    ],
    ids=str,
)
async def test_a_name_with_one_address_that_is_not_public_is_refused(canary: Server, addresses: list[str]) -> None:
    names = Names(evil_example=[addresses])
    async with Fetcher(resolver=names) as fetcher:
        with pytest.raises(Refused):
            await fetcher.get(f"https://evil.example:{canary.port}/")
    assert canary.connections == 0


@pytest.mark.gauntlet
async def test_a_name_that_changes_its_mind_is_asked_once(canary: Server) -> None:
    """DNS rebinding: the second answer, loopback, would only be used by whoever asks twice."""
    names = Names(rebind_example=[["192.0.2.1"], ["127.0.0.1"]])
    place = f"rebind.example:{canary.port}"
    async with Fetcher(allow=frozenset({place}), resolver=names) as fetcher:
        with pytest.raises(Unavailable):
            await fetcher.get(f"http://{place}/", timeout=0.3)
    assert names.asked == ["rebind.example"]
    assert canary.connections == 0


@pytest.mark.gauntlet
async def test_a_proxy_in_the_environment_is_ignored(
    canary: Server, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{canary.place}")
    server.answers["/"] = answer()
    async with Fetcher(allow=frozenset({server.place})) as fetcher:
        await fetcher.get(f"http://{server.place}/")
    assert (server.connections, canary.connections) == (1, 0)


async def test_the_canary_can_be_reached_at_all(canary: Server) -> None:
    """The mutant: with the ban lifted for its place the canary sees a visitor, so the zeros above mean something."""
    canary.answers["/"] = answer()
    async with Fetcher(allow=frozenset({f"localhost:{canary.port}"})) as fetcher:
        assert (await fetcher.get(f"http://localhost:{canary.port}/")).status == 200
        with pytest.raises(Refused):
            await fetcher.get(f"http://127.0.0.1:{canary.port}/")
    assert canary.connections == 1


@pytest.mark.parametrize("name", ["nowhere.example", "x" * 70 + ".example"])
async def test_a_name_that_does_not_resolve_is_unavailable(name: str) -> None:
    async with Fetcher(resolver=Names()) as fetcher:
        with pytest.raises((Unavailable, Refused)):
            await fetcher.get(f"https://{name}/")
