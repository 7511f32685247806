"""Admin: the management verbs that API, console and CLI share.

Owns what a manager of a tenant can do, each verb declaring once the right it takes, which is asked of our own
engine before the verb runs. Does not own the nouns: it composes the rooms below. `platform.py` alone works across
tenants, for operators.
"""

from airside.admin.above import Above
from airside.admin.alerts import AlertAdmin
from airside.admin.api_keys import ApiKeyAdmin
from airside.admin.audit import AuditAdmin
from airside.admin.clients import ClientAdmin
from airside.admin.connections import ConnectionAdmin
from airside.admin.consents import ConsentAdmin
from airside.admin.domains import DomainAdmin
from airside.admin.exports import Exports
from airside.admin.factors import FactorAdmin
from airside.admin.identities import IdentityAdmin
from airside.admin.incidents import IncidentAdmin
from airside.admin.invitations import InvitationAdmin
from airside.admin.members import MemberAdmin
from airside.admin.plans import PlanAdmin
from airside.admin.platform import OPERATOR, Platform
from airside.admin.policies import PolicyAdmin
from airside.admin.registration_tokens import RegistrationTokenAdmin
from airside.admin.response import ResponseAdmin
from airside.admin.roles import RoleAdmin
from airside.admin.scim_tokens import ScimTokenAdmin
from airside.admin.scopes import ScopeAdmin
from airside.admin.secrets import SecretAdmin
from airside.admin.service_accounts import ServiceAccountAdmin
from airside.admin.sessions import SessionAdmin
from airside.admin.setup import SetupAdmin
from airside.admin.transfer import LineResult, TransferAdmin
from airside.admin.users import UserAdmin
from airside.admin.vault import Bound, VaultAdmin, VaultUse
from airside.admin.verb import Verbs, requires
from airside.admin.webhooks import WebhookAdmin

__all__ = [
    "OPERATOR",
    "Above",
    "AlertAdmin",
    "ApiKeyAdmin",
    "AuditAdmin",
    "Bound",
    "ClientAdmin",
    "ConnectionAdmin",
    "ConsentAdmin",
    "DomainAdmin",
    "Exports",
    "FactorAdmin",
    "IdentityAdmin",
    "IncidentAdmin",
    "InvitationAdmin",
    "LineResult",
    "MemberAdmin",
    "PlanAdmin",
    "Platform",
    "PolicyAdmin",
    "RegistrationTokenAdmin",
    "ResponseAdmin",
    "RoleAdmin",
    "ScimTokenAdmin",
    "ScopeAdmin",
    "SecretAdmin",
    "ServiceAccountAdmin",
    "SessionAdmin",
    "SetupAdmin",
    "TransferAdmin",
    "UserAdmin",
    "VaultAdmin",
    "VaultUse",
    "Verbs",
    "WebhookAdmin",
    "requires",
]
