from urllib.parse import quote

import pytest

from airside.shield.paths import PathTable, is_plain
from tests.shield.kit import LAWFUL, MISLEADING


@pytest.mark.parametrize("path", ["/", "/t/acme", "/.well-known/openid-configuration", "/a/", "/a..b/.c", "/ü", "/a%b"])
def test_ordinary_paths_are_plain(path: str) -> None:
    assert is_plain(path, path.encode())


@pytest.mark.parametrize("word", LAWFUL, ids=ascii)
def test_paths_in_any_language_are_plain(word: str) -> None:
    assert is_plain(f"/wiki/{word}", quote(f"/wiki/{word}").encode())


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("", ""),
        ("*", "*"),
        ("t/acme", "t/acme"),
        ("//", "//"),
        ("/a//b", "/a//b"),
        ("/a/../b", "/a/../b"),
        ("/a/./b", "/a/./b"),
        ("/..", "/.."),
        ("/a/..", "/a/%2e%2e"),
        ("/a/b", "/a%2Fb"),
        ("/a\\b", "/a%5cb"),
        ("/a\\b", "/a\\b"),
        ("/a\x00", "/a%00"),
        ("/a\r\nb", "/a%0d%0ab"),
        ("/a.b", "/a%2Eb"),
        *((f"/a{character}b", f"/a{quote(character.encode('utf-8', 'surrogatepass'))}b") for character in MISLEADING),
    ],
)
def test_a_path_that_two_layers_would_read_apart_is_not(path: str, raw: str) -> None:
    """N32."""
    assert not is_plain(path, raw.encode())


def test_the_first_pattern_that_matches_wins() -> None:
    table = PathTable("caps", {"/t/{slug}/upload": 1, "/t/acme/{what}": 2})
    assert table.get("/t/acme/upload") == 1
    assert table.get("/t/acme/other") == 2
    assert table.get("/t/other/other") is None
    assert table.get("/t//upload") is None
