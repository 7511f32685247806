"""A tenant's issuer address, in both directions."""

from airside.store import Address


class Issuers:
    """`https://HOST/t/{slug}`: exactly one per tenant. `mutual` is the origin of the listener that asks clients for
    their certificates, where there is one."""

    def __init__(self, public_url: str, mutual: str | None = None) -> None:
        self.origin = public_url
        """The server's own address, which is no tenant's."""
        self.mutual = mutual
        self._prefix = f"{public_url}/t/"

    @property
    def origins(self) -> tuple[str, ...]:
        """Both of the server's own addresses."""
        return (self.origin,) if self.mutual is None else (self.origin, self.mutual)

    def of(self, address: Address) -> str:
        """The issuer of the tenant at `address`; also the audience of its own interfaces."""
        return self._prefix + address.slug

    def mutual_of(self, address: Address) -> str | None:
        """What stands for the issuer in the addresses of the listener that asks for certificates (RFC 8705 §5)."""
        return None if self.mutual is None else f"{self.mutual}/t/{address.slug}"
