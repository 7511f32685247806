"""Which characters mislead: what controls a device, breaks a line or turns it round. Whatever else there is, or will be
in a later Unicode than Python's tables know, is somebody's language.
"""

import re
from typing import Final

# The categories Cc and Cs, which are closed (Unicode's stability policy); embeddings, overrides and isolates (UAX #9).
_ALWAYS: Final = "\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069"
# In a line also: layout, separators of lines and paragraphs, and the marks of direction, which a text needs.
_IN_A_LINE: Final = "\t\n\r\f\u2028\u2029\u061c\u200e\u200f"

MISLEADING_IN_TEXT: Final = re.compile(f"[{_ALWAYS}]")
"""Text of several lines: tab, line feed, return and form feed are its own."""

MISLEADING_IN_LINE: Final = re.compile(f"[{_ALWAYS}{_IN_A_LINE}]")
"""A name or a path."""
