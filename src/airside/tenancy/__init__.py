"""Tenancy: what a tenant is, and who belongs to it as what.

Owns tenants (address, name, state, their two permission stores), memberships and the tenants' own roles, which are
relations in the tenant's system store, so that our own engine answers for our own management verbs; invitations to
become one; the closed catalogue of what managers may; what the tenant demands of its people; and what of it is shut:
whether it is locked, and which networks it takes nothing from. Does not own people
(`identity`) nor the meaning of relations (`permissions`).
"""

from airside.tenancy.catalogue import PERMISSIONS, RELATIONS, Permission, name_of, relation_of
from airside.tenancy.grants import Grants
from airside.tenancy.invitations import Invitations
from airside.tenancy.inviters import ClientStates, Inviters
from airside.tenancy.lockdowns import Lockdowns
from airside.tenancy.members import Members
from airside.tenancy.model import (
    PLATFORM_SLUG,
    ROLES,
    CustomRole,
    Draft,
    Invitation,
    InvitationState,
    Role,
    RoleChange,
    RoleDraft,
    Tenant,
)
from airside.tenancy.model_lockdown import Ban, Lock, Lockdown
from airside.tenancy.named import NamedGrant, NamedGrants, NamedKind, NamedRelation
from airside.tenancy.policies import TenantPolicies
from airside.tenancy.policy import (
    AdministrationPolicy,
    Branding,
    TenantPolicy,
    accepted,
    parse_policy,
    render_policy,
)
from airside.tenancy.records_policy import StoredPolicy
from airside.tenancy.roles import Roles
from airside.tenancy.tenants import Tenants
from airside.tenancy.vault_keys import VaultKeys

__all__ = [
    "PERMISSIONS",
    "PLATFORM_SLUG",
    "RELATIONS",
    "ROLES",
    "AdministrationPolicy",
    "Ban",
    "Branding",
    "ClientStates",
    "CustomRole",
    "Draft",
    "Grants",
    "Invitation",
    "InvitationState",
    "Invitations",
    "Inviters",
    "Lock",
    "Lockdown",
    "Lockdowns",
    "Members",
    "NamedGrant",
    "NamedGrants",
    "NamedKind",
    "NamedRelation",
    "Permission",
    "Role",
    "RoleChange",
    "RoleDraft",
    "Roles",
    "StoredPolicy",
    "Tenant",
    "TenantPolicies",
    "TenantPolicy",
    "Tenants",
    "VaultKeys",
    "accepted",
    "name_of",
    "parse_policy",
    "relation_of",
    "render_policy",
]
