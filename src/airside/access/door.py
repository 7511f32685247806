"""Whose request it is, told by its head alone, so that a tenant at its rate is turned away before it costs anything.

What the head says is believed, for nothing is opened by it: an address names its tenant, and so does a token that
nobody has verified, or the beginning of an API key. Whoever floods a tenant's addresses uses up that tenant's rate and
no other's. Where the head leads to no tenant that is in memory, the request goes on, and its route finds it, or none.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.core.errors import Refusal
from airside.limits import TENANT, Rates
from airside.protocols import ratelimit
from airside.protocols.apikey import LOOKUP, PREFIX, looks_like_key
from airside.protocols.ratelimit import Line
from airside.shield.passage import Scope
from airside.store import Address, Lookup
from airside.tokens import peek_tenant

_OF_TENANT: Final = "/t/"
_OF_CREDENTIAL: Final = ("/stores", "/access/", "/keys/")
_AUTHORIZATION: Final = b"authorization"


class TenantDoor:
    """Implements `shield.Door`. Operators' own addresses and those of no tenant aren't counted."""

    def __init__(self, *, lookup: Lookup, rates: Rates) -> None:
        self._lookup = lookup
        self._rates = rates

    def admit(self, scope: Scope) -> Sequence[Line]:
        """See `shield.Door`.

        Raises:
            LimitExceeded: its tenant's requests come too often.
        """
        tenant_id = self._tenant(scope)
        admitted = None if tenant_id is None else self._rates.spend(tenant_id)
        if admitted is None:
            return ()
        rate, remaining, whole_in = admitted
        return (ratelimit.policy(TENANT, rate), ratelimit.state(TENANT, remaining, whole_in))

    def _tenant(self, scope: Scope) -> UUID | None:
        path: str = scope["path"]
        if path.startswith(_OF_TENANT):
            address = self._lookup.known_slug(path[len(_OF_TENANT) :].partition("/")[0])
        elif path.startswith(_OF_CREDENTIAL):
            address = self._of_credential(scope)
        else:
            address = None
        return None if address is None else address.tenant_id

    def _of_credential(self, scope: Scope) -> Address | None:
        for name, value in scope["headers"]:
            if name == _AUTHORIZATION:
                token = value.decode("latin-1").partition(" ")[2].strip()
                break
        else:
            return None
        if looks_like_key(token):
            return self._lookup.known_key(token[PREFIX : PREFIX + LOOKUP])
        try:
            return self._lookup.known(peek_tenant(token))
        except Refusal:
            return None
