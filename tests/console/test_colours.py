"""Any colour a tenant may choose can be read, in light and in dark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.console.colours import contrast, dark, light, style

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOURS)
def test_every_colour_is_readable_on_every_ground(colour: str) -> None:
    """WCAG 2.2, 1.4.3: the accent as text and under text, as it is and when the pointer is on it."""
    for palette, grounds in ((light(colour), ("#f3f5f7", "#ffffff")), (dark(colour), ("#182027", "#0f151a"))):
        assert all(contrast(palette.accent, ground) >= 4.5 for ground in grounds)
        assert contrast(palette.on_accent, palette.accent) >= 4.5
        assert contrast(palette.on_accent, palette.strong) >= 4.5


def test_a_colour_that_can_be_read_is_kept() -> None:
    assert light("#0b5d6b").accent == "#0b5d6b"
    assert dark("#6fc7d6").accent == "#6fc7d6"


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#123456;", "}body{x:y", "#１２３４５６", "url(x)"])
def test_what_is_no_colour_never_reaches_a_style_sheet(text: str) -> None:
    """N29"""
    with pytest.raises(ValueError, match=r"colour|invalid literal"):
        style(text)
