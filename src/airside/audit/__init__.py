"""Audit: what happened, provably.

Owns the closed vocabulary of events, the journal that writes a record in the transaction of its change, the
per-tenant tree (RFC 9162) with its signed heads, proofs, export and the offline verifier; and incidents, with
their timelines. Does not own what the events mean, who may read them, or alerts' delivery; and it never keeps a secret.
"""

from airside.audit.activity import Activity, Happened, recorded
from airside.audit.authority import Authority, settled
from airside.audit.events import Event
from airside.audit.expiry import Expiry
from airside.audit.export import Position, entries, pages, read_entry, write_entry
from airside.audit.formats import write_cef, write_ocsf
from airside.audit.incident_model import Incident, IncidentEntry
from airside.audit.incidents import Incidents
from airside.audit.journal import Journal
from airside.audit.model import (
    ConsistencyProof,
    Entry,
    Found,
    Head,
    InclusionProof,
    Leaf,
    Loose,
    Outcome,
    Placed,
    Problem,
    Record,
    Report,
    Search,
)
from airside.audit.offline import verify_file
from airside.audit.proofs import consistency, inclusion
from airside.audit.redaction import SecretInRecord
from airside.audit.search import AuditLog, search_for
from airside.audit.sequencer import Sequencer
from airside.audit.verify import verify_tenant

__all__ = [
    "Activity",
    "AuditLog",
    "Authority",
    "ConsistencyProof",
    "Entry",
    "Event",
    "Expiry",
    "Found",
    "Happened",
    "Head",
    "Incident",
    "IncidentEntry",
    "Incidents",
    "InclusionProof",
    "Journal",
    "Leaf",
    "Loose",
    "Outcome",
    "Placed",
    "Position",
    "Problem",
    "Record",
    "Report",
    "Search",
    "SecretInRecord",
    "Sequencer",
    "consistency",
    "entries",
    "inclusion",
    "pages",
    "read_entry",
    "recorded",
    "search_for",
    "settled",
    "verify_file",
    "verify_tenant",
    "write_cef",
    "write_entry",
    "write_ocsf",
]
