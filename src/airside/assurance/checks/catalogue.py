"""Every check there is, in the order in which they run: what wears the target down comes last."""

from typing import Final

from airside.assurance.checks import (
    content,
    cookies,
    cors,
    csp,
    exposure,
    forms,
    headers,
    inside,
    openid,
    requests,
    tokens,
    transport,
)
from airside.assurance.model import Check, SelfCheck

CHECKS: Final[tuple[Check, ...]] = (
    *transport.CHECKS,
    *headers.CHECKS,
    *csp.CHECKS,
    *cookies.CHECKS,
    *cors.CHECKS,
    *content.CHECKS,
    *requests.CHECKS,
    *exposure.CHECKS,
    *openid.CHECKS,
    *tokens.CHECKS,
    *forms.CHECKS,
    *forms.LIMITS,
)
SELF_CHECKS: Final[tuple[SelfCheck, ...]] = inside.CHECKS
