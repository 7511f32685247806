"""Custody: what becomes of a tenant's data as a whole.

Owns the shredding of a tenant (grace period, keys destroyed, rows emptied) and the signed certificate that says so.
Does not own the erasure of a person (identity), nor the keys themselves (vault).
"""

from airside.custody.certificate import Certificate, Verified, read_certificate
from airside.custody.model import DEFAULT_GRACE, MAX_GRACE, Shredded
from airside.custody.shredder import Shredder
from airside.custody.shredding import Shredding

__all__ = [
    "DEFAULT_GRACE",
    "MAX_GRACE",
    "Certificate",
    "Shredded",
    "Shredder",
    "Shredding",
    "Verified",
    "read_certificate",
]
