"""Every limit of the server: one row tells everything of it."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from airside.core.gcra import Rate
from airside.limits.model import Limit

_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def at_most(count: int, period: float, *, burst: int) -> Rate:
    """`burst` at once, then at a steady pace, and never more than `count` in any `period`, wherever it begins: a
    plain `Rate(count, period)` lets twice as many through in the first one."""
    return Rate(burst, burst * period / (count - burst))


@lru_cache(maxsize=4096)
def per_minute(limit: Limit, count: int) -> Limit:
    """`limit` with a plan of its own: `count` a minute."""
    return replace(limit, rate=Rate(count, _MINUTE))


SIGNIN_PAIR: Final = Limit(
    "signin_pair",
    Rate(5, _MINUTE),
    "account and origin",
    "Sign-in attempts at one account from unknown devices at one address.",
)
SIGNIN_ORIGIN: Final = Limit(
    "signin_origin",
    at_most(20, _HOUR, burst=10),
    "origin",
    "Failed sign-ins from unknown devices at one address, whatever the account.",
    True,
)
SIGNIN_ACCOUNT: Final = Limit(
    "signin_account",
    at_most(100, _DAY, burst=50),
    "account",
    "Failed sign-ins at one account from unknown devices, wherever they are.",
    True,
)
SIGNIN_DEVICE_PAIR: Final = Limit(
    "signin_device_pair",
    Rate(10, _MINUTE),
    "account and device",
    "Sign-in attempts at one account from a device that its person is known by.",
)
SIGNIN_DEVICE: Final = Limit(
    "signin_device",
    at_most(20, _HOUR, burst=10),
    "account and device",
    "Failed sign-ins at one account from a device that its person is known by.",
    True,
)
# A guess is right with 3 in 10^6 for each TOTP factor it is tried at (three steps are open), or 1 in 10^6 for a mailed
# code, and costs a unit for each. 15 at once and one more every 96 minutes are never more than 15 + 15 = 30 units
# within 24 hours: 30 · 3 · 10^-6 = 9 · 10^-5 < 10^-4 for each account and day.
SECOND_FACTOR_ACCOUNT: Final = Limit(
    "second_factor_account",
    at_most(30, _DAY, burst=15),
    "account",
    "Wrong second-factor codes at one account from devices that it doesn't know.",
    failures_only=True,
)
SECOND_FACTOR_DEVICE: Final = Limit(
    "second_factor_device",
    at_most(20, _HOUR, burst=10),
    "account and known device",
    "Wrong second-factor codes at one account from one of its known devices.",
    failures_only=True,
)
SECOND_FACTOR_PACE: Final = Limit(
    "second_factor_pace",
    Rate(5, _MINUTE),
    "account, and device where it is known",
    "Second-factor codes tried at one account.",
)
# Ten codes of 50 bits: a guess is right with 10^-14, so this one spares the database and is no bound on guessing. It is
# kept by origin, so that nobody uses up another's.
RECOVERY_CODE: Final = Limit(
    "recovery_code",
    at_most(20, _HOUR, burst=10),
    "account, and known device or else origin",
    "Wrong recovery codes at one account.",
    failures_only=True,
)
EMAIL_CODE_SENT: Final = Limit(
    "email_code_sent",
    at_most(5, _HOUR, burst=3),
    "account, and device where it is known",
    "Mails with a one-time code to one person.",
)
PASSKEY_ORIGIN: Final = Limit(
    "passkey_origin", Rate(60, _HOUR), "origin", "Failed passkeys from one address: no guess, but work.", True
)
FEDERATION_ORIGIN: Final = Limit(
    "federation_origin", Rate(60, _HOUR), "origin", "Failed answers of foreign providers from one address.", True
)
DOMAIN_CHECK: Final = Limit("domain_check", Rate(60, _HOUR), "tenant", "Questions to name servers for one tenant.")
TOKEN_FAILURES: Final = Limit(
    "token_failures", Rate(60, _MINUTE), "client and origin", "Failed requests at the token endpoint.", True
)
# A user code is one of 20^8. Were 1,000 devices of a tenant waiting at once, a guess would be right with 4 in 10^8:
# 20 an hour for each account make it 10^-6 an hour, whatever the addresses.
DEVICE_CODE_ACCOUNT: Final = Limit(
    "device_code_account",
    at_most(20, _HOUR, burst=10),
    "account",
    "Wrong user codes of devices that one person typed.",
    failures_only=True,
)
DEVICE_CODE_ORIGIN: Final = Limit(
    "device_code_origin",
    at_most(60, _HOUR, burst=30),
    "origin",
    "Wrong user codes of devices typed at one address.",
    failures_only=True,
)
DEVICE_STARTED: Final = Limit(
    "device_started", Rate(30, _MINUTE), "client and origin", "Devices of one client that begin to wait at one address."
)
PASSWORD_CHANGE: Final = Limit(
    "password_change", Rate(10, _DAY), "account", "Wrong old passwords at a change of password.", True
)
SIGNUP_ORIGIN: Final = Limit("signup_origin", Rate(20, _HOUR), "origin", "Sign-ups asked for from one address.")
SIGNUP_ADDRESS: Final = Limit("signup_address", Rate(3, _HOUR), "mailbox", "Sign-ups asked for with one mailbox.")
SIGNUP_CONFIRM: Final = Limit("signup_confirm", Rate(10, _HOUR), "link", "Passwords tried at one sign-up's link.")
RECOVERY_ORIGIN: Final = Limit("recovery_origin", Rate(20, _HOUR), "origin", "Recoveries asked for from one address.")
RECOVERY_ACCOUNT: Final = Limit("recovery_account", Rate(3, _HOUR), "account", "Recoveries asked for of one account.")
VERIFY_ACCOUNT: Final = Limit("verify_account", Rate(3, _HOUR), "account", "Mails to verify one account's address.")
INVITATION_MAILBOX: Final = Limit("invitation_mailbox", Rate(5, _DAY), "mailbox", "Invitations mailed to one mailbox.")

REGISTRATION_ORIGIN: Final = Limit(
    "registration_origin",
    at_most(20, _HOUR, burst=10),
    "origin",
    "Clients registered from outside, changed or read by themselves, from one address.",
)
CLIENT_DOCUMENT_ORIGIN: Final = Limit(
    "client_document_origin",
    at_most(60, _HOUR, burst=20),
    "origin",
    "Documents of clients fetched because somebody at one address named them.",
)

# Kept in the memory of each process: a row that every request of a directory waits for would be slower than what it
# guards. 256 random bits aren't guessed, so the second one spares the database and is no bound on guessing.
SCIM_REQUESTS: Final = Limit("scim_requests", Rate(30_000, _MINUTE), "SCIM token", "Requests of one SCIM token.")
SCIM_FAILURES: Final = Limit(
    "scim_failures", Rate(60, _MINUTE), "origin", "SCIM requests from one address whose token is none.", True
)

# Kept in memory too, for the same reasons. What is no key by its checksum costs no read and isn't counted.
API_KEY_REQUESTS: Final = Limit(
    "api_key_requests", Rate(6_000, _MINUTE), "API key", "Requests with one API key that has no plan of its own."
)
API_KEY_FAILURES: Final = Limit(
    "api_key_failures", Rate(120, _MINUTE), "origin", "Requests from one address whose API key opens nothing.", True
)

SETUP_PROBE: Final = Limit(
    "setup_probe",
    at_most(60, _HOUR, burst=20),
    "setup invitation",
    "Metadata read and sign-ins tested by whoever sets a connection up.",
)
# In the memory of each process, as those of SCIM: a field is sealed in a fraction of the time that a row takes.
VAULT_REQUESTS: Final = Limit(
    "vault_requests", Rate(60_000, _MINUTE), "program or person", "Uses of the applications' vault by one of them."
)
VAULT_VALUES: Final = Limit(
    "vault_values", Rate(600_000, _MINUTE), "tenant", "Values sealed, opened or tokenised for one tenant."
)
SECRET_REQUESTS: Final = Limit(
    "secret_requests", Rate(6_000, _MINUTE), "program or person", "Uses of the store of secrets by one of them."
)
# In memory too: an export is read page by page, and each is paid for before it is read. Operators at the machine aren't
# counted: it is theirs.
EXPORTED_ROWS: Final = Limit(
    "exported_rows",
    Rate(300_000, 5 * _MINUTE),
    "tenant",
    "People and records of the audit log that exports read for one tenant.",
)
LIMITS: Final = (
    *(SIGNIN_PAIR, SIGNIN_ORIGIN, SIGNIN_ACCOUNT, SIGNIN_DEVICE_PAIR, SIGNIN_DEVICE, SECOND_FACTOR_ACCOUNT),
    *(SECOND_FACTOR_DEVICE, SECOND_FACTOR_PACE, RECOVERY_CODE, EMAIL_CODE_SENT, PASSKEY_ORIGIN, PASSWORD_CHANGE),
    *(FEDERATION_ORIGIN, DOMAIN_CHECK),
    *(TOKEN_FAILURES, DEVICE_CODE_ACCOUNT, DEVICE_CODE_ORIGIN, DEVICE_STARTED),
    *(SIGNUP_ORIGIN, SIGNUP_ADDRESS, SIGNUP_CONFIRM, RECOVERY_ORIGIN, RECOVERY_ACCOUNT, VERIFY_ACCOUNT),
    INVITATION_MAILBOX,
    *(REGISTRATION_ORIGIN, CLIENT_DOCUMENT_ORIGIN, SCIM_REQUESTS, SCIM_FAILURES),
    *(API_KEY_REQUESTS, API_KEY_FAILURES),
    SETUP_PROBE,
    *(VAULT_REQUESTS, VAULT_VALUES, SECRET_REQUESTS),
    EXPORTED_ROWS,
)
