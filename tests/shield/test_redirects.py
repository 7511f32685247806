from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.shield.redirects import MAX_TARGET, safe_local_path


@pytest.mark.parametrize(
    "target", ["/", "/console", "/t/acme/account?tab=keys#top", "/a.b/c", "/..a/b", "/?next=%2F%2Fevil"]
)
def test_a_path_on_this_origin_passes_unchanged(target: str) -> None:
    assert safe_local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "console",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        " /console",
        "/ /evil.example",
        "/a//evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/./a",
        "/a/../b",
        "/%2e/a",
        "/a/%2E%2e/b",
        "/.%2E/",
        "https://evil.example",
        "https:/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\x00",
        "/a\r\nSet-Cookie: x=y",
        "/\x7f",
        "/ü",
        "/\u2028",
        "@evil.example",
        "?next=/",
        "#x",
        "/?u=https://evil.example",
        "/" + "a" * MAX_TARGET,
    ],
)
def test_whatever_a_browser_might_read_as_elsewhere_is_refused(target: str) -> None:
    """N10."""
    with pytest.raises(InvalidInput):
        safe_local_path(target)


@given(st.text("/\\.:@?#%2eE \t\nabc", max_size=20))
def test_what_passes_stays_on_the_origin(target: str) -> None:
    try:
        passed = safe_local_path(target)
    except InvalidInput:
        return
    assert urlsplit(urljoin("https://id.example.com/x", passed)).netloc == "id.example.com"
