"""The rights of the programs' interfaces, and which relation stands behind each management scope."""

from typing import Final

from airside.access.authorise import Right
from airside.tenancy import PERMISSIONS

CHECK_PERMISSIONS: Final = Right("permissions:check", "can_check_permissions", "aal1")
READ_PERMISSIONS: Final = Right("permissions:read", "can_read_permissions", "aal1")
WRITE_PERMISSIONS: Final = Right("permissions:write", "can_write_permissions", "aal1")
READ_REVOCATIONS: Final = Right("revocations:read", "can_read_revocations", "aal1")

ADMINISTRATOR: Final = "administrator"
"""The relation that holds every other one: what is done to who holds it takes it."""

INTERFACE_RIGHTS: Final = {
    right.scope: right for right in (CHECK_PERMISSIONS, READ_PERMISSIONS, WRITE_PERMISSIONS, READ_REVOCATIONS)
}

RELATION_OF_SCOPE: Final = {each.name: each.relation for each in PERMISSIONS.values()}
"""A permission's name is the scope that a credential needs for it."""
