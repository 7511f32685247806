"""Audit: what happened, provably.

Owns the closed vocabulary of events, the journal that writes a record in the transaction of its change, the
per-tenant tree (RFC 9162) with its signed heads, proofs, export and the offline verifier. Does not own what the
events mean, who may read them, or alerts' delivery; and it never keeps a secret.
"""

from airside.audit.activity import Activity, Happened
from airside.audit.authority import Authority, settled
from airside.audit.events import Event
from airside.audit.export import entries, read_entry, write_entry
from airside.audit.journal import Journal
from airside.audit.model import Head, Outcome, Problem, Report
from airside.audit.proofs import consistency, inclusion
from airside.audit.redaction import SecretInRecord
from airside.audit.sequencer import Sequencer
from airside.audit.verify import verify_file, verify_tenant

__all__ = [
    "Activity",
    "Authority",
    "Event",
    "Happened",
    "Head",
    "Journal",
    "Outcome",
    "Problem",
    "Report",
    "SecretInRecord",
    "Sequencer",
    "consistency",
    "entries",
    "inclusion",
    "read_entry",
    "settled",
    "verify_file",
    "verify_tenant",
    "write_entry",
]
