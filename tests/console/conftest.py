"""Services over real parts."""

import pytest

from tests.chromium import chromium
from tests.console.site import Site
from tests.identity.kit import hashes, kit, revocations
from tests.running import Place

__all__ = ["chromium", "hashes", "kit", "revocations"]


@pytest.fixture
def site(place: Place) -> Site:
    """A tenant of its own, whose pages are looked at without the shield."""
    return Site(place, place.tenant_id)
