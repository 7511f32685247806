"""Services over real parts."""

from tests.chromium import chromium
from tests.identity.kit import hashes, kit, revocations

__all__ = ["chromium", "hashes", "kit", "revocations"]
