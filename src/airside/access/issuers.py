"""A tenant's issuer address, in both directions."""

from airside.store import Address


class Issuers:
    """`https://HOST/t/{slug}`: exactly one per tenant."""

    def __init__(self, public_url: str) -> None:
        self.origin = public_url
        """The server's own address, which is no tenant's."""
        self._prefix = f"{public_url}/t/"

    def of(self, address: Address) -> str:
        """The issuer of the tenant at `address`; also the audience of its own interfaces."""
        return self._prefix + address.slug
