"""Syslog: messages (RFC 5424) and how they follow each other on a stream (RFC 5425 §4.3). Pure.

Whatever a value says stays inside its field: a header has no blanks but its own, a parameter of structured data can't
end its element or begin another, and a text has no line breaks. The text is sent without a byte order mark, as
MSG-ANY (RFC 5424 §6.4): receivers of CEF look for `CEF:` at its beginning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from airside.core.errors import InvalidInput

LOG_AUDIT: Final = 13
"""The facility of audit logs (RFC 5424 §6.2.1)."""
WARNING: Final = 4
NOTICE: Final = 5
INFORMATIONAL: Final = 6
MAX_SEQUENCE: Final = 2_147_483_647
"""The largest `sequenceId`; after it comes 1 (RFC 5424 §7.3.1)."""
MAX_MESSAGE: Final = 64 * 1024
"""Bytes of one message. Receivers take 2048 and ought to take 8192 (RFC 5424 §6.1); ours are seldom longer."""

_MAX_HOST: Final = 255
_MAX_APP: Final = 48
_MAX_PROCESS: Final = 128
_MAX_ID: Final = 32
_REPLACEMENT: Final = "\ufffd"
_NAME: Final = re.compile(r"[!#-<>-\\^-~]{1,32}")
_WORD: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """What one message says. `data` is its structured data: parameters by element."""

    severity: int
    at: datetime
    host: str
    app: str
    process: str
    id: str
    data: Mapping[str, Mapping[str, str]]
    text: str


def write(message: SyslogMessage) -> bytes:
    """The message's bytes (RFC 5424 §6).

    Raises:
        InvalidInput: a header, or a name in its data, that can't be one; or over `MAX_MESSAGE`.
    """
    at = message.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    header = " ".join(
        (
            f"<{LOG_AUDIT * 8 + _severity(message.severity)}>1",
            at,
            _word(message.host, _MAX_HOST),
            _word(message.app, _MAX_APP),
            _word(message.process, _MAX_PROCESS),
            _word(message.id, _MAX_ID),
        )
    )
    elements = "".join(_element(name, params) for name, params in message.data.items())
    written = f"{header} {elements or '-'} {printable(message.text)}".encode(errors="replace")
    if len(written) > MAX_MESSAGE:
        raise InvalidInput("syslog message over its cap")
    return written


def framed(message: bytes) -> bytes:
    """`message` as it goes over a stream: its length, a blank, its bytes (octet counting, RFC 5425 §4.3)."""
    return b"%d %b" % (len(message), message)


def sequence_id(number: int) -> str:
    """`sequenceId` of the message that is preceded by `number` others."""
    return str(number % MAX_SEQUENCE + 1)


def printable(text: str) -> str:
    """`text` with U+FFFD for what can't be printed: control characters and every kind of line break."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _REPLACEMENT for c in text)


def _severity(number: int) -> int:
    if not 0 <= number <= 7:
        raise InvalidInput("no severity of syslog")
    return number


def _word(text: str, most: int) -> str:
    """Printable ASCII without a blank; `-` for nothing."""
    if not text:
        return "-"
    if len(text) > most or not _WORD.fullmatch(text):
        raise InvalidInput("no header of a syslog message")
    return text


def _element(name: str, params: Mapping[str, str]) -> str:
    if not all(_NAME.fullmatch(each) for each in (name, *params)):
        raise InvalidInput("no name in syslog's structured data")
    return "[" + " ".join((name, *(f'{key}="{_value(value)}"' for key, value in params.items()))) + "]"


def _value(text: str) -> str:
    """Backslash, quote and bracket are escaped (RFC 5424 §6.3.3)."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
