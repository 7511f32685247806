"""What a directory's description of a user says of the account: its address, its name, what it is found by. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from airside.core.errors import InvalidInput
from airside.core.strict_json import dumps
from airside.federation.scim.model import MAX_CONTENT, Content
from airside.federation.scim.records_users import Found
from airside.identity.email import read
from airside.identity.users import MAX_NAME, acceptable_name
from airside.protocols.scim import USER, Attribute, comparable
from airside.vault import Keyset
from airside.vault.indexes import Column

MAX_KEY: Final = 512
"""Characters of a userName or externalId."""
MAX_EMAILS: Final = 20
SERVERS_OWN: Final = frozenset({"id", "meta", "groups"})
"""What the server says of a user, not the directory."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as a directory describes them. `address` is None where it says none that mail could go to, `active` where
    it leaves that as it is."""

    said: Content = field(repr=False)
    active: bool | None
    user_name: str = field(repr=False)
    external_id: str | None = field(repr=False)
    address: str | None = field(repr=False)
    name: str = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)

    def found(self, keyset: Keyset) -> Found:
        """Its blind indexes."""
        name, *others = indexes(keyset, "userName", self.user_name)
        return Found(
            name,
            None if self.external_id is None else indexes(keyset, "externalId", self.external_id)[0],
            tuple({indexes(keyset, "emails.value", value)[0] for value in self.emails}),
            others,
        )


COLUMNS: Final[Mapping[Attribute, Column]] = {
    "userName": ("scim_user", "user_name_index"),
    "externalId": ("scim_user", "external_id_index"),
    "emails.value": ("scim_email", "email_index"),
}
"""Where a user's attributes are indexed."""


def indexes(keyset: Keyset, attribute: Attribute, value: str) -> list[bytes]:
    """The blind indexes that a user's attribute may have; the first is what one gets that is written now."""
    return blind(keyset, attribute, comparable(USER, attribute, value))


def blind(keyset: Keyset, attribute: Attribute, compared: bytes) -> list[bytes]:
    """As `indexes`, where the attribute's comparable form is there already."""
    return keyset.blind_indexes(*COLUMNS[attribute], compared)


def profile_of(document: Content) -> Profile:
    """What `document`, a whole user in JSON, says.

    Raises:
        InvalidInput: a key over its cap, an e-mail address that is none, or more of anything than is kept.
    """
    said = {key: value for key, value in document.items() if key not in SERVERS_OWN}
    if len(dumps(said)) > MAX_CONTENT:
        raise InvalidInput("more than is kept of one user", pointer="schemas")
    user_name, external_id = key_of(said, "userName") or "", key_of(said, "externalId")
    emails = _emails(said)
    return Profile(
        said=said,
        active=None if said.get("active") is None else said["active"] is True,
        user_name=user_name,
        external_id=external_id,
        address=_address(emails, user_name),
        name=_name(said, user_name),
        emails=tuple(value for value, _ in emails),
    )


def key_of(said: Content, name: str) -> str | None:
    """What a resource is found by.

    Raises:
        InvalidInput: over its cap.
    """
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KEY:
        raise InvalidInput(f"1 to {MAX_KEY} characters are expected", pointer=name)
    return value


def _emails(said: Content) -> list[tuple[str, bool]]:
    given = cast("Sequence[dict[str, Any]]", said.get("emails") or ())
    if len(given) > MAX_EMAILS:
        raise InvalidInput(f"at most {MAX_EMAILS} e-mail addresses", pointer="emails")
    return [(str(one["value"]), one.get("primary") is True) for one in given if one.get("value")]


def _address(emails: Sequence[tuple[str, bool]], user_name: str) -> str | None:
    """The primary address, else the first, else the userName where it is one."""
    chosen = next((value for value, primary in emails if primary), emails[0][0] if emails else None)
    if chosen is not None:
        try:
            return read(chosen).address
        except InvalidInput:
            raise InvalidInput("not an e-mail address", pointer="emails.value") from None
    try:
        return read(user_name).address
    except InvalidInput:
        return None


def _name(said: Content, user_name: str) -> str:
    named = cast("dict[str, Any]", said.get("name") or {})
    parts = " ".join(str(named[part]) for part in ("givenName", "familyName") if named.get(part))
    chosen = said.get("displayName") or named.get("formatted") or parts or user_name
    return acceptable_name(str(chosen)[:MAX_NAME])
