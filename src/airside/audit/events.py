"""The closed vocabulary of what can happen: `source:subject:action`.

Source is the room or flow that did it, subject the kind of thing it happened to, action a past participle.
A new event is a new member here; nothing else can be journalled.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

GRAMMAR: Final = re.compile(r"[a-z]+:[a-z_]+:[a-z_]+")


ANY: Final = "*"


class Event(StrEnum):
    """Everything that the journal records."""

    SIGNIN_SUCCEEDED = "signin:user:succeeded"
    SIGNIN_REFUSED = "signin:user:refused"
    SIGNIN_LIMITED = "signin:origin:limited"

    SESSION_STARTED = "session:user:started"
    SESSION_ENDED = "session:user:ended"
    SESSION_ROTATED = "session:user:rotated"

    DEVICE_REMEMBERED = "device:user:remembered"
    DEVICE_ADMITTED = "device:user:admitted"
    DEVICE_FORGOTTEN = "device:user:forgotten"

    LINK_REFUSED = "link:link:refused"
    SIGNUP_REQUESTED = "signup:link:requested"
    SIGNUP_CONFIRMED = "signup:user:confirmed"
    SIGNUP_LIMITED = "signup:origin:limited"
    VERIFICATION_REQUESTED = "verification:user:requested"
    EMAIL_VERIFIED = "verification:user:verified"
    RECOVERY_REQUESTED = "recovery:link:requested"
    RECOVERY_FINISHED = "recovery:user:finished"
    RECOVERY_LIMITED = "recovery:origin:limited"
    INVITATION_CREATED = "invitation:invitation:created"
    INVITATION_RESENT = "invitation:invitation:resent"
    INVITATION_REVOKED = "invitation:invitation:revoked"
    INVITATION_ACCEPTED = "invitation:invitation:accepted"
    INVITATION_REFUSED = "invitation:invitation:refused"

    TENANT_CREATED = "tenant:tenant:created"
    TENANT_SHREDDING_REQUESTED = "tenant:shredding:requested"
    TENANT_SHREDDING_CANCELLED = "tenant:shredding:cancelled"
    TENANT_PLAN_ASSIGNED = "tenant:plan:assigned"
    TENANT_PLAN_RELEASED = "tenant:plan:released"
    PLAN_DEFINED = "platform:plan:defined"
    TENANT_SHREDDED = "tenant:tenant:shredded"
    TENANT_EXPORTED = "tenant:tenant:exported"
    TENANT_IMPORTED = "tenant:tenant:imported"

    BACKUP_MADE = "custody:backup:made"
    BACKUP_VERIFIED = "custody:backup:verified"
    BACKUP_RESTORED = "custody:backup:restored"
    BACKUP_FAILED = "custody:backup:failed"

    VAULT_KEY_MADE = "vault:key:made"
    VAULT_KEY_ACTIVATED = "vault:key:activated"
    VAULT_KEY_ROLLED_BACK = "vault:key:returned"
    VAULT_KEY_DESTROYED = "vault:key:destroyed"
    VAULT_KEYS_REWRAPPED = "vault:key:rewrapped"

    USER_CREATED = "user:user:created"
    USER_UPDATED = "user:user:updated"
    USER_DEACTIVATED = "user:user:deactivated"
    USER_REACTIVATED = "user:user:reactivated"
    PASSWORD_SET = "user:password:set"
    PASSWORD_IMPORTED = "user:password:imported"
    PASSWORD_CHANGE_DEMANDED = "user:password:demanded"
    PASSWORD_CHANGE_REFUSED = "user:password:refused"
    LEAKS_UNASKED = "user:password:unasked"

    TOTP_ADDED = "factor:totp:added"
    TOTP_REMOVED = "factor:totp:removed"
    RECOVERY_CODES_RENEWED = "factor:recovery_codes:renewed"
    RECOVERY_CODES_REMOVED = "factor:recovery_codes:removed"
    RECOVERY_CODE_SPENT = "factor:recovery_code:spent"
    EMAIL_CODE_SENT = "factor:email_code:sent"
    FACTORS_RESET = "factor:user:reset"

    PASSKEY_ADDED = "user:passkey:added"
    PASSKEY_RENAMED = "user:passkey:renamed"
    PASSKEY_REMOVED = "user:passkey:removed"
    PASSKEY_SUSPECTED = "user:passkey:suspected"

    MEMBER_GRANTED = "member:user:granted"
    MEMBER_REVOKED = "member:user:revoked"

    ROLE_CREATED = "role:role:created"
    ROLE_UPDATED = "role:role:updated"
    ROLE_DELETED = "role:role:deleted"
    ROLE_ASSIGNED = "role:user:assigned"
    ROLE_UNASSIGNED = "role:user:unassigned"

    POLICY_CHANGED = "policy:tenant:changed"
    USER_CLOSED = "user:user:closed"
    USER_ERASED = "user:user:erased"
    USER_ERASURE_REQUESTED = "user:erasure:requested"
    USER_ERASURE_CANCELLED = "user:erasure:cancelled"
    USERS_IMPORTED = "admin:users:imported"
    USERS_EXPORTED = "admin:users:exported"
    PASSWORD_HASHES_EXPORTED = "admin:hashes:exported"

    CLIENT_CREATED = "client:client:created"
    CLIENT_UPDATED = "client:client:updated"
    CLIENT_DEACTIVATED = "client:client:deactivated"
    CLIENT_REACTIVATED = "client:client:reactivated"
    CLIENT_DELETED = "client:client:deleted"
    CLIENT_SECRET_ROTATED = "client:secret:rotated"
    CLIENT_REFUSED = "client:client:refused"

    REQUEST_PUSHED = "oauth:request:pushed"
    REQUEST_REFUSED = "oauth:request:refused"
    REGISTRATION_TOKEN_CREATED = "registration:token:created"
    REGISTRATION_TOKEN_REVOKED = "registration:token:revoked"

    SCOPE_DESCRIBED = "scope:scope:described"
    SCOPE_DELETED = "scope:scope:deleted"

    CODE_ISSUED = "oauth:code:issued"
    CODE_REUSED = "oauth:code:reused"
    TOKEN_ISSUED = "token:client:issued"
    TOKEN_EXCHANGED = "token:client:exchanged"
    TOKEN_REFUSED = "token:client:refused"
    DEVICE_CODE_ISSUED = "oauth:device_code:issued"
    DEVICE_CODE_APPROVED = "oauth:device_code:approved"
    DEVICE_CODE_DENIED = "oauth:device_code:denied"
    DEVICE_CODE_REFUSED = "oauth:device_code:refused"
    DEVICE_CODE_REUSED = "oauth:device_code:reused"

    FAMILY_STARTED = "refresh:family:started"
    FAMILY_REUSED = "refresh:family:reused"
    FAMILY_REVOKED = "refresh:family:revoked"
    CONSENT_GRANTED = "consent:user:granted"
    CONSENT_DENIED = "consent:user:denied"
    CONSENT_REVOKED = "consent:user:revoked"
    REVOCATION_WRITTEN = "revocation:token:revoked"

    SIGNING_KEY_CREATED = "key:signing:created"
    SIGNING_KEY_RETIRED = "key:signing:retired"
    SIGNING_KEY_WITHDRAWN = "key:signing:withdrawn"

    STORE_CREATED = "permission:store:created"
    STORE_DELETED = "permission:store:deleted"
    MODEL_WRITTEN = "permission:model:written"
    TUPLES_WRITTEN = "permission:tuples:written"
    ASSERTIONS_WRITTEN = "permission:assertions:written"

    ACCESS_REFUSED = "access:principal:refused"
    LIMIT_EXCEEDED = "limit:origin:exceeded"

    ALERT_RAISED = "alert:alert:raised"
    ALERT_ACKNOWLEDGED = "alert:alert:acknowledged"
    ALERT_CLOSED = "alert:alert:closed"

    LOGOUT_ABANDONED = "logout:client:abandoned"

    SCIM_TOKEN_CREATED = "scim:token:created"
    SCIM_TOKEN_REVOKED = "scim:token:revoked"
    SCIM_REFUSED = "scim:token:refused"
    SCIM_USER_LINKED = "scim:user:linked"
    SCIM_USER_CHANGED = "scim:user:changed"
    SCIM_USER_REMOVED = "scim:user:removed"
    SCIM_GROUP_CREATED = "scim:group:created"
    SCIM_GROUP_CHANGED = "scim:group:changed"
    SCIM_GROUP_REMOVED = "scim:group:removed"

    API_KEY_CREATED = "apikey:key:created"
    API_KEY_ROTATED = "apikey:key:rotated"
    API_KEY_REVOKED = "apikey:key:revoked"
    API_KEY_REFUSED = "apikey:key:refused"
    SERVICE_ACCOUNT_CREATED = "apikey:account:created"
    SERVICE_ACCOUNT_DEACTIVATED = "apikey:account:deactivated"
    SERVICE_ACCOUNT_REACTIVATED = "apikey:account:reactivated"

    MAIL_ABANDONED = "notify:mail:abandoned"

    AUDIT_SEARCHED = "audit:log:searched"
    AUDIT_EVENT_READ = "audit:event:read"
    AUDIT_EXPORTED = "audit:log:exported"
    AUDIT_EXPIRED = "audit:log:expired"

    CONNECTION_CREATED = "connection:connection:created"
    CONNECTION_UPDATED = "connection:connection:updated"
    CONNECTION_SECRET_SET = "connection:secret:set"
    CONNECTION_DEACTIVATED = "connection:connection:deactivated"
    CONNECTION_REACTIVATED = "connection:connection:reactivated"
    CONNECTION_DELETED = "connection:connection:deleted"
    FEDERATION_REFUSED = "federation:connection:refused"
    IDENTITY_LINKED = "federation:user:linked"
    IDENTITY_UNLINKED = "federation:user:unlinked"
    IDENTITY_CREATED_USER = "federation:user:created"

    DOMAIN_ADDED = "domain:domain:added"
    DOMAIN_VERIFIED = "domain:domain:verified"
    DOMAIN_UPDATED = "domain:domain:updated"
    DOMAIN_MISSED = "domain:domain:missed"
    DOMAIN_LOST = "domain:domain:lost"
    DOMAIN_DELETED = "domain:domain:deleted"
    BREAK_GLASS_SET = "domain:breakglass:set"
    BREAK_GLASS_USED = "domain:breakglass:used"

    MAPPING_SAVED = "mapping:connection:saved"
    MAPPING_APPLIED = "mapping:user:applied"
    SETUP_INVITED = "setup:invitation:created"
    SETUP_REVOKED = "setup:invitation:revoked"
    SETUP_REFUSED = "setup:invitation:refused"
    SETUP_STARTED = "setup:invitation:started"
    SETUP_CHOSEN = "setup:provider:chosen"
    SETUP_CONFIGURED = "setup:connection:configured"
    SETUP_DOMAIN_ADDED = "setup:domain:added"
    SETUP_TOKEN_CREATED = "setup:token:created"
    SETUP_TESTED = "setup:connection:tested"
    SETUP_FINISHED = "setup:invitation:finished"
    CERTIFICATE_ENDING = "federation:certificate:ending"

    APP_KEY_CREATED = "vault:named_key:created"
    APP_KEY_ROTATED = "vault:named_key:rotated"
    APP_KEY_DESTROYED = "vault:named_key:destroyed"
    SECRET_WRITTEN = "vault:stored_secret:written"
    SECRET_READ = "vault:stored_secret:read"
    SECRET_DELETED = "vault:stored_secret:deleted"
    SECRET_RESTORED = "vault:stored_secret:restored"
    SECRET_DESTROYED = "vault:stored_secret:destroyed"
    SECRET_ROTATED = "vault:stored_secret:rotated"
    SECRET_SCHEDULED = "vault:stored_secret:scheduled"
    LEASE_REVOKED = "vault:lease:revoked"
    VAULT_GRANTED = "vault:grant:granted"
    VAULT_REVOKED = "vault:grant:revoked"

    SESSIONS_ENDED = "response:sessions:ended"
    SESSIONS_OUTDATED = "response:sessions:outdated"
    KEYS_REVOKED = "response:keys:revoked"
    KEYS_ROTATED = "response:keys:rotated"
    TENANT_LOCKED = "response:tenant:locked"
    TENANT_UNLOCKED = "response:tenant:unlocked"
    NETWORK_BANNED = "response:network:banned"
    NETWORK_LIFTED = "response:network:lifted"

    INCIDENT_OPENED = "incident:incident:opened"
    INCIDENT_NOTED = "incident:incident:noted"
    INCIDENT_LINKED = "incident:incident:linked"
    INCIDENT_CLOSED = "incident:incident:closed"
    INCIDENT_EXPORTED = "incident:incident:exported"

    WEBHOOK_CREATED = "webhook:endpoint:created"
    WEBHOOK_UPDATED = "webhook:endpoint:updated"
    WEBHOOK_SECRET_ROTATED = "webhook:secret:rotated"
    WEBHOOK_DISABLED = "webhook:endpoint:disabled"
    WEBHOOK_ENABLED = "webhook:endpoint:enabled"
    WEBHOOK_DELETED = "webhook:endpoint:deleted"
    WEBHOOK_TESTED = "webhook:endpoint:tested"
    WEBHOOK_ABANDONED = "webhook:delivery:abandoned"
    WEBHOOK_REPLAYED = "webhook:delivery:replayed"

    STREAM_CREATED = "signals:stream:created"
    STREAM_UPDATED = "signals:stream:updated"
    STREAM_STATUS_SET = "signals:stream:set"
    STREAM_DELETED = "signals:stream:deleted"
    STREAM_SUBJECT_ADDED = "signals:subject:added"
    STREAM_SUBJECT_REMOVED = "signals:subject:removed"
    SIGNAL_REFUSED = "signals:event:refused"
    SIGNAL_ABANDONED = "signals:event:abandoned"


def matching(pattern: str) -> list[Event]:
    """The events that `pattern` names: `*` in place of source, subject or action stands for any, as in `*:user:*`. None
    of them if it isn't of that form."""
    wanted = pattern.split(":")
    return [event for event in Event if _fits(event.value.split(":"), wanted)]


def _fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(wanted) == len(parts) and all(w in (ANY, p) for p, w in zip(parts, wanted, strict=True))
