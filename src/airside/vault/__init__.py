"""Vault: keeps data shut.

Owns the key encryption key outside the database, the `Aead` protocol (a key management service is one), the
ciphertext format, the tenants' keysets and the keys derived from them, and each person's own key. Does not own what is
sealed: each room seals its own columns and stores them itself. Never journals: its callers do.
"""

from airside.vault.adoption import Adoption
from airside.vault.aead import Aead, Kek
from airside.vault.archive import KeyArchive, NoArchive
from airside.vault.keyset import Keyset
from airside.vault.kms.local import LocalKek
from airside.vault.kms.several import Keks
from airside.vault.measured import Measured
from airside.vault.model import KEYLESS, Place, Unopenable
from airside.vault.persons import FORGOTTEN, PersonKey, PersonKeys, Seals, open_own, open_personal, person_of
from airside.vault.streams import LooseKey, StreamKeys, open_stream, seal_stream
from airside.vault.survey import Standing, Survey
from airside.vault.vault import Vault

__all__ = [
    "FORGOTTEN",
    "KEYLESS",
    "Adoption",
    "Aead",
    "Kek",
    "Keks",
    "KeyArchive",
    "Keyset",
    "LocalKek",
    "LooseKey",
    "Measured",
    "NoArchive",
    "PersonKey",
    "PersonKeys",
    "Place",
    "Seals",
    "Standing",
    "StreamKeys",
    "Survey",
    "Unopenable",
    "Vault",
    "open_own",
    "open_personal",
    "open_stream",
    "person_of",
    "seal_stream",
]
