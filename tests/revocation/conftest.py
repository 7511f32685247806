"""Services over real parts."""

from tests.tokens.kit import keyed, kit, revocations

__all__ = ["keyed", "kit", "revocations"]
