"""The closed catalogue of what managers may: every permission that a management verb or an interface asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a manager may.

    Attributes:
        name: what people, programs' scopes and roles call it.
        relation: what our own engine calls it: a relation to the tenant in its system model.
        description: one sentence for whoever makes a role.
    """

    name: str
    relation: str
    description: str


_ALL: Final = (
    Permission("users:read", "can_read_users", "See the tenant's people."),
    Permission("users:write", "can_write_users", "Make people, disable and enable them, set their passwords."),
    Permission("members:read", "can_read_members", "See who has which role."),
    Permission("members:write", "can_write_members", "Give people roles and take them away."),
    Permission("roles:read", "can_read_roles", "See the tenant's own roles and what they may."),
    Permission("roles:write", "can_write_roles", "Make, change and delete the tenant's own roles."),
    Permission("sessions:read", "can_read_sessions", "See where people are signed in."),
    Permission("sessions:write", "can_end_sessions", "Sign people out."),
    Permission("clients:read", "can_read_clients", "See the applications that get tokens."),
    Permission("clients:write", "can_write_clients", "Register and disable applications, rotate their secrets."),
    Permission("permissions:read", "can_read_permissions", "Read permission stores, their models and tuples."),
    Permission("permissions:write", "can_write_permissions", "Write permission stores, their models and tuples."),
    Permission("permissions:check", "can_check_permissions", "Ask permission stores questions."),
    Permission("revocations:read", "can_read_revocations", "Follow what has been revoked."),
    Permission("audit:read", "can_read_audit", "Read the audit log."),
    Permission("policies:read", "can_read_policies", "See what the tenant demands of how people sign in."),
    Permission("policies:write", "can_write_policies", "Change what the tenant demands of how people sign in."),
    Permission("connections:read", "can_read_connections", "See the tenant's connections to identity providers."),
    Permission("connections:write", "can_write_connections", "Make connections, or invite others to."),
    Permission("vault:encrypt", "can_encrypt_vault", "Seal values with every key of the applications' vault."),
    Permission("vault:decrypt", "can_decrypt_vault", "Open values with every key of the applications' vault."),
    Permission("vault:use", "can_use_vault", "Use those keys and secrets of the vault that were given by name."),
    Permission("vault:admin", "can_manage_vault", "Make and destroy the vault's keys, and say who may use them."),
    Permission("secrets:read", "can_read_secrets", "Read every secret of the applications' vault."),
    Permission("secrets:write", "can_write_secrets", "Write every secret of the applications' vault."),
    Permission("api-keys:read", "can_read_api_keys", "See the tenant's API keys and service accounts."),
    Permission("api-keys:write", "can_write_api_keys", "Make service accounts; mint, rotate and revoke API keys."),
    Permission("incidents:read", "can_read_incidents", "See incidents, and what was done about them."),
    Permission("incidents:write", "can_write_incidents", "Keep incidents; administrators may respond to them too."),
    Permission("webhooks:read", "can_read_webhooks", "See where applications hear of events, and what became of it."),
    Permission("webhooks:write", "can_write_webhooks", "Say where applications hear of events, and send them again."),
    Permission("ssf.read", "can_read_signals", "As a program: see its own streams of security events."),
    Permission(
        "ssf.manage", "can_manage_signals", "As a program: make, change and end its own streams of security events."
    ),
    Permission("tenants:read", "can_read_tenants", "See every tenant; in the operators' tenant only."),
    Permission("tenants:write", "can_write_tenants", "Make tenants; in the operators' tenant only."),
)

PERMISSIONS: Final[Mapping[str, Permission]] = MappingProxyType({each.name: each for each in _ALL})
"""By name, in the order in which they are shown."""

RELATIONS: Final = tuple(each.relation for each in _ALL)

_NAMES: Final = {each.relation: each.name for each in _ALL}


def relation_of(name: str) -> str:
    """The relation behind a permission. One that a younger build has put into a role is known by its relation: it
    can't be asked for here, but it is seen and counted."""
    known = PERMISSIONS.get(name)
    return name if known is None else known.relation


def name_of(relation: str) -> str:
    """The permission that a relation stands behind; the other way round."""
    return _NAMES.get(relation, relation)
