"""Every rule: one row tells everything of it, and `docs/operations/runbooks/` has a page for each. Pure data."""

from datetime import timedelta
from typing import Final

from airside.audit.alerts.model import Rule, RuleName

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

KEPT: Final = _DAY
"""How long facts are kept: longer than every window, and than what is usual is worked out from."""
USUAL_OVER: Final = 6 * _HOUR
"""From how long before a window it is worked out what is usual; what began less than an hour before has no usual."""
USUAL_FROM: Final = _HOUR
OLD: Final = _DAY
"""What happened longer ago raises nothing: after an upgrade or a long stop the log's past is no news."""

RULES: Final = (
    Rule(
        name="credential_stuffing",
        severity="high",
        facts="signin_failed",
        measure="members",
        window=6 * _HOUR,
        threshold=10,
        least=5,
        most=100,
        quiet=_DAY,
        excused="signin_passed",
        description="One address fails at many accounts and gets into fewer.",
    ),
    Rule(
        name="password_spraying",
        severity="high",
        facts="signin_failed",
        measure="members",
        window=6 * _HOUR,
        threshold=30,
        least=15,
        most=1_000,
        quiet=_DAY,
        whole=True,
        excused="signin_passed",
        spread=5,
        beside="credential_stuffing",
        description="Many addresses, each with a few tries, fail at more accounts than people get into.",
    ),
    Rule(
        name="refresh_token_reuse",
        severity="high",
        facts="refresh_reused",
        measure="count",
        window=_HOUR,
        threshold=1,
        least=1,
        most=10,
        quiet=_DAY,
        description="A spent refresh token came again: two hold it, and one of them stole it.",
    ),
    Rule(
        name="impossible_travel",
        severity="medium",
        facts="travelled",
        measure="count",
        window=_HOUR,
        threshold=1,
        least=1,
        most=10,
        quiet=_DAY,
        description="Somebody signed in further from their last sign-in than anybody travels in the time between.",
    ),
    Rule(
        name="new_administrator",
        severity="high",
        facts="administrator_made",
        measure="count",
        window=_HOUR,
        threshold=1,
        least=1,
        most=10,
        quiet=_DAY,
        description="Somebody within the tenant made somebody an administrator.",
    ),
    Rule(
        name="second_factor_disabled",
        severity="medium",
        facts="factors_gone",
        measure="count",
        window=_HOUR,
        threshold=1,
        least=1,
        most=10,
        quiet=_DAY,
        description="Somebody has lost their last second factor, by themselves or by an administrator.",
    ),
    Rule(
        name="mass_export",
        severity="high",
        facts="exported",
        measure="count",
        window=_HOUR,
        threshold=1_000,
        least=100,
        most=100_000,
        quiet=_DAY,
        description="Many people's data left: a whole tenant, or users in number; a password hash counts as ten.",
    ),
    Rule(
        name="key_new_network",
        severity="medium",
        facts="key_used",
        measure="news",
        window=_HOUR,
        threshold=1,
        least=1,
        most=10,
        quiet=_DAY,
        learns=7 * _DAY,
        description="An API key that has been in use came from a network that it never came from.",
    ),
    Rule(
        name="refused_spike",
        severity="medium",
        facts="refused",
        measure="count",
        window=10 * _MINUTE,
        threshold=100,
        least=20,
        most=10_000,
        quiet=_HOUR,
        description="One caller tries what it may not, again and again (403).",
    ),
    Rule(
        name="denied_spike",
        severity="medium",
        facts="denied",
        measure="count",
        window=10 * _MINUTE,
        threshold=1_000,
        least=100,
        most=1_000_000,
        quiet=_HOUR,
        share=0.9,
        usual=5.0,
        description="One caller is told no at nearly every permission check, and far more often than usual.",
    ),
    Rule(
        name="audit_head_mismatch",
        severity="high",
        facts="audit_contradicted",
        measure="count",
        window=_HOUR,
        threshold=1,
        least=1,
        most=1,
        quiet=_DAY,
        description="The audit log contradicts its own signed heads: somebody changed what was written.",
    ),
)

BY_NAME: Final[dict[RuleName, Rule]] = {rule.name: rule for rule in RULES}
