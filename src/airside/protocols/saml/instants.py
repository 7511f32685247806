"""Instants as SAML writes them (Core §1.3.3): xs:dateTime, in UTC, with its zone said."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from airside.protocols.saml.refusals import Reason, SamlRefused

MAX_LEEWAY: Final = timedelta(seconds=30)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))", re.ASCII
)


def read_instant(value: str) -> datetime:
    """The instant that `value` names; what is finer than a microsecond is cut off.

    Raises:
        SamlRefused: not an xs:dateTime, without a zone, or outside of the years 1970 to 9000.
    """
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise SamlRefused(Reason.MALFORMED, what="instant")
    whole, fraction, sign, hours, minutes = match.groups()
    if not _FIRST_YEAR <= int(whole[:4]) <= _LAST_YEAR:
        raise SamlRefused(Reason.MALFORMED, what="instant")
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime.fromisoformat(whole).replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
        return moment.replace(tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SamlRefused(Reason.MALFORMED, what="instant") from None


def write_instant(moment: datetime) -> str:
    """`moment` in UTC, to the second.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant has a zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def demand_window(now: datetime, not_before: datetime | None, not_on_or_after: datetime, leeway: timedelta) -> None:
    """Let pass only a `now` inside the window, give or take `leeway` (Core §2.5.1.2).

    Raises:
        SamlRefused: too early or too late.
    """
    if not_before is not None and now + leeway < not_before:
        raise SamlRefused(Reason.NOT_YET)
    if now - leeway >= not_on_or_after:
        raise SamlRefused(Reason.EXPIRED)
