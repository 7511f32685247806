"""The one catalogue of sealed columns: what is sealed, for which place, and what happens when its key is rotated.

A room that seals a column adds a row here; `tests/house/test_columns.py` walks the live database and fails on a column
that is neither here nor said to be public. Rows that carry another key's header (a person's own key) are left alone by
the rotation of data keys: what is re-sealed then is that key, in the column where it stands wrapped.

What is of one person is sealed under that person's own key (decision 0024), and names the column that says whose it is;
a column beside such a one that is sealed under the tenant's key says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

SHORT: Final = "gone within the hour; its key is kept for as long"
AS_RECORDED: Final = "part of a record that never changes; its key is kept for as long"

OWNER: Final = "user_id"
WRAPPED: Final = "the person's own key itself"
PEPPER: Final = "sealed under the key that is the pepper (decision 0012), which is rotated by itself"


def _first(first: UUID, *_: Any) -> UUID:
    return first


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed column.

    Args:
        key: the columns of a unique key beside `tenant_id`, one or two; the primary one as a rule.
        row: which row a place names, from their values; the first of them as a rule.
        kept: why it isn't sealed anew, where it isn't.
        owner: the column that says under which person's own key it stands; it may be null where that is nobody's.
        shared: why it stands under the tenant's key though its row is of one person.
    """

    table: str
    column: str
    key: tuple[str, ...]
    row: Callable[..., UUID] = _first
    kept: str = ""
    owner: str = ""
    shared: str = ""


def _device(user_id: UUID, device_id: UUID) -> UUID:
    return UUID(bytes=sha256(user_id.bytes + device_id.bytes).digest()[:16])


def _second(_first: Any, second: UUID) -> UUID:
    return second


def _hashed(request_hash: bytes) -> UUID:
    return UUID(bytes=request_hash[:16])


SEALED: Final = (
    Sealed("person_key", "wrapped", ("user_id",), shared=WRAPPED),
    Sealed("tenant", "name_sealed", ("tenant_id",)),
    # Whoever is invited has no account yet, and no key; once they have come, the row goes with them.
    Sealed("invitation", "email_sealed", ("invitation_id",)),
    Sealed("invitation", "name_sealed", ("invitation_id",)),
    Sealed("user_account", "profile_sealed", ("user_id",), owner=OWNER),
    Sealed("user_session", "origin_sealed", ("session_id",), owner=OWNER),
    Sealed("user_session", "agent_sealed", ("session_id",), owner=OWNER),
    Sealed("known_device", "origin_sealed", ("user_id", "device_id"), _device, owner=OWNER),
    Sealed("known_device", "agent_sealed", ("user_id", "device_id"), _device, owner=OWNER),
    Sealed("password_credential", "hash", ("user_id",), shared=PEPPER),
    Sealed("password_history", "hash", ("history_id",), shared=PEPPER),
    Sealed("totp_factor", "secret_sealed", ("factor_id",), owner=OWNER),
    Sealed("passkey", "credential_sealed", ("passkey_id",), owner=OWNER),
    Sealed("passkey", "key_sealed", ("passkey_id",), owner=OWNER),
    Sealed("passkey", "name_sealed", ("passkey_id",), owner=OWNER),
    # One for somebody who has no account yet (an invitation, a sign-up) is nobody's: the tenant's key seals it, and it
    # is swept when it has run out. So does one that carries nothing, for whom it may be is told to nobody (N15).
    Sealed("action_link", "payload_sealed", ("link_id",), owner=OWNER),
    Sealed("signin_flow", "continue_sealed", ("flow_id",), kept=SHORT),
    Sealed("signin_flow", "login_hint_sealed", ("flow_id",), kept=SHORT),
    Sealed("authorization_request", "login_hint_sealed", ("request_hash",), _hashed, kept=SHORT),
    Sealed("pushed_request", "parameters_sealed", ("pushed_id",), kept=SHORT),
    Sealed("claims_request", "claims_sealed", ("family_id",)),
    Sealed("connection", "secret_sealed", ("connection_id",)),
    Sealed("connection", "keys_sealed", ("connection_id",)),
    # Of whoever signed in last, who may have no account here; for an hour.
    Sealed("connection_sample", "claims_sealed", ("connection_id",)),
    Sealed("setup_invitation", "email_sealed", ("setup_id",)),
    Sealed("setup_invitation", "test_sealed", ("setup_id",)),
    Sealed("external_identity", "subject_sealed", ("identity_id",), owner=OWNER),
    Sealed("federated_session", "foreign_sealed", ("session_id", "identity_id"), owner=OWNER),
    Sealed("federated_session", "hint_sealed", ("session_id", "identity_id"), _second, owner=OWNER),
    Sealed("federation_request", "details_sealed", ("request_id",), kept=SHORT),
    Sealed("federation_answer", "fields_sealed", ("answer_id",), kept=SHORT),
    Sealed("pending_link", "claims_sealed", ("flow_id",), kept=SHORT),
    Sealed("scim_user", "content_sealed", ("connection_id", "user_id"), _second, owner=OWNER),
    Sealed("scim_group", "content_sealed", ("connection_id", "group_id"), _second),
    Sealed("app_key_version", "wrapped", ("version_id",)),
    Sealed("incident", "title_sealed", ("incident_id",)),
    Sealed("incident_entry", "text_sealed", ("entry_id",), kept=AS_RECORDED),
    Sealed("app_secret", "metadata_sealed", ("secret_id",)),
    Sealed("app_secret_version", "value_sealed", ("version_id",)),
    Sealed("webhook_endpoint", "secret_sealed", ("endpoint_id",)),
    Sealed("webhook_endpoint", "previous_sealed", ("endpoint_id",)),
    Sealed("signal_stream", "authorization_sealed", ("stream_id",)),
    Sealed("signing_key", "private_sealed", ("key_id",)),
    Sealed("audit_key", "private_sealed", ("key_id",), kept=AS_RECORDED),
    Sealed("audit_record", "personal_sealed", ("record_id",), kept=AS_RECORDED),
    Sealed("alert", "evidence_sealed", ("alert_id",)),
    Sealed("alert_fact", "about_sealed", ("fact_id",)),
)
PEPPERED: Final = ("password_credential", "password_history")
"""The tables of password hashes, whose seal is the pepper (decision 0012)."""
