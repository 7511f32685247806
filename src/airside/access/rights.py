"""The rights of the programs' interfaces, and which relation stands behind each management scope."""

from typing import Final

from airside.access.authorise import Right

CHECK_PERMISSIONS: Final = Right("permissions:check", "can_check_permissions")
READ_PERMISSIONS: Final = Right("permissions:read", "can_read_permissions")
WRITE_PERMISSIONS: Final = Right("permissions:write", "can_write_permissions")
READ_REVOCATIONS: Final = Right("revocations:read", "can_read_revocations")

ADMINISTRATOR: Final = "administrator"
"""The relation that holds every other one: what is done to who holds it takes it."""

INTERFACE_RIGHTS: Final = {
    right.scope: right for right in (CHECK_PERMISSIONS, READ_PERMISSIONS, WRITE_PERMISSIONS, READ_REVOCATIONS)
}

RELATION_OF_SCOPE: Final = {
    "users:read": "can_read_users",
    "users:write": "can_write_users",
    "members:read": "can_read_members",
    "members:write": "can_write_members",
    "sessions:read": "can_read_sessions",
    "sessions:write": "can_end_sessions",
    "clients:read": "can_read_clients",
    "clients:write": "can_write_clients",
    "audit:read": "can_read_audit",
    "tenants:read": "can_read_tenants",
    "tenants:write": "can_write_tenants",
} | {scope: right.relation for scope, right in INTERFACE_RIGHTS.items()}
