"""Identity: who somebody is. Users, their passwords, their devices and sessions, and the proofs between them.

Owns people of a tenant, what they prove themselves with, the sessions that proofs start, the devices they are known
by, and what is remarkable about a sign-in. Does not own the order of a login's steps (`signin`), what a person may do
(`permissions`), membership (`tenancy`), nor cookies: it makes the secrets that a page puts into them.
"""

from airside.identity.candidate import MAX_PASSWORD_BYTES
from airside.identity.devices import Devices
from airside.identity.email import Mailbox, masked, normalise
from airside.identity.email_codes import EmailCodeAnswer, EmailCodeAuthenticator, EmailCodeProof, EmailCodes
from airside.identity.enrol_passkey import EnrolPasskeyAnswer, EnrolPasskeyAuthenticator
from airside.identity.enrol_totp import EnrolTotpAnswer, EnrolTotpAuthenticator
from airside.identity.erasure import MAX_ERASED, Erasure
from airside.identity.erasure_model import DEFAULT_GRACE, MAX_GRACE, Certifier, ErasedPerson, PersonErasure
from airside.identity.factors import Factors
from airside.identity.guesses import Guesses
from airside.identity.hashing import HashPool
from airside.identity.leaks import LeakService
from airside.identity.links import INVITATION_LIFETIME, RECOVERY_LIFETIME, SIGNUP_LIFETIME, VERIFY_LIFETIME, Link, Links
from airside.identity.model import (
    Cookie,
    Device,
    Enrolled,
    Passkey,
    Session,
    StartedSession,
    TotpEnrolment,
    TotpFactor,
    User,
    UserState,
)
from airside.identity.new_password import NewPasswordAnswer, NewPasswordAuthenticator
from airside.identity.passkeys import (
    MAX_PASSKEYS,
    AttestedPasskeyProof,
    PasskeyAnswer,
    PasskeyAuthenticator,
    PasskeyProof,
    Passkeys,
)
from airside.identity.passwords import Barred, Gate, PasswordAnswer, PasswordAuthenticator, PasswordProof, Passwords
from airside.identity.places import Places
from airside.identity.policy import (
    DevicePolicy,
    Factor,
    FixedPolicies,
    IdentityPolicy,
    PasskeyPolicy,
    PasswordPolicy,
    Policies,
    SessionPolicy,
)
from airside.identity.proofs import Answer, Attempt, Authenticator, Proof, Recollecting, assurance_of
from airside.identity.recovery_codes import (
    RecoveryCodeAnswer,
    RecoveryCodeAuthenticator,
    RecoveryCodeProof,
    RecoveryCodes,
)
from airside.identity.sessions import Sessions
from airside.identity.signals import SignalReader, Signals, attributes
from airside.identity.strength import Strength, Weakness
from airside.identity.totp import Totp, TotpAnswer, TotpAuthenticator, TotpProof
from airside.identity.users import DomainPage, Users

__all__ = [
    "DEFAULT_GRACE",
    "INVITATION_LIFETIME",
    "MAX_ERASED",
    "MAX_GRACE",
    "MAX_PASSKEYS",
    "MAX_PASSWORD_BYTES",
    "RECOVERY_LIFETIME",
    "SIGNUP_LIFETIME",
    "VERIFY_LIFETIME",
    "Answer",
    "Attempt",
    "AttestedPasskeyProof",
    "Authenticator",
    "Barred",
    "Certifier",
    "Cookie",
    "Device",
    "DevicePolicy",
    "Devices",
    "DomainPage",
    "EmailCodeAnswer",
    "EmailCodeAuthenticator",
    "EmailCodeProof",
    "EmailCodes",
    "EnrolPasskeyAnswer",
    "EnrolPasskeyAuthenticator",
    "EnrolTotpAnswer",
    "EnrolTotpAuthenticator",
    "Enrolled",
    "ErasedPerson",
    "Erasure",
    "Factor",
    "Factors",
    "FixedPolicies",
    "Gate",
    "Guesses",
    "HashPool",
    "IdentityPolicy",
    "LeakService",
    "Link",
    "Links",
    "Mailbox",
    "NewPasswordAnswer",
    "NewPasswordAuthenticator",
    "Passkey",
    "PasskeyAnswer",
    "PasskeyAuthenticator",
    "PasskeyPolicy",
    "PasskeyProof",
    "Passkeys",
    "PasswordAnswer",
    "PasswordAuthenticator",
    "PasswordPolicy",
    "PasswordProof",
    "Passwords",
    "PersonErasure",
    "Places",
    "Policies",
    "Proof",
    "Recollecting",
    "RecoveryCodeAnswer",
    "RecoveryCodeAuthenticator",
    "RecoveryCodeProof",
    "RecoveryCodes",
    "Session",
    "SessionPolicy",
    "Sessions",
    "SignalReader",
    "Signals",
    "StartedSession",
    "Strength",
    "Totp",
    "TotpAnswer",
    "TotpAuthenticator",
    "TotpEnrolment",
    "TotpFactor",
    "TotpProof",
    "User",
    "UserState",
    "Users",
    "Weakness",
    "assurance_of",
    "attributes",
    "masked",
    "normalise",
]
