"""The model of every tenant's system store: who may manage the tenant, in the language of our own engine.

Whoever changes `SYSTEM_MODEL` puts the text as it was at the end of `FORMER`: that is how a tenant made by an older
build is recognised. A model that is in neither was written by a younger build, and is left alone.
"""

from functools import lru_cache
from typing import Final

from airside.core.strict_json import Json
from airside.permissions.language import parse, to_json
from airside.permissions.model import Model

SYSTEM_MODEL: Final = """model
  schema 1.1

type user

type client

type service_account

type operator

type role
  relations
    define assignee: [user, service_account]

type vault_key
  relations
    define encrypter: [client, role#assignee]
    define decrypter: [client, role#assignee]

type vault_path
  relations
    define reader: [client, role#assignee]
    define writer: [client, role#assignee]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_policies: [client, role#assignee] or administrator
    define can_write_policies: [client, role#assignee] or administrator
    define can_read_connections: [client, role#assignee] or administrator
    define can_write_connections: [client, role#assignee] or administrator
    define can_encrypt_vault: [client, role#assignee] or administrator
    define can_decrypt_vault: [client, role#assignee] or administrator
    define can_use_vault: [client, role#assignee] or administrator
    define can_manage_vault: [client, role#assignee] or administrator
    define can_read_secrets: [client, role#assignee] or administrator
    define can_write_secrets: [client, role#assignee] or administrator
    define can_read_api_keys: [client, role#assignee] or administrator
    define can_write_api_keys: [client, role#assignee] or administrator
    define can_read_incidents: [client, role#assignee] or administrator
    define can_write_incidents: [client, role#assignee] or administrator
    define can_read_webhooks: [client, role#assignee] or administrator
    define can_write_webhooks: [client, role#assignee] or administrator
    define can_read_signals: [client, role#assignee] or administrator
    define can_manage_signals: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
"""
"""`tenants` matters in the reserved tenant only. What of the vault is given by name (a key, every secret below a path)
stands beside what is given in whole."""


def _without(*things: str) -> str:
    """Today's model before there were rights to `things`."""
    lines = SYSTEM_MODEL.splitlines(keepends=True)
    return "".join(line for line in lines if not any(f"_{thing}:" in line for thing in things))


FORMER: Final = (
    """model
  schema 1.1

type user

type client

type operator

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client] or administrator
    define can_write_users: [client] or administrator
    define can_read_members: [client] or administrator
    define can_write_members: [client] or administrator
    define can_read_sessions: [client] or administrator
    define can_end_sessions: [client] or administrator
    define can_read_clients: [client] or administrator
    define can_write_clients: [client] or administrator
    define can_read_permissions: [client] or administrator
    define can_write_permissions: [client] or administrator
    define can_check_permissions: [client] or administrator
    define can_read_revocations: [client] or administrator
    define can_read_audit: [client] or administrator
    define can_read_tenants: [client] or administrator
    define can_write_tenants: [client] or administrator
""",
    """model
  schema 1.1

type user

type client

type operator

type role
  relations
    define assignee: [user]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
""",
    """model
  schema 1.1

type user

type client

type operator

type role
  relations
    define assignee: [user]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_policies: [client, role#assignee] or administrator
    define can_write_policies: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
""",
    """model
  schema 1.1

type user

type client

type operator

type role
  relations
    define assignee: [user]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_policies: [client, role#assignee] or administrator
    define can_write_policies: [client, role#assignee] or administrator
    define can_read_connections: [client, role#assignee] or administrator
    define can_write_connections: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
""",
    """model
  schema 1.1

type user

type client

type operator

type role
  relations
    define assignee: [user]

type vault_key
  relations
    define encrypter: [client, role#assignee]
    define decrypter: [client, role#assignee]

type vault_path
  relations
    define reader: [client, role#assignee]
    define writer: [client, role#assignee]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_policies: [client, role#assignee] or administrator
    define can_write_policies: [client, role#assignee] or administrator
    define can_read_connections: [client, role#assignee] or administrator
    define can_write_connections: [client, role#assignee] or administrator
    define can_encrypt_vault: [client, role#assignee] or administrator
    define can_decrypt_vault: [client, role#assignee] or administrator
    define can_use_vault: [client, role#assignee] or administrator
    define can_manage_vault: [client, role#assignee] or administrator
    define can_read_secrets: [client, role#assignee] or administrator
    define can_write_secrets: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
""",
    """model
  schema 1.1

type user

type client

type service_account

type operator

type role
  relations
    define assignee: [user, service_account]

type vault_key
  relations
    define encrypter: [client, role#assignee]
    define decrypter: [client, role#assignee]

type vault_path
  relations
    define reader: [client, role#assignee]
    define writer: [client, role#assignee]

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client, role#assignee] or administrator
    define can_write_users: [client, role#assignee] or administrator
    define can_read_members: [client, role#assignee] or administrator
    define can_write_members: [client, role#assignee] or administrator
    define can_read_roles: [client, role#assignee] or administrator
    define can_write_roles: [client, role#assignee] or administrator
    define can_read_sessions: [client, role#assignee] or administrator
    define can_end_sessions: [client, role#assignee] or administrator
    define can_read_clients: [client, role#assignee] or administrator
    define can_write_clients: [client, role#assignee] or administrator
    define can_read_permissions: [client, role#assignee] or administrator
    define can_write_permissions: [client, role#assignee] or administrator
    define can_check_permissions: [client, role#assignee] or administrator
    define can_read_revocations: [client, role#assignee] or administrator
    define can_read_audit: [client, role#assignee] or administrator
    define can_read_policies: [client, role#assignee] or administrator
    define can_write_policies: [client, role#assignee] or administrator
    define can_read_connections: [client, role#assignee] or administrator
    define can_write_connections: [client, role#assignee] or administrator
    define can_encrypt_vault: [client, role#assignee] or administrator
    define can_decrypt_vault: [client, role#assignee] or administrator
    define can_use_vault: [client, role#assignee] or administrator
    define can_manage_vault: [client, role#assignee] or administrator
    define can_read_secrets: [client, role#assignee] or administrator
    define can_write_secrets: [client, role#assignee] or administrator
    define can_read_api_keys: [client, role#assignee] or administrator
    define can_write_api_keys: [client, role#assignee] or administrator
    define can_read_tenants: [client, role#assignee] or administrator
    define can_write_tenants: [client, role#assignee] or administrator
""",
    _without("webhooks", "signals"),
    _without("signals"),
)
"""What it was, oldest first. The last ones are today's without what was added since."""


def is_former(model: Model) -> bool:
    """Whether an older build wrote `model`, so that this build's has to take its place."""
    return to_json(model) in _former()


@lru_cache(maxsize=1)
def _former() -> list[Json]:
    return [to_json(parse(text)) for text in FORMER]
