"""Every key encryption key keeps these promises, wherever it lives: in a file, in AWS KMS (moto's server), in the
transit engine of OpenBao, in a PKCS#11 token (SoftHSM), or several at once. A new one is a new row in `KINDS`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import TooLarge, Unavailable
from airside.vault import LocalKek, Unopenable
from airside.vault.aead import Kek
from airside.vault.envelope import MAX_PLAINTEXT as LOCAL_MAX
from airside.vault.kms.remote import MAX_PLAINTEXT, KeyService, RemoteKek
from airside.vault.kms.several import Keks
from tests.vault.kms.makers import KINDS, REMOTE, Make, MakeService, keks, services

FIXED_KEY = "airside-kek 1 production kek_0h248h248h248h248h248h248h AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
# AES-256-GCM under the key above with the nonce a0…ab, computed apart from this code.
FIXED_SEALED = bytes.fromhex(
    "0111111111111111111111111111111111a0a1a2a3a4a5a6a7a8a9aaab"
    "876c084c26a022de1645e3b270149228a760eb69537b4fc011700b7ad84f"
)
SECONDS = 0.3
"""How long these tests wait for a service that hangs."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def make(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Make]:
    async with keks(kind, request, tmp_path) as maker:
        yield maker


@pytest.fixture
async def kek(make: Make) -> Kek:
    return await make()


@pytest.fixture(params=REMOTE)
async def make_service(request: pytest.FixtureRequest) -> AsyncIterator[MakeService]:
    async with services(request.param, request) as maker:
        yield maker


@pytest.mark.parametrize("plaintext", [b"", b"x", bytes(MAX_PLAINTEXT)], ids=["empty", "short", "largest"])
async def test_sealed_opens_to_what_it_was(kek: Kek, plaintext: bytes) -> None:
    assert await kek.open(await kek.seal(plaintext, b"context"), b"context") == plaintext


async def test_same_plaintext_never_seals_to_the_same_bytes(kek: Kek) -> None:
    """N42: a nonce is not used again."""
    assert len({await kek.seal(b"same", b"context") for _ in range(50)}) == 50


@pytest.mark.parametrize("context", [b"", b"Context", b"context\0", b"contex"])
async def test_sealed_opens_in_no_other_context(kek: Kek, context: bytes) -> None:
    sealed = await kek.seal(b"attack at dawn", b"context")
    with pytest.raises(Unopenable):
        await kek.open(sealed, context)


async def test_sealed_with_any_byte_changed_doesn_t_open(kek: Kek) -> None:
    sealed = await kek.seal(b"attack at dawn", b"context")
    for place in range(len(sealed)):
        for bit in (0x01, 0x80, 0xFF):
            changed = sealed[:place] + bytes([sealed[place] ^ bit]) + sealed[place + 1 :]
            with pytest.raises(Unopenable):
                await kek.open(changed, b"context")


async def test_sealed_cut_anywhere_doesn_t_open(kek: Kek) -> None:
    sealed = await kek.seal(b"attack at dawn", b"context")
    for length in range(len(sealed)):
        with pytest.raises(Unopenable):
            await kek.open(sealed[:length], b"context")


async def test_sealed_with_more_behind_it_doesn_t_open(kek: Kek) -> None:
    sealed = await kek.seal(b"attack at dawn", b"context")
    for more in (b"\0", sealed):
        with pytest.raises(Unopenable):
            await kek.open(sealed + more, b"context")


async def test_oversized_is_neither_sealed_nor_opened(kek: Kek) -> None:
    with pytest.raises(TooLarge):
        await kek.seal(bytes(LOCAL_MAX + 1), b"context")
    sealed = await kek.seal(b"attack at dawn", b"context")
    for header in (b"\x01", b"\x02", sealed[:17]):
        with pytest.raises(Unopenable):
            await kek.open(header + bytes(2 * LOCAL_MAX), b"context")


async def test_another_key_opens_nothing(make: Make) -> None:
    one, other = await make(), await make()
    assert one.key_id != other.key_id
    sealed = await one.seal(b"attack at dawn", b"context")
    for claimed in (sealed, sealed[:1] + other.tag.bytes + sealed[17:]):
        with pytest.raises(Unopenable):
            await other.open(claimed, b"context")


async def test_refusal_says_nothing_of_why(kek: Kek) -> None:
    sealed = await kek.seal(b"attack at dawn", b"context")
    said: set[tuple[str, str]] = set()
    for wrong, context in ((sealed, b"other"), (sealed[:5], b"context"), (b"", b""), (sealed[:-1] + b"?", b"context")):
        with pytest.raises(Unopenable) as refusal:
            await kek.open(wrong, context)
        said.add((str(refusal.value), str(refusal.value.data)))
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert said == {("unopenable", "{}")}


