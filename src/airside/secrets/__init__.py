"""Secrets: the vault as applications use it for their own fields.

Owns an application's named keys and their versions, what they seal and open, data keys for sealing where the plaintext
is, tokens of fields, and a store of secrets by path. Does not own the tenant's own keys under which all of that is
wrapped (`vault`), the text form of what is sealed (`protocols/envelope.py`), nor who may use which key (`tenancy`,
`admin`).
"""

from airside.secrets.keys import AppKeys
from airside.secrets.model import MAX_BATCH, AppKey, KeyVersion, Purpose
from airside.secrets.ring import MAX_FIELD, KeyRing
from airside.secrets.secret_store import SecretStore
from airside.secrets.stored import LEASE, MAX_SECRETS, Lease, ReadSecret, SecretVersion, StoredSecret, beginnings

__all__ = [
    "LEASE",
    "MAX_BATCH",
    "MAX_FIELD",
    "MAX_SECRETS",
    "AppKey",
    "AppKeys",
    "KeyRing",
    "KeyVersion",
    "Lease",
    "Purpose",
    "ReadSecret",
    "SecretStore",
    "SecretVersion",
    "StoredSecret",
    "beginnings",
]
