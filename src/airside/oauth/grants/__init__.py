"""Grants: one file each over the shared phases of `phases.py`.

A grant owns what proves it: a code, a refresh token, nothing but the client itself. It doesn't own client
authentication, whether the client may use it, narrowing, signing, journalling or the answer: the phases do, so that
no grant can forget one.
"""

from airside.oauth.grants.authorization_code import AuthorizationCodeGrant
from airside.oauth.grants.client_credentials import ClientCredentialsGrant
from airside.oauth.grants.device_code import DeviceCodeGrant
from airside.oauth.grants.jwt_bearer import JwtBearerGrant
from airside.oauth.grants.phases import Grant, Granted, TokenEndpoint, registry
from airside.oauth.grants.refresh_token import RefreshTokenGrant
from airside.oauth.grants.token_exchange import TokenExchangeGrant

__all__ = [
    "AuthorizationCodeGrant",
    "ClientCredentialsGrant",
    "DeviceCodeGrant",
    "Grant",
    "Granted",
    "JwtBearerGrant",
    "RefreshTokenGrant",
    "TokenEndpoint",
    "TokenExchangeGrant",
    "registry",
]
