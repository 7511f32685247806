"""An application that holds pins of its server's key: on every call, however it is made, and in a file."""

import asyncio
import fcntl
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.fetch import Fetcher, HeldPins
from airside.protocols.pins import PATH, Pins, pin_of, pin_of_key
from airside.sdk import (
    AppVault,
    Permissions,
    PinsFile,
    RevocationFeed,
    SecretReader,
    ServiceClient,
    Verifier,
    connect,
    host_of,
)
from airside.sdk.frameworks.application import Application
from airside.sdk.frameworks.blocking import BlockingApplication
from airside.sdk.frameworks.credentials import Credential
from airside.sdk.login import Login, LoginSettings
from airside.sdk.pins_file import pins_file
from airside.sdk.sender import Sender
from airside.sdk.sessions import MemorySessions
from tests.sdk.conftest import MOMENT
from tests.sdk.peer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, STORE, Peer, settings

USER = "user:usr_01jd0000000000000000000001"
OTHERS = pin_of_key(b"one"), pin_of_key(b"other")
WITHDRAWN = pin_of_key(b"withdrawn")
LOCK = ".pins.json.lock"
DOCUMENT = PATH.rpartition("/")[2]


def pins(*of: str, host: str = "localhost", later: int = 0) -> Pins:
    return Pins(host, MOMENT - timedelta(hours=1) + timedelta(seconds=later), timedelta(days=1), of)


def right(peer: Peer) -> Pins:
    """Of the certificate that the peer presents."""
    held = peer.ca_file.parent / "server.pem"
    return pins(pin_of(ssl.PEM_cert_to_DER_cert(held.read_text("ascii"))), OTHERS[0])


def application(peer: Peer, moment: FixedClock, held: Pins) -> Application:
    return Application(**settings(peer, moment), pins=held)


