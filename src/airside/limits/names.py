"""Every limit of the server: one row tells everything of it."""

from typing import Final

from airside.core.gcra import Rate
from airside.limits.model import Limit

_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

SIGNIN_PAIR: Final = Limit(
    "signin_pair", Rate(5, _MINUTE), "account and origin", "Sign-in attempts at one account from one address."
)
SIGNIN_ORIGIN: Final = Limit(
    "signin_origin", Rate(20, _HOUR), "origin", "Failed sign-ins from one address, whatever the account.", True
)
SIGNIN_ACCOUNT: Final = Limit(
    "signin_account", Rate(100, _DAY), "account", "Failed sign-ins at one account, wherever they come from.", True
)
TOKEN_FAILURES: Final = Limit(
    "token_failures", Rate(60, _MINUTE), "client and origin", "Failed requests at the token endpoint.", True
)
PASSWORD_CHANGE: Final = Limit(
    "password_change", Rate(10, _DAY), "account", "Wrong old passwords at a change of password.", True
)

LIMITS: Final = (SIGNIN_PAIR, SIGNIN_ORIGIN, SIGNIN_ACCOUNT, TOKEN_FAILURES, PASSWORD_CHANGE)
