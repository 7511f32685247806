"""Asking a k-anonymity service whether a password was leaked: it learns 20 bits of a SHA-1, never the password.

The range API of Have I Been Pwned's Pwned Passwords: `GET {url}/{first five hex digits}` answers with the rest of
every hash that begins so, one `SUFFIX:COUNT` a line; with `Add-Padding` there are lines of count 0 among them, so
that the size of the answer doesn't tell which range was asked for.
"""

import re
from hashlib import sha1
from typing import Final

from airside.fetch import Fetcher, Refused, Unavailable

MAX_ANSWER: Final = 256 * 1024
"""Bytes: a range is about 40 KiB with its padding."""
TIMEOUT: Final = 2.0
"""Seconds: somebody waits for their new password."""
_PREFIX: Final = 5
_LINE: Final = re.compile(rb"([0-9A-Fa-f]{35}):([0-9]{1,12})")
_HEADERS: Final = {"add-padding": "true", "user-agent": "Airside"}


class LeakService:
    """One service at one address."""

    def __init__(self, *, fetcher: Fetcher, url: str) -> None:
        self._fetcher = fetcher
        self._url = url.rstrip("/")

    async def knows(self, password: bytes) -> bool:
        """Whether `password` is among the leaked ones.

        Raises:
            Unavailable: the service is away, or answers something else than a range.
        """
        digest = sha1(password, usedforsecurity=False).hexdigest().upper()
        prefix, suffix = digest[:_PREFIX], digest[_PREFIX:].encode()
        try:
            answer = await self._fetcher.get(
                f"{self._url}/{prefix}", headers=_HEADERS, max_bytes=MAX_ANSWER, timeout=TIMEOUT
            )
        except Refused as refusal:
            raise Unavailable(refusal.reason) from None
        if answer.status != 200:
            raise Unavailable("another status than 200")
        return suffix in _leaked(answer.body)


def _leaked(body: bytes) -> set[bytes]:
    """The suffixes that were seen at least once; padding says 0."""
    seen: set[bytes] = set()
    for line in body.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise Unavailable("an answer that is no range")
        if int(found[2]):
            seen.add(found[1].upper())
    return seen
