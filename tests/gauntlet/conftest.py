"""Services over real parts, and a real browser."""

from tests.chromium import chromium
from tests.identity.factor_kit import second
from tests.identity.kit import hashes, kit, revocations

__all__ = ["chromium", "hashes", "kit", "revocations", "second"]
