"""WebAuthn: passkeys, held to the strict reading (Web Authentication Level 3).

Owns the options that a browser is handed, the responses that it brings back, and what a verified one says. CBOR, COSE
and the attestation formats are read by the `webauthn` library, behind gates that refuse what it would be lenient or
slow about. Doesn't own challenges, who holds which passkey, or what a tenant demands: `identity` does.
"""

from airside.protocols.webauthn.assertion import (
    Assertion,
    KnownCredential,
    VerifiedAssertion,
    read_assertion,
    verify_assertion,
)
from airside.protocols.webauthn.model import (
    MAX_CREDENTIAL_ID,
    MAX_RESPONSE,
    TIMEOUT,
    Descriptor,
    RelyingParty,
)
from airside.protocols.webauthn.options import Account, creation_options, request_options
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason
from airside.protocols.webauthn.registration import VerifiedRegistration, verify_registration

__all__ = [
    "MAX_CREDENTIAL_ID",
    "MAX_RESPONSE",
    "TIMEOUT",
    "Account",
    "Assertion",
    "CeremonyRefused",
    "Descriptor",
    "KnownCredential",
    "Reason",
    "RelyingParty",
    "VerifiedAssertion",
    "VerifiedRegistration",
    "creation_options",
    "read_assertion",
    "request_options",
    "verify_assertion",
    "verify_registration",
]
