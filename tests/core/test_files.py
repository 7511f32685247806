from pathlib import Path

import pytest

from airside.core.files import replace_file


def test_file_is_replaced_with_its_mode_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, mode in ((b"one", 0o644), (b"other", 0o600)):
        replace_file(path, content, mode)
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, mode)
    assert list(tmp_path.iterdir()) == [path]


def test_what_can_not_be_replaced_stays_and_nothing_is_left_beside(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="irectory"):
        replace_file(folder, b"content", 0o600)
    assert list(tmp_path.iterdir()) == [folder]
