"""`airside apikeys scan`: leaked keys are found by their checksum, wherever in a tree they stand."""

import json
import os
from pathlib import Path

import pytest

from airside.cli.apikeys_scan import BLOCK, MAX_BYTES, find
from airside.core.entropy import Entropy
from airside.protocols.apikey import new_key, new_lookup


@pytest.fixture
def secret(entropy: Entropy) -> str:
    return new_key("secret", "live", new_lookup(entropy), entropy).reveal()


def test_keys_are_found_with_their_lines(tmp_path: Path, secret: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "settings.py").write_text(f"import x\n\nKEY = '{secret}'\n")
    (tmp_path / "notes.txt").write_text(f"{secret[:-1]}~ sk_live_{'a' * 57}\n")
    (tmp_path / "config.json").write_text(json.dumps({"key": secret}))
    found = find(tmp_path)
    assert [(leak.path.name, leak.line) for leak in found] == [("config.json", 1), ("settings.py", 3)]


def test_key_at_the_end_of_a_whole_block_is_found(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "whole"
    file.write_bytes(b" " * (BLOCK - len(secret)) + secret.encode())
    assert len(find(file)) == 1


@pytest.mark.parametrize("shift", [-64, -33, -1, 0, 1])
def test_key_across_two_blocks_is_found_once(tmp_path: Path, secret: str, shift: int) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"\n" * (BLOCK + shift - 32) + secret.encode() + b"\n" + b"x" * BLOCK)
    assert [(leak.line, leak.key.text.reveal()) for leak in find(file)] == [(BLOCK + shift - 31, secret)]


def test_binary_huge_and_special_files_and_links_are_left_out(
    tmp_path: Path, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "image").write_bytes(b"\x89PNG\x00" + secret.encode())
    with (tmp_path / "huge").open("wb") as huge:
        huge.write(secret.encode())
        huge.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "file").write_text(secret)
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "filelink").symlink_to(outside / "file")
    assert find(tmp_path) == []
    assert "huge" in capsys.readouterr().err
