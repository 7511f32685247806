"""Services over real parts."""

from tests.federation.kit import federation
from tests.identity.kit import hashes, kit, revocations

__all__ = ["federation", "hashes", "kit", "revocations"]
