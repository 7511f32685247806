"""API keys: with which programs come, as safe as people's sessions. Minted once, stored as a hash, authenticated.

Owns the keys of a tenant (what each is scoped and bound to, until when it is good, that it was rotated or revoked, when
it was last used), the service accounts that own keys beside people, and the judgement of a key that is presented. Does
not own how a key is spelt (`protocols/apikey`), what its owner may (`permissions`, asked at each use by `access`), nor
who may mint one (`admin`).
"""

from airside.apikeys.accounts import ServiceAccounts
from airside.apikeys.keys import ApiKeys
from airside.apikeys.last_use import LastUse
from airside.apikeys.memory import KeyMemory
from airside.apikeys.model import (
    MAX_LIFETIME,
    MAX_OVERLAP,
    MAX_PAGE,
    AccountState,
    ApiKey,
    KeyDraft,
    KeyState,
    Owner,
    ServiceAccount,
    UserStates,
    read_owner,
)
from airside.apikeys.verifier import KeyRefused, KeyVerifier, VerifiedKey

__all__ = [
    "MAX_LIFETIME",
    "MAX_OVERLAP",
    "MAX_PAGE",
    "AccountState",
    "ApiKey",
    "ApiKeys",
    "KeyDraft",
    "KeyMemory",
    "KeyRefused",
    "KeyState",
    "KeyVerifier",
    "LastUse",
    "Owner",
    "ServiceAccount",
    "ServiceAccounts",
    "UserStates",
    "VerifiedKey",
    "read_owner",
]
