"""The grants of clients that have no browser at hand: devices, services that pass somebody on, assertions."""

from airside.access import Issuers
from airside.oauth import (
    ClientKeys,
    Consents,
    DeviceAuthorizations,
    DeviceCodeGrant,
    JwtBearerGrant,
    Standing,
    TokenExchangeGrant,
)
from airside.tokens import TokenVerifier
from airside.wiring.entries import Entries
from airside.wiring.foundation import Foundation
from airside.wiring.issuers import TenantIssuers
from airside.wiring.persons import Persons


def device_authorizations(base: Foundation, who: Persons, doors: Entries) -> DeviceAuthorizations:
    """On `base`; whoever approves comes in through `doors`."""
    return DeviceAuthorizations(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        limiter=base.limiter,
        flows=doors.flows,
        consents=doors.consents,
        participants=who.participants,
        families=base.families,
    )


def other_grants(
    base: Foundation,
    who: Persons,
    *,
    devices: DeviceAuthorizations,
    keys: ClientKeys,
    standing: Standing,
    consents: Consents,
    verifier: TokenVerifier,
    issuers: Issuers,
) -> tuple[DeviceCodeGrant, TokenExchangeGrant, JwtBearerGrant]:
    """On `base`, for `who`."""
    roles, issuer_of = who.members, TenantIssuers(lookup=base.lookup, issuers=issuers)
    return (
        DeviceCodeGrant(devices=devices, standing=standing, consents=consents, roles=roles, families=base.families),
        TokenExchangeGrant(
            verifier=verifier,
            issuer_of=issuer_of,
            standing=standing,
            consents=consents,
            roles=roles,
            journal=base.journal,
        ),
        JwtBearerGrant(keys=keys, spent=base.spent_proofs, issuer_of=issuer_of, standing=standing, roles=roles),
    )
