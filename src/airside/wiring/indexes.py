"""What every blind index is of, by the room whose it is."""

from collections.abc import Mapping
from typing import Final

from airside.federation.indexes import VALUES as FEDERATION
from airside.identity.indexes import VALUES as IDENTITY
from airside.tenancy.indexes import VALUES as TENANCY
from airside.vault.indexes import Column, Values

VALUES: Final[Mapping[Column, Values]] = {**IDENTITY, **TENANCY, **FEDERATION}
