"""SAML 2.0 for a service provider, held to a strict profile (OASIS SAML 2.0 Core, Bindings, Profiles, Metadata).

Owns messages as bytes: requests that we write, responses and logout messages that we verify, metadata of both sides,
and the certificates that a connection pins. XML signatures are `signxml`'s mathematics, behind a profile that decides
what may be signed, where, how and by whom. Doesn't own connections, which request waits, which assertion is spent, or
whose account a subject is: `federation` does.
"""

from airside.protocols.saml.bindings import (
    MAX_POSTED,
    MAX_QUERY,
    Arrived,
    DetachedSignature,
    read_post,
    read_redirect,
    write_post,
    write_redirect,
)
from airside.protocols.saml.certificates import MAX_CERTIFICATES, PinnedCertificate, read_certificate
from airside.protocols.saml.encryption import MAX_DECRYPTION_KEYS
from airside.protocols.saml.idp_metadata import MAX_METADATA, IdpMetadata, read_idp_metadata
from airside.protocols.saml.lenience import STRICT, Lenience
from airside.protocols.saml.logout import (
    ExpectedLogout,
    LogoutRequest,
    LogoutResponse,
    VerifiedLogoutRequest,
    VerifiedLogoutResponse,
    verify_logout_request,
    verify_logout_response,
)
from airside.protocols.saml.model import ExpectedResponse, NameId
from airside.protocols.saml.names import HTTP_POST, HTTP_REDIRECT
from airside.protocols.saml.outline import Outline, outline
from airside.protocols.saml.refusals import CertificateRefused, MetadataRefused, Reason, SamlRefused
from airside.protocols.saml.requests import AuthnRequest, new_id
from airside.protocols.saml.response import VerifiedAssertion, verify_response
from airside.protocols.saml.signatures import MessageSigner
from airside.protocols.saml.sp_metadata import ServiceProvider, write_metadata

__all__ = [
    "HTTP_POST",
    "HTTP_REDIRECT",
    "MAX_CERTIFICATES",
    "MAX_DECRYPTION_KEYS",
    "MAX_METADATA",
    "MAX_POSTED",
    "MAX_QUERY",
    "STRICT",
    "Arrived",
    "AuthnRequest",
    "CertificateRefused",
    "DetachedSignature",
    "ExpectedLogout",
    "ExpectedResponse",
    "IdpMetadata",
    "Lenience",
    "LogoutRequest",
    "LogoutResponse",
    "MessageSigner",
    "MetadataRefused",
    "NameId",
    "Outline",
    "PinnedCertificate",
    "Reason",
    "SamlRefused",
    "ServiceProvider",
    "VerifiedAssertion",
    "VerifiedLogoutRequest",
    "VerifiedLogoutResponse",
    "new_id",
    "outline",
    "read_certificate",
    "read_idp_metadata",
    "read_post",
    "read_redirect",
    "verify_logout_request",
    "verify_logout_response",
    "verify_response",
    "write_metadata",
    "write_post",
    "write_redirect",
]
