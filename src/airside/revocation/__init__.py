"""Revocation: what no longer counts although its signature still does.

Owns the entries `{kind, id, before}` of a tenant, their spreading to every node within a second, and the set that a
verifier asks. Doesn't own tokens, sessions or users: they are only words here, and whoever ends one of them says
so. Where freshness can't be shown, the answer is `Unavailable`, never a stale "not revoked".
"""

from airside.revocation.model import Entry, Kind, Page, RevokedSet
from airside.revocation.revocations import CHANNEL, MAX_SILENCE, MAX_WAIT, Revocations

__all__ = ["CHANNEL", "MAX_SILENCE", "MAX_WAIT", "Entry", "Kind", "Page", "Revocations", "RevokedSet"]
