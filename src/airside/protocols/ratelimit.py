"""`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10 §3, §4), as structured fields (RFC 9651):
by which limit a request was counted, and what is left of it. Pure.
"""

import math
from functools import lru_cache
from typing import Final

from airside.core.gcra import Rate

Line = tuple[bytes, bytes]
REQUESTS: Final = "requests"
"""The name of a limit where the caller isn't to know which it is."""


@lru_cache(maxsize=1024)
def policy(name: str, rate: Rate) -> Line:
    """`name` is a plain word. The quota is what may come at once, the window how long that takes to be whole again."""
    return b"ratelimit-policy", f'"{name}";q={rate.count};w={_seconds(rate.period)}'.encode()


def state(name: str, remaining: int, seconds: float) -> Line:
    """How many more may come now; and in how many seconds as many as there are at most, or, where none may, one."""
    return b"ratelimit", f'"{name}";r={remaining};t={_seconds(seconds)}'.encode()


def _seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds - 1e-6))  # what two clock readings differ by is no second
