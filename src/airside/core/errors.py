"""Typed refusals. Deep rooms refuse precisely; one table per outward protocol folds them into few words.

A refusal carries data for the log and the tables, never prose for a stranger: what a caller reads is
written in `access/problems.py` and its siblings, by class.
"""

from typing import ClassVar

from airside.core.gcra import Rate


class Refusal(Exception):
    """Base of every deliberate "no". `code` is stable, lower-case, and safe to show."""

    code: ClassVar[str] = "refused"

    def __init__(self, reason: str = "", **data: str | int | float | bool | None) -> None:
        super().__init__(reason or self.code)
        self.reason = reason or self.code
        self.data = data


class InvalidInput(Refusal):
    """The request can't be understood: wrong shape, unknown field, over a cap. `pointer` names the place."""

    code = "invalid_input"


class UnsupportedMedia(InvalidInput):
    """A body of another content type than the route takes; it isn't guessed at (N39)."""

    code = "unsupported_media_type"


class TooLarge(Refusal):
    """More bytes than the route takes."""

    code = "too_large"


class Unauthenticated(Refusal):
    """Nobody we know: missing, malformed, expired or revoked credential."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """Known, but may not."""

    code = "forbidden"


class AssuranceTooLow(Forbidden):
    """Known and entitled, but not proven strongly or recently enough (RFC 9470)."""

    code = "insufficient_user_authentication"


class ReadOnly(Forbidden):
    """The tenant is locked: who may or not, nothing in it is changed."""

    code = "tenant_read_only"


class Banned(Forbidden):
    """The tenant takes no requests from this network."""

    code = "network_banned"


class NotFound(Refusal):
    """Not there, or not yours: the two are never told apart."""

    code = "not_found"


class Conflict(Refusal):
    """It exists already, or has changed since it was read."""

    code = "conflict"


class QuotaExceeded(Conflict):
    """The tenant has as many of something as its plan gives it."""

    code = "quota_exceeded"

    def __init__(self, quota: str, most: int) -> None:
        super().__init__(f"quota {quota} of {most} is used up", quota=quota, most=most)
        self.quota = quota
        self.most = most


class LimitExceeded(Refusal):
    """Too often. `retry_after` in seconds. `rate` is given where the refused may know by which they are counted."""

    code = "limit_exceeded"

    def __init__(self, limit: str, retry_after: float, rate: Rate | None = None) -> None:
        super().__init__(f"limit {limit} exceeded", limit=limit, retry_after=retry_after)
        self.limit = limit
        self.retry_after = retry_after
        self.rate = rate


class Unavailable(Refusal):
    """A needed part is away; the same request may succeed later. `retry_after` in seconds."""

    code = "unavailable"

    def __init__(self, part: str, retry_after: float = 1.0) -> None:
        super().__init__(f"{part} is unavailable", part=part, retry_after=retry_after)
        self.part = part
        self.retry_after = retry_after


class Inconsistent(Refusal):
    """Stored state that no lawful history explains. Loud in the log, silent outside."""

    code = "internal"


class Misconfigured(Refusal):
    """A weak, unknown or contradictory setting. Start-up stops and says `setting` and what to do."""

    code = "misconfigured"

    def __init__(self, setting: str, remedy: str) -> None:
        super().__init__(f"{setting}: {remedy}", setting=setting, remedy=remedy)
        self.setting = setting
        self.remedy = remedy
