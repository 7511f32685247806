"""The one catalogue of tables: whose rows they hold and what the application role may do with them.

Policies, grants and (on a distributed PostgreSQL) distribution are made from these rows, never written by
hand. `tests/house/` walks the live database and compares.
"""

from dataclasses import dataclass
from typing import Final, Literal

Scope = Literal["tenant", "platform", "local"]
Right = Literal["select", "insert", "update", "delete"]

READ: Final[tuple[Right, ...]] = ("select",)
APPEND: Final[tuple[Right, ...]] = ("select", "insert")
CHANGE: Final[tuple[Right, ...]] = ("select", "insert", "update")
ALL: Final[tuple[Right, ...]] = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Table:
    """`tenant`: rows of one tenant each, under forced row-level security. `platform`: leads to a tenant
    and holds nothing else, or is the operator's own. `local`: the node's own bookkeeping."""

    scope: Scope
    rights: tuple[Right, ...]


TABLES: Final[dict[str, Table]] = {
    "migration": Table("local", READ),
    # store
    "tenant_address": Table("platform", CHANGE),
    "outbox": Table("tenant", ALL),
    # tenancy
    "tenant": Table("tenant", CHANGE),
    "tenant_role": Table("tenant", ALL),
    "invitation": Table("tenant", ALL),
    "tenant_policy": Table("tenant", ALL),
    "tenant_lock": Table("tenant", ("select", "insert", "delete")),
    "network_ban": Table("tenant", ("select", "insert", "delete")),
    # custody
    "tenant_shredding": Table("tenant", ALL),
    # limits
    "limit_state": Table("tenant", ALL),
    "plan": Table("platform", CHANGE),
    "tenant_plan": Table("tenant", ALL),
    # identity
    "user_account": Table("tenant", ALL),
    "user_erasure": Table("tenant", ("select", "insert", "delete")),
    "person_erasure": Table("tenant", ALL),
    "password_credential": Table("tenant", ALL),
    "password_history": Table("tenant", ALL),
    "user_session": Table("tenant", ALL),
    "action_link": Table("tenant", ALL),
    "totp_factor": Table("tenant", ALL),
    "recovery_code": Table("tenant", ("select", "insert", "delete")),
    "email_code": Table("tenant", ALL),
    "passkey": Table("tenant", ALL),
    "passkey_challenge": Table("tenant", ALL),
    "known_device": Table("tenant", ALL),
    # signin
    "signin_flow": Table("tenant", ALL),
    # vault
    "person_key": Table("tenant", ALL),
    "tenant_key": Table("tenant", ALL),
    "seal_block": Table("tenant", ("select", "insert", "delete")),
    # audit
    "audit_record": Table("tenant", APPEND),
    "audit_pending": Table("tenant", ("select", "insert", "delete")),
    "audit_tree": Table("tenant", CHANGE),
    "audit_leaf": Table("tenant", APPEND),
    "audit_node": Table("tenant", APPEND),
    "audit_head": Table("tenant", APPEND),
    "audit_key": Table("tenant", APPEND),
    "alert": Table("tenant", ALL),
    "alert_fact": Table("tenant", ALL),
    "alert_known": Table("tenant", ALL),
    "alert_progress": Table("tenant", ALL),
    "incident": Table("tenant", ALL),
    "incident_entry": Table("tenant", ("select", "insert", "delete")),
    # oauth
    "oauth_client": Table("tenant", ALL),
    "oauth_scope": Table("tenant", ALL),
    "client_registration": Table("tenant", ALL),
    "registration_token": Table("tenant", ALL),
    "authorization_request": Table("tenant", ALL),
    "authorization_code": Table("tenant", ALL),
    "pushed_request": Table("tenant", ("select", "insert", "delete")),
    "oauth_consent": Table("tenant", ALL),
    "session_client": Table("tenant", ("select", "insert", "delete")),
    "logout_request": Table("tenant", ("select", "insert", "delete")),
    "claims_request": Table("tenant", ALL),
    "device_authorization": Table("tenant", ALL),
    # federation
    "connection": Table("tenant", ALL),
    "external_identity": Table("tenant", ALL),
    "federation_request": Table("tenant", ("select", "insert", "delete")),
    "federation_answer": Table("tenant", ("select", "insert", "delete")),
    "spent_assertion": Table("tenant", ("select", "insert", "delete")),
    "federated_session": Table("tenant", ALL),
    "pending_link": Table("tenant", ("select", "insert", "delete")),
    "tenant_domain": Table("tenant", ALL),
    "break_glass": Table("tenant", ("select", "insert", "delete")),
    "connection_mapping": Table("tenant", ALL),
    "connection_sample": Table("tenant", ALL),
    "mapped_role": Table("tenant", ("select", "insert", "delete")),
    "setup_invitation": Table("tenant", ALL),
    "certificate_reminder": Table("tenant", ("select", "insert", "delete")),
    # tokens
    "signing_key": Table("tenant", ALL),
    "opaque_token": Table("tenant", ("select", "insert", "delete")),
    "refresh_family": Table("tenant", ALL),
    "refresh_token": Table("tenant", ALL),
    "spent_proof": Table("tenant", ("select", "insert", "delete")),
    # provisioning
    "scim_token": Table("tenant", ALL),
    "scim_user": Table("tenant", ALL),
    "scim_email": Table("tenant", ALL),
    "scim_group": Table("tenant", ALL),
    "scim_member": Table("tenant", ("select", "insert", "delete")),
    # secrets
    "app_key": Table("tenant", ALL),
    "app_key_version": Table("tenant", ALL),
    "app_secret": Table("tenant", ALL),
    "app_secret_version": Table("tenant", ALL),
    "app_secret_lease": Table("tenant", ALL),
    # apikeys
    "api_key_lookup": Table("platform", ("select", "insert", "delete")),
    "service_account": Table("tenant", ALL),
    "api_key": Table("tenant", ALL),
    # webhooks
    "webhook_endpoint": Table("tenant", ALL),
    "webhook_delivery": Table("tenant", ALL),
    # signals
    "signal_stream": Table("tenant", ALL),
    "signal_event": Table("tenant", ALL),
    "signal_subject": Table("tenant", ("select", "insert", "delete")),
    # syslog
    "syslog_progress": Table("tenant", ALL),
    # revocation
    "revocation": Table("tenant", ("select", "insert", "delete")),
    # permissions
    "permission_store": Table("tenant", ALL),
    "permission_model": Table("tenant", ("select", "insert", "delete")),
    "permission_tuple": Table("tenant", ALL),
    "permission_change": Table("tenant", ("select", "insert", "delete")),
    "permission_assertion": Table("tenant", ALL),
}
