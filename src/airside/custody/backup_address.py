"""Which store backups lie in, in one word.

```
/var/backups/airside
s3://bucket/prefix      ?endpoint=https://…&region=…
```

No word holds a secret. Pure: nothing is looked at.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from airside.vault.kms.address import read_options, read_origin

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_FOLDER: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,126}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_MAX_PREFIX: Final = 512


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket, and the beginning of the names there: empty, or ending with `/`."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None

    @property
    def plain(self) -> bool:
        """Whether the way there is without TLS: to this machine only, and in development only."""
        return self.endpoint is not None and self.endpoint.startswith("http:")

    def __str__(self) -> str:
        """Without its options."""
        return f"s3://{self.bucket}/{self.prefix}"


Target: TypeAlias = Path | S3Address


def read_target(word: str) -> Target:
    """The target that `word` says.

    Raises:
        ValueError: it says none, or one that isn't safe; with a remedy.
    """
    word = word.strip()
    if not word:
        raise ValueError("is empty: name a directory, or s3://BUCKET/PREFIX")
    if word.startswith("s3://"):
        return _s3(word.removeprefix("s3://"))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", word):
        raise ValueError("names a directory, or s3://BUCKET/PREFIX")
    return Path(word)


def _s3(rest: str) -> S3Address:
    place, _, query = rest.partition("?")
    bucket, _, prefix = place.partition("/")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise ValueError("names a bucket: s3://BUCKET/PREFIX")
    folders = prefix.removesuffix("/").split("/") if prefix else []
    if len(prefix) > _MAX_PREFIX or not all(map(_FOLDER.fullmatch, folders)):
        raise ValueError("has a prefix of other characters than letters, digits, -, _, . and / between them")
    options = read_options(query, {"endpoint", "region"})
    endpoint, region = options.get("endpoint"), options.get("region")
    if region is not None and not _REGION.fullmatch(region):
        raise ValueError("names a region such as eu-central-1")
    return S3Address(
        bucket,
        "".join(f"{folder}/" for folder in folders),
        None if endpoint is None else read_origin(endpoint),
        region,
    )
