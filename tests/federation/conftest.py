"""Services over real parts."""

from tests.federation.kit import federation
from tests.federation.oidc_kit import issuer, oidc
from tests.federation.saml_kit import saml
from tests.identity.kit import hashes, kit, revocations

__all__ = ["federation", "hashes", "issuer", "kit", "oidc", "revocations", "saml"]
