"""Tenancy: what a tenant is, and who belongs to it as what.

Owns tenants (address, name, state, their two permission stores), memberships and the tenants' own roles, which are
relations in the tenant's system store, so that our own engine answers for our own management verbs; and the closed
catalogue of what managers may. Does not own people (`identity`) nor the meaning of relations (`permissions`).
"""

from airside.tenancy.catalogue import PERMISSIONS, RELATIONS, Permission, relation_of
from airside.tenancy.grants import Grants
from airside.tenancy.members import Members
from airside.tenancy.model import PLATFORM_SLUG, ROLES, CustomRole, Draft, Role, RoleChange, RoleDraft, Tenant
from airside.tenancy.roles import Roles
from airside.tenancy.tenants import Tenants

__all__ = [
    "PERMISSIONS",
    "PLATFORM_SLUG",
    "RELATIONS",
    "ROLES",
    "CustomRole",
    "Draft",
    "Grants",
    "Members",
    "Permission",
    "Role",
    "RoleChange",
    "RoleDraft",
    "Roles",
    "Tenant",
    "Tenants",
    "relation_of",
]
