"""Tenancy: what a tenant is, and who belongs to it as what.

Owns tenants (address, name, state, their two permission stores) and memberships, which are relations in the
tenant's system store, so that our own engine answers for our own management verbs. Does not own people
(`identity`) nor the meaning of relations (`permissions`).
"""

from airside.tenancy.members import Members
from airside.tenancy.model import PLATFORM_SLUG, ROLES, Draft, Role, Tenant
from airside.tenancy.tenants import Tenants

__all__ = ["PLATFORM_SLUG", "ROLES", "Draft", "Members", "Role", "Tenant", "Tenants"]
