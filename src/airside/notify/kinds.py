"""Every kind of letter: what its item in the outbox says, and what stands in it."""

from dataclasses import dataclass
from typing import Final, Literal

Button = Literal["link", "signin", "account"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table.

    Attributes:
        about: which values the outbox's item carries, at least.
        button: where its button leads: a single-use link, the sign-in page, the account page; None for no button.
        code: it shows a code to type in.
        named: it is for somebody with an account, and greets them by name. Where a stranger may have typed the
            address, it carries no words of theirs.
        last: it goes to an account that is closed already.
        leaving: it goes to an account whose erasure waits, and says until when; every other kind goes to active ones
            only.
    """

    about: frozenset[str] = frozenset()
    button: Button | None = None
    code: bool = False
    named: bool = True
    last: bool = False
    leaving: bool = False


KINDS: Final[dict[str, Kind]] = {
    "email_code": Kind(frozenset({"code"}), code=True),
    "signup": Kind(frozenset({"link"}), "link", named=False),
    "signup_exists": Kind(button="signin", named=False),
    "invitation": Kind(frozenset({"link"}), "link", named=False),
    "setup": Kind(frozenset({"link"}), "link", named=False),
    "certificate_ending": Kind(frozenset({"connection", "to"}), "link", named=False),
    "verify_email": Kind(frozenset({"link"}), "link"),
    "recovery": Kind(frozenset({"link"}), "link"),
    "password_changed": Kind(button="account"),
    "recovery_done": Kind(button="account"),
    "new_device": Kind(frozenset({"session"}), "account"),
    "factor_added": Kind(frozenset({"factor"}), "account"),
    "factor_removed": Kind(frozenset({"factor"}), "account"),
    "sessions_ended": Kind(button="signin"),
    "domain_missed": Kind(button="account"),
    "domain_lost": Kind(button="account"),
    "break_glass_used": Kind(button="account"),
    "erasure_requested": Kind(leaving=True),
    "erasure_cancelled": Kind(button="signin"),
    "alert_raised": Kind(button="account"),
    "account_deleted": Kind(last=True),
}
