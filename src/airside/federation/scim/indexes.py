"""What the blind indexes of provisioned users and groups are of. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airside.federation.scim.groups import COLUMNS as OF_GROUPS
from airside.federation.scim.groups import external_id_value, name_value
from airside.federation.scim.profile import COLUMNS as OF_USERS
from airside.federation.scim.profile import profile_of
from airside.protocols.scim import USER, comparable
from airside.vault.indexes import Column, Values


def _user_name(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [comparable(USER, "userName", profile_of(json.loads(sealed)).user_name)]


def _external_id(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    external_id = profile_of(json.loads(sealed)).external_id
    return [] if external_id is None else [comparable(USER, "externalId", external_id)]


def _emails(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [comparable(USER, "emails.value", value) for value in profile_of(json.loads(sealed)).emails]


def _group_name(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [name_value(json.loads(sealed))]


def _group_external_id(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    value = external_id_value(json.loads(sealed))
    return [] if value is None else [value]


VALUES: Final[Mapping[Column, Values]] = {
    OF_USERS["userName"]: _user_name,
    OF_USERS["externalId"]: _external_id,
    OF_USERS["emails.value"]: _emails,
    OF_GROUPS["displayName"]: _group_name,
    OF_GROUPS["externalId"]: _group_external_id,
}
