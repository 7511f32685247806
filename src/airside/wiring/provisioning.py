"""Provisioning over SCIM: a customer's directory and what it may do here."""

from dataclasses import dataclass

from airside.access import Authorise
from airside.admin import ScimTokenAdmin
from airside.federation import SetupDirectory, SetupEndings
from airside.federation.scim import MappedRoles, ScimGroups, ScimTokens, ScimUsers, Subjects
from airside.limits import InProcessLimiter
from airside.wiring.entries import Entries
from airside.wiring.federation import Federation
from airside.wiring.foundation import Foundation
from airside.wiring.persons import Persons


@dataclass(frozen=True, kw_only=True)
class Provisioning:
    """The services of provisioning."""

    scim_tokens: ScimTokens
    scim_users: ScimUsers
    scim_groups: ScimGroups
    scim_token_admin: ScimTokenAdmin
    setup_directory: SetupDirectory
    setup_endings: SetupEndings


def provisioning(
    base: Foundation, who: Persons, elsewhere: Federation, doors: Entries, authorise: Authorise
) -> Provisioning:
    """On `base`, for `who`."""
    roles = MappedRoles(connections=elsewhere.connections, mappings=elsewhere.mappings)
    users = ScimUsers(
        vault=base.vault,
        entropy=base.entropy,
        journal=base.journal,
        users=who.users,
        sessions=who.sessions,
        members=who.members,
        domains=elsewhere.domains,
        subjects=Subjects(vault=base.vault, entropy=base.entropy),
        roles=roles,
        closing=doors.closing,
    )
    tokens = ScimTokens(entropy=base.entropy, journal=base.journal, limiter=base.limiter, pace=InProcessLimiter())
    return Provisioning(
        scim_tokens=tokens,
        scim_users=users,
        scim_groups=ScimGroups(vault=base.vault, entropy=base.entropy, journal=base.journal, roles=roles),
        scim_token_admin=ScimTokenAdmin(authorise=authorise, tokens=tokens),
        setup_directory=SetupDirectory(portal=doors.setup_portal, tokens=tokens, journal=base.journal),
        setup_endings=SetupEndings(
            setups=doors.setups,
            connections=elsewhere.connections,
            removal=elsewhere.removal,
            domains=elsewhere.domains,
            tokens=tokens,
        ),
    )
