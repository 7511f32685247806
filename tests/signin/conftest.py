"""Services over real parts."""

import pytest

from tests.identity.kit import hashes, kit, revocations
from tests.makers import Database
from tests.running import Place
from tests.signin.entry import Stranger

__all__ = ["hashes", "kit", "revocations", "stranger"]


@pytest.fixture
def stranger(place: Place, database: Database) -> Stranger:
    """Somebody at a tenant of their own."""
    return Stranger(place, database.superuser)
