"""What the service says of itself."""

from airside.protocols.scim import GROUP, MAX_OPERATIONS, MAX_PAGE, USER
from airside.protocols.scim.description import provider


def _attributes(kind: str) -> set[str]:
    model = provider().model_for(kind)
    found = next(schema for schema in provider().schemas if schema.id and schema.id.endswith(f"core:2.0:{kind}"))
    assert model is not None
    return {attribute.name or "" for attribute in found.attributes or []}


def test_only_what_is_kept_is_described() -> None:
    """RFC 7643 §7: no password comes from outside, and what somebody may do is said by groups alone."""
    assert {"userName", "name", "emails", "active", "groups"} <= _attributes(USER)
    assert not {"password", "roles", "entitlements", "x509Certificates"} & _attributes(USER)
    assert _attributes(GROUP) == {"displayName", "members"}


def test_members_of_groups_are_users() -> None:
    group = next(schema for schema in provider().schemas if schema.id and schema.id.endswith("core:2.0:Group"))
    members = next(attribute for attribute in group.attributes or [] if attribute.name == "members")
    kinds = {inner.name: inner.reference_types for inner in members.sub_attributes or []}
    assert kinds["$ref"] == [USER]


def test_abilities_are_those_that_stand() -> None:
    """RFC 7643 §5, RFC 9865 §4."""
    config = provider().config
    assert config is not None
    assert config.bulk is not None
    assert config.bulk.max_operations == MAX_OPERATIONS
    assert config.filter is not None
    assert config.filter.max_results == MAX_PAGE
    assert config.pagination is not None
    assert config.pagination.cursor
    assert config.pagination.index
    assert config.change_password is not None
    assert not config.change_password.supported
    assert config.etag is not None
    assert config.etag.supported
