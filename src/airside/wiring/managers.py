"""The management verbs."""

from dataclasses import dataclass

from airside.access import Authorise, Issuers
from airside.admin import (
    Above,
    AlertAdmin,
    ApiKeyAdmin,
    AuditAdmin,
    ClientAdmin,
    ConnectionAdmin,
    ConsentAdmin,
    DomainAdmin,
    Exports,
    FactorAdmin,
    IdentityAdmin,
    IncidentAdmin,
    InvitationAdmin,
    MemberAdmin,
    PlanAdmin,
    Platform,
    PolicyAdmin,
    RegistrationTokenAdmin,
    ResponseAdmin,
    RoleAdmin,
    ScopeAdmin,
    SecretAdmin,
    ServiceAccountAdmin,
    SessionAdmin,
    SetupAdmin,
    TransferAdmin,
    UserAdmin,
    VaultAdmin,
    VaultUse,
    WebhookAdmin,
)
from airside.audit import AuditLog, Incidents
from airside.audit.alerts import Alerts
from airside.limits import InProcessLimiter
from airside.oauth import Outstanding
from airside.wiring.custody import Custody
from airside.wiring.entries import Entries
from airside.wiring.federation import Federation
from airside.wiring.foundation import Foundation
from airside.wiring.machines import Machines
from airside.wiring.persons import Persons
from airside.wiring.provisioning import Provisioning
from airside.wiring.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Managers:
    """The services of administration."""

    user_admin: UserAdmin
    member_admin: MemberAdmin
    invitation_admin: InvitationAdmin
    role_admin: RoleAdmin
    session_admin: SessionAdmin
    client_admin: ClientAdmin
    scope_admin: ScopeAdmin
    consent_admin: ConsentAdmin
    registration_token_admin: RegistrationTokenAdmin
    factor_admin: FactorAdmin
    identity_admin: IdentityAdmin
    connection_admin: ConnectionAdmin
    domain_admin: DomainAdmin
    policy_admin: PolicyAdmin
    transfer_admin: TransferAdmin
    setup_admin: SetupAdmin
    vault_admin: VaultAdmin
    vault_use: VaultUse
    secret_admin: SecretAdmin
    alert_admin: AlertAdmin
    api_key_admin: ApiKeyAdmin
    audit_admin: AuditAdmin
    service_account_admin: ServiceAccountAdmin
    response_admin: ResponseAdmin
    incident_admin: IncidentAdmin
    webhook_admin: WebhookAdmin
    plan_admin: PlanAdmin
    platform: Platform


