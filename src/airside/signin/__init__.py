"""Signin: a login as a stored value and one dispatcher; and the ways in before there is one.

Owns the order of a login's steps, what of it is stored between two requests, and its bond to one browser; sign-up,
acceptance of invitations, verification of addresses and recovery, none of which signs anybody in. Does not
own any way of proving (each is an `Authenticator` of identity or federation), nor what a tenant demands (`tenancy`
says it, as a `Policy`), nor pages.
"""

from airside.signin.closing import Closing
from airside.signin.flow import Flows
from airside.signin.invitations import Acceptance
from airside.signin.model import Flow, StartedFlow
from airside.signin.names import (
    account_cookie,
    account_path,
    device_cookie,
    flow_cookie,
    flow_path,
    language_cookie,
    link_path,
    setup_cookie,
    signin_path,
    sso_cookie,
)
from airside.signin.next_step import (
    Ask,
    Done,
    Limited,
    Next,
    Person,
    Policy,
    Refused,
    Stage,
    Step,
    next_step,
)
from airside.signin.people import People
from airside.signin.recovery import Recoverable, Recovery
from airside.signin.registration import Applicant, Registration
from airside.signin.verification import Verification

__all__ = [
    "Acceptance",
    "Applicant",
    "Ask",
    "Closing",
    "Done",
    "Flow",
    "Flows",
    "Limited",
    "Next",
    "People",
    "Person",
    "Policy",
    "Recoverable",
    "Recovery",
    "Refused",
    "Registration",
    "Stage",
    "StartedFlow",
    "Step",
    "Verification",
    "account_cookie",
    "account_path",
    "device_cookie",
    "flow_cookie",
    "flow_path",
    "language_cookie",
    "link_path",
    "next_step",
    "setup_cookie",
    "signin_path",
    "sso_cookie",
]
