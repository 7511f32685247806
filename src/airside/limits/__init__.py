"""Limits: how often something may happen, counted where every node sees it; and what a tenant's plan gives it.

Owns the one table of limits (`names.py`), the Limiter protocol and its implementations: in the memory of one process,
in PostgreSQL for several nodes, and in Valkey for many (`in_valkey.py`, imported where it is wanted: its client is an
extra); the operator's plans with their quotas (`allowances.py`, `plans.py`, `quotas.py`), and how often a tenant may
ask (`rates.py`). Does not own what
happens to a refused caller (`access`), nor the rule itself, which is pure (`core/gcra.py`), nor what a quota counts:
that is the room's that adds. A limiter that can't count refuses.
"""

from airside.core.origins import origin_key
from airside.limits.allowances import (
    ALLOWANCES,
    API_KEYS,
    CLIENTS,
    CONNECTIONS,
    STORES,
    TUPLES,
    USERS,
    WEBHOOKS,
    Allowance,
)
from airside.limits.counted import Counted
from airside.limits.in_postgres import PostgresLimiter
from airside.limits.in_process import InProcessLimiter
from airside.limits.limiter import Limiter
from airside.limits.model import Demand, Limit
from airside.limits.names import (
    API_KEY_FAILURES,
    API_KEY_REQUESTS,
    CLIENT_DOCUMENT_ORIGIN,
    DEVICE_CODE_ACCOUNT,
    DEVICE_CODE_ORIGIN,
    DEVICE_STARTED,
    DOMAIN_CHECK,
    EMAIL_CODE_SENT,
    EXPORTED_ROWS,
    FEDERATION_ORIGIN,
    INVITATION_MAILBOX,
    LIMITS,
    PASSKEY_ORIGIN,
    PASSWORD_CHANGE,
    RECOVERY_ACCOUNT,
    RECOVERY_CODE,
    RECOVERY_ORIGIN,
    REGISTRATION_ORIGIN,
    SCIM_FAILURES,
    SCIM_REQUESTS,
    SECOND_FACTOR_ACCOUNT,
    SECOND_FACTOR_DEVICE,
    SECOND_FACTOR_PACE,
    SECRET_REQUESTS,
    SETUP_PROBE,
    SIGNIN_ACCOUNT,
    SIGNIN_DEVICE,
    SIGNIN_DEVICE_PAIR,
    SIGNIN_ORIGIN,
    SIGNIN_PAIR,
    SIGNUP_ADDRESS,
    SIGNUP_CONFIRM,
    SIGNUP_ORIGIN,
    TOKEN_FAILURES,
    VAULT_REQUESTS,
    VAULT_VALUES,
    VERIFY_ACCOUNT,
)
from airside.limits.plan_model import Plan, paced
from airside.limits.plans import Plans
from airside.limits.quotas import UNBOUNDED, Quotas
from airside.limits.rates import TENANT, Rates
from airside.limits.records import sweep

__all__ = [
    "ALLOWANCES",
    "API_KEYS",
    "API_KEY_FAILURES",
    "API_KEY_REQUESTS",
    "CLIENTS",
    "CLIENT_DOCUMENT_ORIGIN",
    "CONNECTIONS",
    "DEVICE_CODE_ACCOUNT",
    "DEVICE_CODE_ORIGIN",
    "DEVICE_STARTED",
    "DOMAIN_CHECK",
    "EMAIL_CODE_SENT",
    "EXPORTED_ROWS",
    "FEDERATION_ORIGIN",
    "INVITATION_MAILBOX",
    "LIMITS",
    "PASSKEY_ORIGIN",
    "PASSWORD_CHANGE",
    "RECOVERY_ACCOUNT",
    "RECOVERY_CODE",
    "RECOVERY_ORIGIN",
    "REGISTRATION_ORIGIN",
    "SCIM_FAILURES",
    "SCIM_REQUESTS",
    "SECOND_FACTOR_ACCOUNT",
    "SECOND_FACTOR_DEVICE",
    "SECOND_FACTOR_PACE",
    "SECRET_REQUESTS",
    "SETUP_PROBE",
    "SIGNIN_ACCOUNT",
    "SIGNIN_DEVICE",
    "SIGNIN_DEVICE_PAIR",
    "SIGNIN_ORIGIN",
    "SIGNIN_PAIR",
    "SIGNUP_ADDRESS",
    "SIGNUP_CONFIRM",
    "SIGNUP_ORIGIN",
    "STORES",
    "TENANT",
    "TOKEN_FAILURES",
    "TUPLES",
    "UNBOUNDED",
    "USERS",
    "VAULT_REQUESTS",
    "VAULT_VALUES",
    "VERIFY_ACCOUNT",
    "WEBHOOKS",
    "Allowance",
    "Counted",
    "Demand",
    "InProcessLimiter",
    "Limit",
    "Limiter",
    "Plan",
    "Plans",
    "PostgresLimiter",
    "Quotas",
    "Rates",
    "origin_key",
    "paced",
    "sweep",
]
