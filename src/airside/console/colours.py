"""A tenant's colour → the pairs of colours that its pages need, each with enough contrast to be read.

WCAG 2.2: text 4.5 : 1 (1.4.3), the outline of what has the focus 3 : 1 (1.4.11). A colour that can't reach that is
made darker (on light pages) or lighter (on dark ones) until it does, so any colour is a lawful one.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

Rgb: TypeAlias = tuple[int, int, int]

READABLE: Final = 4.5
_LIGHT_GROUND: Final = (0xF3, 0xF5, 0xF7)
"""The light pages' `--ground`; their `--card` is white, and easier to read on."""
_DARK_CARD: Final = (0x18, 0x20, 0x27)
"""The dark pages' `--card`; their `--ground` is darker, and easier to read on."""
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_INK: Final = (0x0B, 0x11, 0x16)
_STEPS: Final = 50
_STRONGER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Palette:
    """An accent, a stronger one for what the pointer is on, and what is written on both; each `#rrggbb`."""

    accent: str
    strong: str
    on_accent: str


def light(colour: str) -> Palette:
    """`colour` (`#rrggbb`) on light pages, white written on it.

    Raises:
        ValueError: not such a colour.
    """
    accent = _until_readable(_parse(colour), _BLACK, (_LIGHT_GROUND, _WHITE))
    return Palette(_text(accent), _text(_mix(accent, _BLACK, _STRONGER)), _text(_WHITE))


def dark(colour: str) -> Palette:
    """`colour` (`#rrggbb`) on dark pages, near-black written on it.

    Raises:
        ValueError: not such a colour.
    """
    accent = _until_readable(_parse(colour), _WHITE, (_DARK_CARD, _INK))
    return Palette(_text(accent), _text(_mix(accent, _WHITE, _STRONGER)), _text(_INK))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    return _contrast(_parse(one), _parse(other))


def style(colour: str) -> str:
    """The style sheet that gives a tenant's pages its colour.

    Raises:
        ValueError: not `#rrggbb`.
    """
    return (
        f":root {{ {_properties(light(colour))} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_properties(dark(colour))} }} }}\n"
    )


def _properties(palette: Palette) -> str:
    return f"--accent: {palette.accent}; --accent-strong: {palette.strong}; --on-accent: {palette.on_accent};"


def _until_readable(colour: Rgb, towards: Rgb, against: tuple[Rgb, ...]) -> Rgb:
    for step in range(_STEPS):
        mixed = _mix(colour, towards, step / _STEPS)
        if all(_contrast(mixed, other) >= READABLE for other in against):
            return mixed
    return towards


def _mix(colour: Rgb, other: Rgb, part: float) -> Rgb:
    red, green, blue = (round(mine + (its - mine) * part) for mine, its in zip(colour, other, strict=True))
    return red, green, blue


def _contrast(one: Rgb, other: Rgb) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _parse(colour: str) -> Rgb:
    if len(colour) != 7 or not colour.startswith("#") or not colour[1:].isalnum() or not colour.isascii():
        raise ValueError("a colour is # and six hexadecimal digits")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _text(colour: Rgb) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)
