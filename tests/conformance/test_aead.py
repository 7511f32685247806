"""Every `Aead` keeps these promises, wherever its key lives. A new implementation is a new row in `KINDS`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import TooLarge
from airside.vault import Aead, LocalKek, Unopenable
from airside.vault.envelope import MAX_PLAINTEXT

FIXED_KEY = "airside-kek 1 production kek_0h248h248h248h248h248h248h AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
# AES-256-GCM under the key above with the nonce a0…ab, computed apart from this code.
FIXED_SEALED = bytes.fromhex(
    "0111111111111111111111111111111111a0a1a2a3a4a5a6a7a8a9aaab"
    "876c084c26a022de1645e3b270149228a760eb69537b4fc011700b7ad84f"
)


def local(folder: Path) -> Aead:
    return LocalKek.create(folder / "kek", development=False, entropy=SystemEntropy())


def fixed_local(folder: Path) -> Aead:
    path = folder / "fixed"
    path.write_text(FIXED_KEY)
    path.chmod(0o600)
    return LocalKek.load(path, entropy=SystemEntropy())


KINDS: list[Callable[[Path], Aead]] = [local]
FIXED: list[tuple[Callable[[Path], Aead], bytes]] = [(fixed_local, FIXED_SEALED)]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def aead(request: pytest.FixtureRequest, tmp_path: Path) -> Aead:
    return request.param(tmp_path)


@pytest.mark.parametrize("plaintext", [b"", b"x", bytes(MAX_PLAINTEXT)], ids=["empty", "short", "largest"])
async def test_sealed_opens_to_what_it_was(aead: Aead, plaintext: bytes) -> None:
    assert await aead.open(await aead.seal(plaintext, b"context"), b"context") == plaintext


async def test_same_plaintext_never_seals_to_the_same_bytes(aead: Aead) -> None:
    """N42: a nonce is not used again."""
    assert len({await aead.seal(b"same", b"context") for _ in range(100)}) == 100


@pytest.mark.parametrize("context", [b"", b"Context", b"context\0", b"contex"])
async def test_sealed_opens_in_no_other_context(aead: Aead, context: bytes) -> None:
    sealed = await aead.seal(b"attack at dawn", b"context")
    with pytest.raises(Unopenable):
        await aead.open(sealed, context)


async def test_sealed_with_any_byte_changed_doesn_t_open(aead: Aead) -> None:
    sealed = await aead.seal(b"attack at dawn", b"context")
    for place in range(len(sealed)):
        for bit in (0x01, 0x80, 0xFF):
            changed = sealed[:place] + bytes([sealed[place] ^ bit]) + sealed[place + 1 :]
            with pytest.raises(Unopenable):
                await aead.open(changed, b"context")


async def test_sealed_cut_anywhere_doesn_t_open(aead: Aead) -> None:
    sealed = await aead.seal(b"attack at dawn", b"context")
    for length in range(len(sealed)):
        with pytest.raises(Unopenable):
            await aead.open(sealed[:length], b"context")


async def test_sealed_with_more_behind_it_doesn_t_open(aead: Aead) -> None:
    sealed = await aead.seal(b"attack at dawn", b"context")
    for more in (b"\0", sealed):
        with pytest.raises(Unopenable):
            await aead.open(sealed + more, b"context")


async def test_oversized_is_neither_sealed_nor_opened(aead: Aead) -> None:
    with pytest.raises(TooLarge):
        await aead.seal(bytes(MAX_PLAINTEXT + 1), b"context")
    with pytest.raises(Unopenable):
        await aead.open(b"\x01" + bytes(2 * MAX_PLAINTEXT), b"context")


async def test_another_key_opens_nothing(aead: Aead, tmp_path: Path) -> None:
    other = LocalKek.create(tmp_path / "other", development=False, entropy=SystemEntropy())
    with pytest.raises(Unopenable):
        await other.open(await aead.seal(b"attack at dawn", b"context"), b"context")


async def test_refusal_says_nothing_of_why(aead: Aead) -> None:
    sealed = await aead.seal(b"attack at dawn", b"context")
    said: set[tuple[str, str]] = set()
    for wrong, context in ((sealed, b"other"), (sealed[:5], b"context"), (b"", b""), (sealed[:-1] + b"?", b"context")):
        with pytest.raises(Unopenable) as refusal:
            await aead.open(wrong, context)
        said.add((str(refusal.value), str(refusal.value.data)))
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert said == {("unopenable", "{}")}


@pytest.mark.parametrize(("make", "sealed"), FIXED, ids=["local"])
async def test_what_an_earlier_version_sealed_still_opens(
    make: Callable[[Path], Aead], sealed: bytes, tmp_path: Path
) -> None:
    assert await make(tmp_path).open(sealed, b"context") == b"attack at dawn"
