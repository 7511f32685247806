"""Erasing people over real parts."""

from airside.audit import Authority, Journal
from airside.core.entropy import Entropy
from airside.custody import PersonCertifier
from airside.identity import Certifier, Erasure
from airside.store import Outbox
from airside.vault import NoArchive, Vault


def make_erasure(vault: Vault, entropy: Entropy, certifier: Certifier | None = None) -> Erasure:
    """Without an archive of keys; signing as `certifier` does, by default with the tenant's own key."""
    authority = Authority(vault=vault, entropy=entropy)
    return Erasure(
        vault=vault,
        archive=NoArchive(),
        journal=Journal(vault=vault, entropy=entropy),
        outbox=Outbox(entropy=entropy),
        certifier=certifier or PersonCertifier(authority=authority, entropy=entropy),
    )
