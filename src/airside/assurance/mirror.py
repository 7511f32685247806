"""An advisory database from a mirror, by our own way out."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from airside.core.errors import InvalidInput, Unavailable
from airside.fetch import Fetcher

MAX_DOWNLOAD: Final = 512 * 1024 * 1024  # bytes
TIMEOUT: Final = 600.0  # seconds
_REDIRECTS: Final = 3


async def fetch_database(url: str, *, ca_file: Path | None = None) -> bytes:
    """What `url` answers: a zip of advisories, or one JSON text.

    The host may be a private one, for its operator named it. `ca_file` is a PEM file of the only authorities to
    trust.

    Raises:
        InvalidInput: no https URL: whoever can change advisories on their way can hide some.
        Refused, Unavailable: as `Fetcher.get`, or another answer than 200.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise InvalidInput("the mirror's address is no URL") from None
    if parts.scheme != "https" or not parts.hostname:
        raise InvalidInput("the mirror's address must be an https:// URL")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    async with Fetcher(allow=frozenset({f"{host}:{port}"}), trust=ca_file, max_redirects=_REDIRECTS) as fetcher:
        answer = await fetcher.get(url, max_bytes=MAX_DOWNLOAD, timeout=TIMEOUT)
    if answer.status != 200:
        raise Unavailable(f"the mirror ({answer.status})")
    return answer.body
