"""The rights of the programs' interfaces, and which relation stands behind each management scope."""

from typing import Final

from airside.access.authorise import Right
from airside.tenancy import PERMISSIONS

CHECK_PERMISSIONS: Final = Right("permissions:check", "can_check_permissions", "aal1")
READ_PERMISSIONS: Final = Right("permissions:read", "can_read_permissions", "aal1")
WRITE_PERMISSIONS: Final = Right("permissions:write", "can_write_permissions", "aal1")
READ_REVOCATIONS: Final = Right("revocations:read", "can_read_revocations", "aal1")
READ_SIGNALS: Final = Right("ssf.read", "can_read_signals", "aal1")
MANAGE_SIGNALS: Final = Right("ssf.manage", "can_manage_signals", "aal1")
"""Named as the CAEP Interoperability Profile 1.0 names these scopes."""

ENCRYPT_VAULT: Final = Right("vault:encrypt", "can_encrypt_vault")
DECRYPT_VAULT: Final = Right("vault:decrypt", "can_decrypt_vault")
READ_SECRETS: Final = Right("secrets:read", "can_read_secrets")
WRITE_SECRETS: Final = Right("secrets:write", "can_write_secrets")
USE_VAULT: Final = Right("vault:use", "can_use_vault")
"""Opens nothing by itself: what was given by name, it lets a credential use."""

ADMINISTRATOR: Final = "administrator"
"""The relation that holds every other one: what is done to who holds it takes it."""

INTERFACE_RIGHTS: Final = {
    right.scope: right
    for right in (
        CHECK_PERMISSIONS,
        READ_PERMISSIONS,
        WRITE_PERMISSIONS,
        READ_REVOCATIONS,
        READ_SIGNALS,
        MANAGE_SIGNALS,
        ENCRYPT_VAULT,
        DECRYPT_VAULT,
        READ_SECRETS,
        WRITE_SECRETS,
        USE_VAULT,
    )
}

RELATION_OF_SCOPE: Final = {each.name: each.relation for each in PERMISSIONS.values()}
"""A permission's name is the scope that a credential needs for it."""