def managers(
    base: Foundation,
    who: Persons,
    programs: Machines,
    listening: Streams,
    kept: Custody,
    elsewhere: Federation,
    doors: Entries,
    directories: Provisioning,
    authorise: Authorise,
    issuers: Issuers,
) -> Managers:
    """On everything below them."""
    above = Above(authorise=authorise, members=who.members)
    pace = InProcessLimiter()
    exports = Exports(pace=pace, journal=base.journal)
    incidents = Incidents(vault=base.vault, entropy=base.entropy, journal=base.journal)
    return Managers(
        user_admin=UserAdmin(
            authorise=authorise,
            users=who.users,
            passwords=who.passwords,
            sessions=who.sessions,
            above=above,
            closing=doors.closing,
        ),
        member_admin=MemberAdmin(
            authorise=authorise, members=who.members, users=who.users, mappings=elsewhere.mappings
        ),
        invitation_admin=InvitationAdmin(
            authorise=authorise,
            invitations=who.invitations,
            users=who.users,
            limiter=base.limiter,
            enforcement=elsewhere.enforcement,
        ),
        role_admin=RoleAdmin(authorise=authorise, roles=who.roles, users=who.users, mappings=elsewhere.mappings),
        session_admin=SessionAdmin(authorise=authorise, sessions=who.sessions, users=who.users),
        client_admin=ClientAdmin(
            authorise=authorise, clients=doors.clients, members=who.members, lookup=base.lookup, issuers=issuers
        ),
        scope_admin=ScopeAdmin(authorise=authorise, scopes=doors.scopes),
        consent_admin=ConsentAdmin(authorise=authorise, consents=doors.consents, users=who.users),
        registration_token_admin=RegistrationTokenAdmin(authorise=authorise, tokens=doors.registration_tokens),
        factor_admin=FactorAdmin(
            authorise=authorise,
            above=above,
            users=who.users,
            factors=who.factors,
            totp=who.totp,
            passkeys=who.passkeys,
            passwords=who.passwords,
            sessions=who.sessions,
        ),
        identity_admin=IdentityAdmin(
            authorise=authorise, above=above, users=who.users, identities=elsewhere.identities
        ),
        connection_admin=ConnectionAdmin(
            authorise=authorise,
            connections=elsewhere.connections,
            mappings=elsewhere.mappings,
            metadata=elsewhere.saml_metadata,
            removal=elsewhere.removal,
            party=elsewhere.saml_party,
            own_keys=elsewhere.own_keys,
        ),
        domain_admin=DomainAdmin(authorise=authorise, domains=elsewhere.domains, enforcement=elsewhere.enforcement),
        policy_admin=PolicyAdmin(authorise=authorise, policies=who.policies),
        transfer_admin=TransferAdmin(
            authorise=authorise,
            users=who.users,
            passwords=who.passwords,
            members=who.members,
            roles=who.roles,
            journal=base.journal,
            exports=exports,
        ),
        setup_admin=SetupAdmin(
            authorise=authorise,
            setups=doors.setups,
            endings=directories.setup_endings,
            limiter=base.limiter,
            lookup=base.lookup,
            issuers=issuers,
        ),
        vault_admin=VaultAdmin(authorise=authorise, keys=base.app_keys, grants=who.named_grants),
        vault_use=VaultUse(
            authorise=authorise, keys=base.app_keys, grants=who.named_grants, pace=pace, journal=base.journal
        ),
        secret_admin=SecretAdmin(
            authorise=authorise, grants=who.named_grants, pace=pace, journal=base.journal, store=base.secret_store
        ),
        alert_admin=AlertAdmin(authorise=authorise, alerts=Alerts(vault=base.vault, journal=base.journal)),
        api_key_admin=ApiKeyAdmin(
            authorise=authorise,
            keys=programs.api_keys,
            accounts=programs.service_accounts,
            users=who.users,
            permissions=base.permissions,
            tenants=who.tenants,
        ),
        audit_admin=AuditAdmin(
            authorise=authorise,
            log=AuditLog(vault=base.vault),
            journal=base.journal,
            sequencer=base.sequencer,
            exports=exports,
        ),
        service_account_admin=ServiceAccountAdmin(
            authorise=authorise, accounts=programs.service_accounts, roles=who.roles
        ),
        incident_admin=IncidentAdmin(authorise=authorise, incidents=incidents),
        response_admin=ResponseAdmin(
            authorise=authorise,
            incidents=incidents,
            lockdowns=who.lockdowns,
            users=who.users,
            sessions=who.sessions,
            outstanding=Outstanding(),
            accounts=programs.service_accounts,
            api_keys=programs.api_keys,
            connections=elsewhere.connections,
            scim_tokens=directories.scim_tokens,
            signing_keys=base.key_rotation,
            journal=base.journal,
        ),
        webhook_admin=WebhookAdmin(
            authorise=authorise, endpoints=listening.webhooks, deliveries=listening.webhook_deliveries
        ),
        plan_admin=PlanAdmin(
            authorise=authorise, engine=base.engine, lookup=base.lookup, plans=base.plans, journal=base.journal
        ),
        platform=Platform(
            authorise=authorise,
            engine=base.engine,
            lookup=base.lookup,
            tenants=who.tenants,
            members=who.members,
            shredding=kept.shredding,
            backups=kept.backups,
            clock=base.clock,
            entropy=base.entropy,
        ),
    )
