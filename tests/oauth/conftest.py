"""Services over real parts."""

from tests.identity.kit import hashes, kit, revocations
from tests.oauth.provider import provider

__all__ = ["hashes", "kit", "provider", "revocations"]
