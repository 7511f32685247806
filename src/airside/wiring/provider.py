"""The OAuth and OpenID Connect provider: its endpoints over the grants."""

from dataclasses import dataclass

from airside.access import Credentials, Issuers
from airside.oauth import (
    Authorities,
    Authorization,
    AuthorizationCodeGrant,
    ClaimsRequests,
    ClientAuthentication,
    ClientCredentialsGrant,
    ClientKeys,
    ClientProofs,
    Codes,
    DeviceAuthorizations,
    DeviceEndpoint,
    IdTokenHints,
    IdTokens,
    Intake,
    IntrospectionEndpoint,
    PushedRequests,
    PushEndpoint,
    RefreshTokenGrant,
    RequestObjects,
    RevocationEndpoint,
    SenderConstraints,
    Standing,
    TokenEndpoint,
    UserinfoEndpoint,
    registry,
)
from airside.tokens import IdTokenVerifier, TokenIssuer, TokenVerifier
from airside.wiring.entries import Entries
from airside.wiring.foundation import Foundation
from airside.wiring.grants import device_authorizations, other_grants
from airside.wiring.persons import Persons


@dataclass(frozen=True, kw_only=True)
class Provider:
    """The services of OAuth."""

    token_issuer: TokenIssuer
    authorization: Authorization
    token_endpoint: TokenEndpoint
    device_authorizations: DeviceAuthorizations
    device_endpoint: DeviceEndpoint
    revocation_endpoint: RevocationEndpoint
    introspection_endpoint: IntrospectionEndpoint
    client_keys: ClientKeys
    hints: IdTokenHints
    push_endpoint: PushEndpoint
    codes: Codes
    pushed: PushedRequests
    userinfo_endpoint: UserinfoEndpoint
    claims_requests: ClaimsRequests


def provider(
    base: Foundation,
    who: Persons,
    doors: Entries,
    verifier: TokenVerifier,
    issuers: Issuers,
    authorities: Authorities,
    access: Credentials,
) -> Provider:
    """On `base`, for `who`, who come in through `doors`; `authorities` issue clients' certificates."""
    lookup = doors.client_lookup
    client_keys = ClientKeys(fetcher=base.fetcher, clock=base.clock)
    authentication = ClientAuthentication(
        lookup=lookup,
        limiter=base.limiter,
        journal=base.journal,
        proofs=ClientProofs(keys=client_keys, spent=base.spent_proofs, authorities=authorities),
    )
    standing = Standing(users=who.users, revocations=base.revocations)
    consents = doors.consents
    codes = Codes(entropy=base.entropy, journal=base.journal, families=base.families)
    claims_requests = ClaimsRequests(vault=base.vault)
    devices = device_authorizations(base, who, doors)
    grants = registry(
        AuthorizationCodeGrant(
            codes=codes,
            standing=standing,
            consents=consents,
            roles=who.members,
            families=base.families,
            claims_requests=claims_requests,
        ),
        RefreshTokenGrant(families=base.families, standing=standing, consents=consents, roles=who.members),
        ClientCredentialsGrant(),
        *other_grants(
            base,
            who,
            devices=devices,
            keys=client_keys,
            standing=standing,
            consents=consents,
            verifier=verifier,
            issuers=issuers,
        ),
    )
    senders = SenderConstraints(possession=base.possession)
    hints = IdTokenHints(lookup=lookup, verifier=IdTokenVerifier(keys=base.keys), sessions=who.sessions)
    pushed = PushedRequests(vault=base.vault, entropy=base.entropy)
    intake = Intake(lookup=lookup, hints=hints, objects=RequestObjects(keys=client_keys), pushed=pushed)
    issuer = TokenIssuer(keys=base.keys, entropy=base.entropy)
    return Provider(
        token_issuer=issuer,
        authorization=Authorization(
            intake=intake,
            sessions=who.sessions,
            devices=who.devices,
            flows=doors.flows,
            consents=consents,
            participants=who.participants,
            codes=codes,
            pushed=pushed,
            vault=base.vault,
            entropy=base.entropy,
        ),
        token_endpoint=TokenEndpoint(
            authentication=authentication,
            senders=senders,
            grants=grants,
            issuer=issuer,
            id_tokens=IdTokens(issuer=issuer, subjects=base.subjects),
            journal=base.journal,
        ),
        device_authorizations=devices,
        device_endpoint=DeviceEndpoint(authentication=authentication, devices=devices),
        revocation_endpoint=RevocationEndpoint(
            authentication=authentication, families=base.families, verifier=verifier, revocations=base.revocations
        ),
        introspection_endpoint=IntrospectionEndpoint(
            authentication=authentication,
            verifier=verifier,
            families=base.families,
            issuer=issuer,
            subjects=base.subjects,
        ),
        client_keys=client_keys,
        hints=hints,
        push_endpoint=PushEndpoint(
            authentication=authentication, senders=senders, intake=intake, pushed=pushed, journal=base.journal
        ),
        codes=codes,
        pushed=pushed,
        userinfo_endpoint=UserinfoEndpoint(
            verifier=verifier,
            senders=access,
            issuer=issuer,
            lookup=lookup,
            users=who.users,
            claims_requests=claims_requests,
            subjects=base.subjects,
        ),
        claims_requests=claims_requests,
    )