async def test_what_is_stored_tells_which_key_sealed(kek: Kek, kind: str) -> None:
    """Wire format: a version, and 16 bytes of the key, by which several keys tell theirs apart."""
    sealed = await kek.seal(b"attack at dawn", b"context")
    assert sealed[:17] == bytes([2 if kind in REMOTE else 1]) + kek.tag.bytes


async def test_what_one_sealed_opens_after_another_has_become_current(kek: Kek, tmp_path: Path) -> None:
    """Migration: what the old one sealed opens, what is sealed now is the new one's, and without the old one its own
    doesn't open."""
    new = LocalKek.create(tmp_path / "new", development=False, entropy=SystemEntropy())
    sealed, both = await kek.seal(b"attack at dawn", b"context"), Keks(new, (kek,))
    assert await both.open(sealed, b"context") == b"attack at dawn"
    assert await new.open(await both.seal(b"x", b"context"), b"context") == b"x"
    with pytest.raises(Unopenable):
        await Keks(new).open(sealed, b"context")


async def test_what_an_earlier_version_sealed_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "fixed"
    path.write_text(FIXED_KEY)
    path.chmod(0o600)
    assert await LocalKek.load(path, entropy=SystemEntropy()).open(FIXED_SEALED, b"context") == b"attack at dawn"


class Bent:
    """A real service whose answers are bent on their way; without `bend`, none comes."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self.sealing: Callable[[bytes], bytes] | None = bytes
        self.opening: Callable[[bytes], bytes] | None = bytes

    @property
    def key_id(self) -> str:
        return self._service.key_id

    async def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        answer = await self._service.encrypt(plaintext, context)
        return await _bent(answer, self.sealing)

    async def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        answer = await self._service.decrypt(ciphertext, context)
        return await _bent(answer, self.opening)


async def _bent(answer: bytes, bend: Callable[[bytes], bytes] | None) -> bytes:
    if bend is None:
        await asyncio.sleep(3600)
        raise AssertionError
    return bend(answer)


LIES: list[Callable[[bytes], bytes]] = [
    lambda _: b"",
    lambda _: bytes(32),
    lambda answer: answer[:-1],
    lambda answer: answer + b"\0",
    lambda answer: bytes([answer[0] ^ 1]) + answer[1:],
    lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]),
    lambda answer: answer * 500,
]


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
async def test_service_that_answers_another_plaintext_opens_nothing(
    make_service: MakeService, lie: Callable[[bytes], bytes]
) -> None:
    bent = Bent(make_service())
    kek = RemoteKek(bent)
    sealed = await kek.seal(b"attack at dawn", b"context")
    bent.opening = lie
    with pytest.raises(Unopenable):
        await kek.open(sealed, b"context")
    bent.opening = bytes
    assert await kek.open(sealed, b"context") == b"attack at dawn"


async def test_service_that_answers_the_plaintext_of_something_else_opens_nothing(make_service: MakeService) -> None:
    bent = Bent(make_service())
    kek = RemoteKek(bent)
    other: list[bytes] = []
    bent.opening = lambda answer: other.append(answer) or answer
    sealed, _ = await kek.seal(b"attack at dawn", b"context"), await kek.seal(b"attack at dusk", b"other")
    bent.opening = lambda _: other[-1]
    with pytest.raises(Unopenable):
        await kek.open(sealed, b"context")


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
async def test_service_that_doesn_t_seal_what_it_was_given_seals_nothing(
    make_service: MakeService, lie: Callable[[bytes], bytes]
) -> None:
    """Otherwise a key would be kept that nobody can ever open: found out before anything is sealed with it."""
    bent = Bent(make_service())
    bent.sealing = lie
    with pytest.raises(Unavailable) as refusal:
        await RemoteKek(bent).seal(b"attack at dawn", b"context")
    assert refusal.value.part == "the key service"


async def test_service_that_hangs_is_away_after_a_bounded_time(make_service: MakeService) -> None:
    bent = Bent(make_service())
    kek, clock = RemoteKek(bent, seconds=SECONDS), SystemClock()
    sealed = await RemoteKek(bent).seal(b"attack at dawn", b"context")
    bent.sealing = bent.opening = None
    for ask in (kek.seal(b"attack at dawn", b"context"), kek.open(sealed, b"context")):
        began = clock.monotonic()
        with pytest.raises(Unavailable) as refusal:
            await ask
        assert refusal.value.data["cause"] == "no answer in time"
        assert clock.monotonic() - began < SECONDS + 1
    bent.opening = bytes
    assert await kek.open(sealed, b"context") == b"attack at dawn"
