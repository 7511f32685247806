"""RFC 9457 problem details: how a refusal looks from outside. `code` is ours, stable, and what programs read."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal in outward words.

    `type` stays `about:blank` (RFC 9457 §4.2.1), so `title` is the status's own phrase; `detail` is for a
    person and never names a table, a file, a class or another user.
    """

    status: int
    code: str
    detail: str = ""
    request_id: str = ""
    type: str = "about:blank"

    @property
    def title(self) -> str:
        """The status's phrase, as HTTP spells it."""
        return HTTPStatus(self.status).phrase

    def render(self) -> bytes:
        """The JSON text: always the same six members, in the same order."""
        return msgspec.json.encode(
            {
                "type": self.type,
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "request_id": self.request_id,
            }
        )
