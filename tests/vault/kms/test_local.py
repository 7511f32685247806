"""The key file: made whole, for its owner alone, and refused in any other state."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.vault import LocalKek

GOOD = "airside-kek 1 production kek_0h248h248h248h248h248h248h AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def test_created_file_is_for_its_owner_alone(tmp_path: Path, entropy: Entropy) -> None:
    LocalKek.create(tmp_path / "kek", development=True, entropy=entropy)
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["kek"]


@pytest.mark.parametrize("development", [True, False])
async def test_loaded_key_is_the_created_one(tmp_path: Path, entropy: Entropy, development: bool) -> None:
    made = LocalKek.create(tmp_path / "kek", development=development, entropy=entropy)
    loaded = LocalKek.load(tmp_path / "kek", entropy=entropy)
    assert (loaded.key_id, loaded.development) == (made.key_id, development)
    assert await loaded.open(await made.seal(b"x", b"y"), b"y") == b"x"


def test_key_made_by_development_is_recognised_as_such(tmp_path: Path, entropy: Entropy) -> None:
    """N43: production start-up asks this before it serves."""
    assert LocalKek.load_or_create(tmp_path / "kek", entropy=entropy).development
    assert not LocalKek.load(written(tmp_path / "other", GOOD), entropy=entropy).development


def test_existing_key_is_never_overwritten(tmp_path: Path, entropy: Entropy) -> None:
    LocalKek.create(tmp_path / "kek", development=True, entropy=entropy)
    before = (tmp_path / "kek").read_bytes()
    with pytest.raises(Misconfigured):
        LocalKek.create(tmp_path / "kek", development=False, entropy=entropy)
    assert (tmp_path / "kek").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kek"]


def test_fifty_making_one_key_at_once_hold_the_same(tmp_path: Path, entropy: Entropy) -> None:
    def make(_number: int) -> str:
        return LocalKek.load_or_create(tmp_path / "kek", entropy=entropy).key_id

    with ThreadPoolExecutor(50) as pool:
        assert len(set(pool.map(make, range(50)))) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644, 0o610, 0o777])
def test_file_open_to_others_is_refused(tmp_path: Path, entropy: Entropy, mode: int) -> None:
    with pytest.raises(Misconfigured, match="chmod 600"):
        LocalKek.load(written(tmp_path / "kek", GOOD, mode), entropy=entropy)


def test_missing_file_is_refused_by_name_of_the_setting(tmp_path: Path, entropy: Entropy) -> None:
    with pytest.raises(Misconfigured) as refusal:
        LocalKek.load(tmp_path / "none", entropy=entropy)
    assert refusal.value.setting == "AIRSIDE_KEK_FILE"


def test_folder_or_pipe_in_its_place_is_refused(tmp_path: Path, entropy: Entropy) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        path.chmod(0o700)
        with pytest.raises(Misconfigured):
            LocalKek.load(path, entropy=entropy)


def test_folder_that_is_not_there_is_refused(tmp_path: Path, entropy: Entropy) -> None:
    with pytest.raises(Misconfigured):
        LocalKek.create(tmp_path / "none" / "kek", development=True, entropy=entropy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        GOOD + GOOD,
        GOOD.replace(" 1 ", " 2 "),
        GOOD.replace("production", "staging"),
        GOOD.replace("kek_", "key_"),
        GOOD.replace("airside-kek", "airside"),
        GOOD.replace("Hh8", "Hg"),
        GOOD.replace("AAEC", "AA=C"),
        GOOD.replace("AAEC", "ÄÄEC"),
        GOOD.strip() + "AAAA\n",
        GOOD + " " * 1000,
    ],
)
def test_anything_but_a_key_file_is_refused(tmp_path: Path, entropy: Entropy, text: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        LocalKek.load(written(tmp_path / "kek", text), entropy=entropy)
    assert "AAEC" not in str(refusal.value)


def test_key_file_cut_short_anywhere_is_refused(tmp_path: Path, entropy: Entropy) -> None:
    for length in range(len(GOOD) - 1):
        with pytest.raises(Misconfigured):
            LocalKek.load(written(tmp_path / "kek", GOOD[:length]), entropy=entropy)


def test_key_prints_nowhere(tmp_path: Path, entropy: Entropy) -> None:
    """N37"""
    kek = LocalKek.load(written(tmp_path / "kek", GOOD), entropy=entropy)
    assert "AAEC" not in repr(kek) + str(vars(kek))
