"""Named keys of a tenant, and a ring that the vectors here were made with."""

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.secrets import AppKeys
from airside.store import Listener
from airside.vault import Vault
from tests.makers import Database


@pytest.fixture(scope="session")
def journal(vault: Vault, entropy: Entropy) -> Journal:
    return Journal(vault=vault, entropy=entropy)


@pytest.fixture
def app_keys(vault: Vault, entropy: Entropy, journal: Journal, clock: Clock, database: Database) -> AppKeys:
    """One process's keys; its listener isn't started, so that nothing is forgotten by itself."""
    listener = Listener(database.app, clock=clock)
    return AppKeys(vault=vault, entropy=entropy, journal=journal, listener=listener, clock=clock)
