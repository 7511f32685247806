"""The door that speaks SCIM: made where a server is, for its libraries would cost every command a second."""

from airside.federation.scim.door import Scim
from airside.wiring.build import Services


def scim_door(services: Services) -> Scim:
    """The tenants' SCIM service over `services`."""
    return Scim(
        vault=services.vault,
        tokens=services.scim_tokens,
        users=services.scim_users,
        groups=services.scim_groups,
    )
