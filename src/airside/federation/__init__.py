"""Federation: people who prove themselves elsewhere.

Owns a tenant's connections to foreign identity providers and their secrets, what a login waits for while its browser
is away, what comes back, and who a foreign subject is here. Does not own the order of a login's steps (`signin`), users
and sessions (`identity`), the formats that providers speak (`protocols`), nor pages and routes.
"""

from airside.federation.connections import Connections
from airside.federation.model import (
    Connection,
    ConnectionChange,
    ConnectionDraft,
    ConnectionSecrets,
    ConnectionState,
    Departure,
    Domains,
    ExternalClaims,
    ExternalIdentity,
    FederatedSession,
    Leading,
    Mapped,
    Mappings,
)
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import (
    ConnectionKind,
    OidcSettings,
    SamlSettings,
    Settings,
    parse_settings,
    render_settings,
)

__all__ = [
    "Connection",
    "ConnectionChange",
    "ConnectionDraft",
    "ConnectionKind",
    "ConnectionSecrets",
    "ConnectionState",
    "Connections",
    "Departure",
    "Domains",
    "ExternalClaims",
    "ExternalIdentity",
    "FederatedSession",
    "FederatedSessions",
    "Leading",
    "Mapped",
    "Mappings",
    "OidcSettings",
    "SamlSettings",
    "Settings",
    "parse_settings",
    "render_settings",
]
