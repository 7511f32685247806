"""Everything that a plan may bound: one row tells everything of an allowance."""

from dataclasses import dataclass
from typing import Final, Literal

MAX_AMOUNT: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """One allowance, whole.

    `name` is stable: it stands in stored plans and in answers. A `quota` bounds how many of something a tenant has at a
    time; one more is refused with 409. A `rate` bounds how often it may ask; one request more is refused with 429.
    `server` is what the server allows every tenant, whatever its plan says; None where it has no bound of its own.
    `least` is the smallest amount that says anything.
    """

    name: str
    kind: Literal["quota", "rate"]
    description: str
    server: int | None = None
    least: int = 0


USERS: Final = Allowance("users", "quota", "People, disabled ones included.")
API_KEYS: Final = Allowance("api_keys", "quota", "API keys that are good for something.", 1_000)
CLIENTS: Final = Allowance("clients", "quota", "Registered applications, however they were registered.")
CONNECTIONS: Final = Allowance("connections", "quota", "Connections to identity providers.", 200)
STORES: Final = Allowance("stores", "quota", "Permission stores of the tenant's own.")
TUPLES: Final = Allowance("tuples", "quota", "Tuples in the tenant's own permission stores, counted at each write.")
WEBHOOKS: Final = Allowance("webhooks", "quota", "Endpoints that hear of events.", 20)
RATE: Final = Allowance("rate", "rate", "Requests a second, at each server process.", least=1)
BURST: Final = Allowance(
    "burst", "rate", "Requests at once, before `rate` sets the pace; as many as `rate` if unsaid.", least=1
)

ALLOWANCES: Final = {
    each.name: each for each in (USERS, API_KEYS, CLIENTS, CONNECTIONS, STORES, TUPLES, WEBHOOKS, RATE, BURST)
}
