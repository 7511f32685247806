"""Every metric of ours, and what it tells: one row each, without the prefix `airside_` and a counter's `_total`."""

from collections.abc import Mapping
from typing import Final

HELP: Final[Mapping[str, str]] = {
    "http_request_duration_seconds": "Requests answered, and how long that took, by route, method and status.",
    "http_unreadable_requests": "Heads that were malformed or too large to be a request.",
    "audit_events": "Events committed to the audit log by this process, and every refusal it journalled.",
    "signins": "Sign-ins by how they ended.",
    "token_requests": "Requests at the token endpoint by grant, and issued or the error code of RFC 6749.",
    "permission_checks": "Permission questions answered.",
    "permission_checks_at_once": "Those of them that were answered without a wait.",
    "permission_decision_duration_seconds": "How long those took that were neither answered at once nor remembered.",
    "cache_lookups": "Lookups in memory, by what was looked for and whether it was there.",
    "limit_refusals": "Refusals by limit.",
    "kms_calls": "Questions to the key encryption key, and how they ended.",
    "kms_call_duration_seconds": "How long they took.",
    "database_connections": "Connections: the most there may be, those that are open, and those that are free.",
    "database_waiting_requests": "Requests that wait for a connection now.",
    "database_loans_at_hand": "Connections lent without asking the pool.",
    "database_loan_wait_seconds": "How long the other loans waited.",
    "database_loans_in_vain": "Loans that weren't met: none was free in time for its tenant, or the database is away.",
    "tenants": "Tenants that the last survey looked at.",
    "survey_unseen_tenants": "Tenants that it couldn't look at.",
    "survey_age_seconds": "How long ago the last whole survey of all tenants ended.",
    "outbox_items": "Letters and logout tokens that wait to leave, of all tenants together.",
    "outbox_oldest_age_seconds": "How long the first of them has waited.",
    "audit_unplaced_oldest_age_seconds": "How long the first audit record has waited for its place in the tree.",
    "audit_unsigned_oldest_age_seconds": "How old the first audit record is that no signed head covers.",
    "signing_key_oldest_age_seconds": "Age of the oldest key that signs tokens.",
    "data_key_oldest_age_seconds": "Age of the oldest data key that seals.",
    "backup_age_seconds": "Age of the newest whole backup at the target.",
    "revocation_feed_silence_seconds": "How long nothing has been heard of other processes, nor of what they revoked.",
    "event_loop_lag_seconds": "How much later than it wanted a timer ran.",
    "clock_offset_seconds": "How far this machine's clock is ahead of the database's.",
}
