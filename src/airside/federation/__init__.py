"""Federation: people who prove themselves elsewhere.

Owns a tenant's connections to foreign identity providers and their secrets, what a login waits for while its browser
is away, what comes back, and who a foreign subject is here. Does not own the order of a login's steps (`signin`), users
and sessions (`identity`), the formats that providers speak (`protocols`), nor pages and routes.
"""

from airside.federation.answers import Answers, OidcAnswer, Received, Redeemed, SamlAnswer
from airside.federation.connections import Connections
from airside.federation.documents import Documents, ProviderAway
from airside.federation.domains import Notices, TenantDomains
from airside.federation.enforcement import Enforcement
from airside.federation.identities import Identities
from airside.federation.linking import LinkedDoor, LinkedProof, Linking, NotLinked, OidcProof, SamlProof
from airside.federation.mapping import AssuranceRule, MappingRules, RoleRule, parse_rules, render_rules
from airside.federation.mappings import Preview, TenantMappings
from airside.federation.model import (
    Connection,
    ConnectionChange,
    ConnectionDraft,
    ConnectionSecrets,
    ConnectionState,
    Departure,
    Discovery,
    Domains,
    Examining,
    ExternalClaims,
    ExternalIdentity,
    FederatedSession,
    Leading,
    Mapped,
    Mappings,
    PendingLink,
)
from airside.federation.model_domains import Domain, DomainChange, DomainState
from airside.federation.notices import AdministratorNotices
from airside.federation.oidc import OidcDoor, OwnIssuer
from airside.federation.oidc_client import OidcClient
from airside.federation.oidc_logout import ProviderLogouts
from airside.federation.oidc_sign_out import ProviderSignOuts, SignOuts
from airside.federation.own_keys import OwnKeys
from airside.federation.presets import INPUTS, PRESETS, preset_settings
from airside.federation.providers import Providers
from airside.federation.records_mappings import Sample, SavedMapping
from airside.federation.reminders import CertificateReminders, newest_of
from airside.federation.removal import Removal
from airside.federation.requests import Requests
from airside.federation.saml import SamlDoor
from airside.federation.saml_logout import SamlLogouts
from airside.federation.saml_metadata import SamlMetadata
from airside.federation.saml_party import SamlParty, pinned
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import ConnectionKind, SamlSettings, Settings, merged, parse_settings, render_settings
from airside.federation.settings_oidc import OidcSettings, PresetName
from airside.federation.setup import SetupAccess, Setups
from airside.federation.setup_directory import SetupDirectory
from airside.federation.setup_domains import SetupDomains
from airside.federation.setup_ending import SetupEndings
from airside.federation.setup_model import (
    MAX_SETUP_DOMAINS,
    PROVIDERS,
    Setup,
    SetupDraft,
    SetupProvider,
    SetupState,
    SetupTest,
)
from airside.federation.setup_portal import OidcGiven, SetupPortal, saml_typed
from airside.federation.setup_trial import SetupTrials
from airside.federation.ways import FederatedWays

__all__ = [
    "INPUTS",
    "MAX_SETUP_DOMAINS",
    "PRESETS",
    "PROVIDERS",
    "AdministratorNotices",
    "Answers",
    "AssuranceRule",
    "CertificateReminders",
    "Connection",
    "ConnectionChange",
    "ConnectionDraft",
    "ConnectionKind",
    "ConnectionSecrets",
    "ConnectionState",
    "Connections",
    "Departure",
    "Discovery",
    "Documents",
    "Domain",
    "DomainChange",
    "DomainState",
    "Domains",
    "Enforcement",
    "Examining",
    "ExternalClaims",
    "ExternalIdentity",
    "FederatedSession",
    "FederatedSessions",
    "FederatedWays",
    "Identities",
    "Leading",
    "LinkedDoor",
    "LinkedProof",
    "Linking",
    "Mapped",
    "MappingRules",
    "Mappings",
    "NotLinked",
    "Notices",
    "OidcAnswer",
    "OidcClient",
    "OidcDoor",
    "OidcGiven",
    "OidcProof",
    "OidcSettings",
    "OwnIssuer",
    "OwnKeys",
    "PendingLink",
    "PresetName",
    "Preview",
    "ProviderAway",
    "ProviderLogouts",
    "ProviderSignOuts",
    "Providers",
    "Received",
    "Redeemed",
    "Removal",
    "Requests",
    "RoleRule",
    "SamlAnswer",
    "SamlDoor",
    "SamlLogouts",
    "SamlMetadata",
    "SamlParty",
    "SamlProof",
    "SamlSettings",
    "Sample",
    "SavedMapping",
    "Settings",
    "Setup",
    "SetupAccess",
    "SetupDirectory",
    "SetupDomains",
    "SetupDraft",
    "SetupEndings",
    "SetupPortal",
    "SetupProvider",
    "SetupState",
    "SetupTest",
    "SetupTrials",
    "Setups",
    "SignOuts",
    "TenantDomains",
    "TenantMappings",
    "merged",
    "newest_of",
    "parse_rules",
    "parse_settings",
    "pinned",
    "preset_settings",
    "render_rules",
    "render_settings",
    "saml_typed",
]
