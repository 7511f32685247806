"""OAuth: from a client's request to its tokens.

Owns clients and their secrets, client authentication, authorization requests, consent and codes, the grants over their
shared phases (`grants/`), ID tokens and userinfo as clients registered for them, what each client knows a person by,
revocation and introspection as clients ask for them, logout, and discovery. Doesn't own sign-in (`signin`), sessions
and users (`identity`), the tokens themselves and their families (`tokens`), what is revoked (`revocation`), nor how a
request is read from HTTP (`api/routes/oauth.py`).
"""

from airside.oauth.authorize import Authorization, Browser, ComeBack, SignIn
from airside.oauth.backchannel import BackChannel
from airside.oauth.changes import ClientChange
from airside.oauth.claims_requests import ClaimsRequests
from airside.oauth.client_authentication import AuthenticatedClient, ClientAuthentication
from airside.oauth.client_certificates import Authorities
from airside.oauth.client_documents import ClientDocuments
from airside.oauth.client_keys import ClientKeys
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.client_memory import ClientMemory
from airside.oauth.client_proofs import ClientProofs, Credentials
from airside.oauth.clients import Clients
from airside.oauth.codes import Codes
from airside.oauth.consent import Asked, Consents
from airside.oauth.device_authorizations import DeviceAuthorizations
from airside.oauth.device_endpoint import DeviceEndpoint
from airside.oauth.discovery import metadata
from airside.oauth.dynamic import Registrations
from airside.oauth.errors import InvalidClientMetadata
from airside.oauth.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    DeviceCodeGrant,
    JwtBearerGrant,
    RefreshTokenGrant,
    TokenEndpoint,
    TokenExchangeGrant,
    registry,
)
from airside.oauth.hints import IdTokenHint, IdTokenHints
from airside.oauth.id_tokens import IdTokens
from airside.oauth.intake import Intake
from airside.oauth.introspection import IntrospectionEndpoint, claims_of
from airside.oauth.logout import Logout, SignedOut
from airside.oauth.logout_tokens import LogoutTokens
from airside.oauth.model import Client, ClientDraft, Consent, GrantName, LogoutRequest
from airside.oauth.outstanding import Outstanding
from airside.oauth.participants import Participants
from airside.oauth.ports import IssuerOf, RolesOf
from airside.oauth.pushed import PushedRequests
from airside.oauth.pushing import PushEndpoint
from airside.oauth.records_certificates import self_signed_certificates
from airside.oauth.records_registrations import RegistrationToken
from airside.oauth.records_scopes import Scope
from airside.oauth.registration_tokens import RegistrationTokens
from airside.oauth.request_objects import RequestObjects
from airside.oauth.resource_metadata import protected_resource
from airside.oauth.responses import FormPost, Redirect
from airside.oauth.revocation import RevocationEndpoint
from airside.oauth.scopes import Scopes
from airside.oauth.sectors import SectorIdentifiers
from airside.oauth.sender_constraints import SenderConstraints
from airside.oauth.settings import ClientSettings, parse_settings, render_settings
from airside.oauth.standing import Standing
from airside.oauth.subjects import Subjects
from airside.oauth.userinfo import Userinfo, UserinfoEndpoint

__all__ = [
    "Asked",
    "AuthenticatedClient",
    "Authorities",
    "Authorization",
    "AuthorizationCodeGrant",
    "BackChannel",
    "Browser",
    "ClaimsRequests",
    "Client",
    "ClientAuthentication",
    "ClientChange",
    "ClientCredentialsGrant",
    "ClientDocuments",
    "ClientDraft",
    "ClientKeys",
    "ClientLookup",
    "ClientMemory",
    "ClientProofs",
    "ClientSettings",
    "Clients",
    "Codes",
    "ComeBack",
    "Consent",
    "Consents",
    "Credentials",
    "DeviceAuthorizations",
    "DeviceCodeGrant",
    "DeviceEndpoint",
    "FormPost",
    "GrantName",
    "IdTokenHint",
    "IdTokenHints",
    "IdTokens",
    "Intake",
    "IntrospectionEndpoint",
    "InvalidClientMetadata",
    "IssuerOf",
    "JwtBearerGrant",
    "Logout",
    "LogoutRequest",
    "LogoutTokens",
    "Outstanding",
    "Participants",
    "PushEndpoint",
    "PushedRequests",
    "Redirect",
    "RefreshTokenGrant",
    "RegistrationToken",
    "RegistrationTokens",
    "Registrations",
    "RequestObjects",
    "RevocationEndpoint",
    "RolesOf",
    "Scope",
    "Scopes",
    "SectorIdentifiers",
    "SenderConstraints",
    "SignIn",
    "SignedOut",
    "Standing",
    "Subjects",
    "TokenEndpoint",
    "TokenExchangeGrant",
    "Userinfo",
    "UserinfoEndpoint",
    "claims_of",
    "metadata",
    "parse_settings",
    "protected_resource",
    "registry",
    "render_settings",
    "self_signed_certificates",
]
