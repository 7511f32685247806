"""Provisioning: a directory makes, changes and removes the tenant's users and groups over SCIM 2.0 (RFC 7643,
RFC 7644), each connection its own and with tokens of its own.

It owns what a directory said of users and groups, and the tokens it says it with. It does not own the users, who are
`identity`'s, nor what their groups let them do: that is the connection's mapping, reached through a port. Grammar and
protocol are `scim2-server`'s, described in `protocols/scim`; the routes are `api`'s. The door
that speaks it is imported by its own name, `federation.scim.door`: nobody else needs those libraries."""

from airside.federation.scim.groups import ScimGroups
from airside.federation.scim.model import Closing, GroupRoles, ScimToken, Source
from airside.federation.scim.provisioned import Provisioned
from airside.federation.scim.roles import MappedRoles
from airside.federation.scim.subjects import Subjects
from airside.federation.scim.tokens import ScimTokens
from airside.federation.scim.users import ScimUsers

__all__ = [
    "Closing",
    "GroupRoles",
    "MappedRoles",
    "Provisioned",
    "ScimGroups",
    "ScimToken",
    "ScimTokens",
    "ScimUsers",
    "Source",
    "Subjects",
]
