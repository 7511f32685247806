"""Services over real parts."""

from tests.identity.factor_kit import second
from tests.identity.kit import hashes, kit, revocations

__all__ = ["hashes", "kit", "revocations", "second"]