def _client(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> ServiceClient:
    return ServiceClient(peer.issuer, CLIENT_ID, Secret(CLIENT_SECRET), fetcher=fetcher, clock=moment)


async def _token(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    return await _client(peer, fetcher, moment).token()


async def _keys(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    return await Verifier(peer.issuer, AUDIENCE, fetcher=fetcher, clock=moment).verify(peer.token())


async def _revocations(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    feed = RevocationFeed(peer.issuer, client=_client(peer, fetcher, moment), fetcher=fetcher, clock=moment)
    await feed.start()
    await feed.stop()
    return feed.current()


async def _permission(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    asking = Permissions(host_of(peer.issuer), STORE, _client(peer, fetcher, moment), fetcher=fetcher)
    return await asking.check(USER, "editor", "note:7")


async def _vault(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    client = _client(peer, fetcher, moment)
    return await AppVault(peer.issuer, "notes", client, fetcher=fetcher, clock=moment).seal(b"x", {})


async def _secret(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    return await SecretReader(peer.issuer, _client(peer, fetcher, moment), fetcher=fetcher).read("billing/key")


async def _sign_in(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> object:
    login = Login(
        peer.issuer,
        LoginSettings(CLIENT_ID, Secret(CLIENT_SECRET), f"{AUDIENCE}/auth/callback"),
        verifier=Verifier(peer.issuer, AUDIENCE, fetcher=fetcher, clock=moment),
        store=MemorySessions(),
        fetcher=fetcher,
        clock=moment,
    )
    begun = await login.begin()
    (state,) = parse_qs(urlsplit(begun.location).query)["state"]
    cookies = {cookie.name: cookie.value for cookie in begun.cookies}
    return await login.finish({"code": "x", "state": state, "iss": peer.issuer}, cookies)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=call.__name__.strip("_"))
        for call in (_token, _keys, _revocations, _permission, _vault, _secret, _sign_in)
    ],
)
async def test_no_call_reaches_a_server_with_another_key(
    call: Callable[[Peer, Fetcher, FixedClock], Awaitable[object]], peer: Peer, moment: FixedClock
) -> None:
    """Its certificate is of the authority that is trusted, for the host that is asked."""
    async with connect(peer.issuer, ca_file=peer.ca_file, pins=pins(*OTHERS), clock=moment) as fetcher:
        with pytest.raises(Unavailable):
            await call(peer, fetcher, moment)
    assert not peer.asked


async def test_application_works_over_the_pinned_key_and_over_no_other(peer: Peer, moment: FixedClock) -> None:
    credential = Credential(peer.token(), Sender("GET", AUDIENCE))
    wrong = application(peer, moment, pins(*OTHERS))
    async with wrong.running():
        with pytest.raises(Unavailable):
            await wrong.verify(credential)
    assert not peer.asked
    peer.tuples.add((USER, "editor", "note:7"))
    held = application(peer, moment, right(peer))
    async with held.running():
        assert (await held.verify(credential)).actor == USER
        assert await held.permissions.check(USER, "editor", "note:7")
    assert peer.asked[DOCUMENT] == 1
    assert {"token", "jwks", "revocations", "check"} <= set(peer.asked)


async def test_application_that_does_not_await_holds_them_too(peer: Peer, moment: FixedClock) -> None:
    peer.tuples.add((USER, "editor", "note:7"))

    def check(held: Pins) -> bool:
        blocking = BlockingApplication(lambda: application(peer, moment, held))
        try:
            return blocking.permission(lambda ask: ask.check(USER, "editor", "note:7"))
        finally:
            blocking.close()

    with pytest.raises(Unavailable):
        await asyncio.to_thread(check, pins(*OTHERS))
    assert not peer.asked
    assert await asyncio.to_thread(check, right(peer))


@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param("https://127.0.0.1:8443/t/acme", id="another host"),
        pytest.param("https://localhost.evil.example/t/acme", id="a longer name"),
        pytest.param("http://localhost:8080/t/acme", id="without TLS"),
    ],
)
def test_pins_of_another_host_than_the_issuers_stop_the_start(issuer: str) -> None:
    with pytest.raises(Misconfigured, match="pins"):
        connect(issuer, pins=pins(*OTHERS))


def test_file_keeps_newer_pins_whole_and_as_readable_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_bytes(pins(*OTHERS).document())
    path.chmod(0o640)
    file = PinsFile(path)
    assert file.read() == pins(*OTHERS)
    file.keep(pins(*reversed(OTHERS), later=1))
    assert file.read() == pins(*reversed(OTHERS), later=1)
    assert path.stat().st_mode & 0o777 == 0o640
    assert set(tmp_path.iterdir()) == {path, tmp_path / LOCK}
    with pytest.raises(OSError, match="No such file"):
        PinsFile(tmp_path / "gone.json").keep(pins(*OTHERS))
    assert set(tmp_path.iterdir()) == {path, tmp_path / LOCK}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(pins(OTHERS[0], WITHDRAWN, later=1), id="older"),
        pytest.param(pins(OTHERS[0], WITHDRAWN, later=2), id="of the same moment"),
        pytest.param(pins(OTHERS[0], WITHDRAWN, later=3, host="other.example"), id="of another host"),
    ],
)
def test_process_that_learned_less_brings_no_withdrawn_key_back(said: Pins, tmp_path: Path) -> None:
    file = PinsFile(tmp_path / "pins.json")
    file.path.write_bytes(pins(OTHERS[0], WITHDRAWN).document())
    held = [HeldPins((file.read(),), clock=FixedClock(MOMENT), learned=file.keep) for _ in range(2)]
    held[0].learn("localhost", 200, pins(*OTHERS, later=2).document(), OTHERS[0])
    held[1].learn("localhost", 200, said.document(), OTHERS[0])
    file.keep(said)
    assert file.read() == pins(*OTHERS, later=2)


def test_of_many_who_keep_at_once_the_newest_stands(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_bytes(pins(*OTHERS).document())
    told = [pins(*OTHERS, later=seconds) for seconds in range(1, 33)]
    with ThreadPoolExecutor(len(told)) as pool:
        list(pool.map(PinsFile(path).keep, reversed(told)))
    assert PinsFile(path).read() == told[-1]


def test_whoever_keeps_waits_for_whoever_is_keeping(tmp_path: Path) -> None:
    file = PinsFile(tmp_path / "pins.json")
    file.path.write_bytes(pins(*OTHERS).document())
    keeping = Thread(target=file.keep, args=(pins(*OTHERS, later=1),))
    with (tmp_path / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeping.start()
        keeping.join(0.2)
        assert keeping.is_alive()
        file.path.write_bytes(pins(*OTHERS, later=2).document())
    keeping.join(10)
    assert file.read() == pins(*OTHERS, later=2)


def test_where_the_path_is_a_link_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    target, link = tmp_path / "held" / "pins.json", tmp_path / "pins.json"
    target.write_bytes(pins(*OTHERS).document())
    link.symlink_to(target)
    PinsFile(link).keep(pins(*OTHERS, later=1))
    assert link.is_symlink()
    assert PinsFile(target).read() == PinsFile(link).read() == pins(*OTHERS, later=1)


def test_what_is_no_document_any_more_makes_room(tmp_path: Path) -> None:
    file = PinsFile(tmp_path / "pins.json")
    file.path.write_bytes(b"{")
    file.keep(pins(*OTHERS))
    assert file.read() == pins(*OTHERS)


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="no file"), pytest.param(b"{}", id="no document"), pytest.param(b"", id="empty")]
)
def test_environment_that_names_no_pins_stops_the_start(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    if content is not None:
        path.write_bytes(content)
    demand_refused(str(path))


def test_setting_that_is_empty_stops_the_start_and_turns_no_pinning_off() -> None:
    demand_refused("")
    assert pins_file({}) is None


def demand_refused(named: str) -> None:
    environment = {
        "AIRSIDE_ISSUER": "https://localhost:8443/t/acme",
        "AIRSIDE_STORE_ID": STORE,
        "AIRSIDE_CLIENT_ID": CLIENT_ID,
        "AIRSIDE_CLIENT_SECRET": CLIENT_SECRET,
        "AIRSIDE_PINS_FILE": named,
    }
    with pytest.raises(Misconfigured, match="AIRSIDE_PINS_FILE"):
        Application.from_environment(audience=AUDIENCE, environment=environment)
