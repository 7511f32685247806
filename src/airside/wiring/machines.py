"""The keys with which programs come, and the service accounts that own them."""

from dataclasses import dataclass

from airside.apikeys import ApiKeys, KeyMemory, KeyVerifier, LastUse, ServiceAccounts
from airside.limits import InProcessLimiter
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The services of programs."""

    api_keys: ApiKeys
    service_accounts: ServiceAccounts
    key_verifier: KeyVerifier
    key_pace: InProcessLimiter
    last_use: LastUse


def machines(base: Foundation, who: Persons) -> Machines:
    """On `base`, for `who`."""
    memory = KeyMemory(listener=base.listener, clock=base.clock, users=who.users)
    last_use, pace = LastUse(), InProcessLimiter()
    return Machines(
        api_keys=ApiKeys(
            entropy=base.entropy,
            journal=base.journal,
            revocations=base.revocations,
            memory=memory,
            quotas=base.quotas,
        ),
        service_accounts=ServiceAccounts(entropy=base.entropy, journal=base.journal, revocations=base.revocations),
        key_verifier=KeyVerifier(
            memory=memory,
            revocations=base.revocations,
            journal=base.journal,
            pace=pace,
            last_use=last_use,
            tallies=base.tallies,
        ),
        key_pace=pace,
        last_use=last_use,
    )
