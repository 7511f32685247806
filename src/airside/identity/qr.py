"""A text as a picture that a phone reads: SVG without styles, scripts or sizes, fit for a page that allows none."""

from io import BytesIO
from typing import Final

import segno

_QUIET: Final = 4
"""Modules of empty margin that readers need (ISO/IEC 18004 §6.3.8)."""


def svg(text: str) -> str:
    """An `<svg class="qr">` of black on white, whatever the page's colours. It only has presentation attributes,
    which no Content-Security-Policy forbids; its size is the style sheet's to say.

    Raises:
        ValueError: more text than a QR code holds (about 2 KiB).
    """
    out = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        *(out, "svg"),
        border=_QUIET,
        dark="#000",
        light="#fff",
        xmldecl=False,
        nl=False,
        svgclass="qr",
        lineclass=None,
        omitsize=True,
    )
    return out.getvalue().decode()
