"""What a fetch gives back, and the two ways in which it doesn't."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from airside.core.errors import Refusal
from airside.core.errors import Unavailable as CoreUnavailable


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer. Header names are lower-case; repeated headers are joined by `, `. `body` is as sent. `cookies` are
    the values of each `Set-Cookie`, which can't be told apart once joined (RFC 6265 §3)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


class Refused(Refusal):
    """The URL leads where this server doesn't go, or the answer breaks a cap. Trying again won't help."""

    code: ClassVar[str] = "fetch_refused"


class OverCap(Refused):
    """The answer is longer than was asked for; `begun` is as much of it as the cap lets through."""

    def __init__(self, begun: Fetched, max_bytes: int) -> None:
        super().__init__("answer over its cap", max_bytes=max_bytes)
        self.begun = begun


class Unavailable(CoreUnavailable):
    """The remote side is away, too slow, or speaks broken HTTP or TLS. The same fetch may succeed later."""

    def __init__(self, reason: str, retry_after: float = 1.0) -> None:
        super().__init__("the remote server", retry_after)
        self.data["cause"] = reason
