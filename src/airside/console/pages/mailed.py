"""What mailed links lead to: a page that shows whom it is about and asks, and a form that spends the link (mail
scanners follow links, so opening one does nothing). The token travels in the form, never in an address that we make."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from airside.console.entry import EntryVisit
from airside.console.visit import Visit
from airside.core.errors import LimitExceeded
from airside.core.secret import Secret
from airside.shield import come_again
from airside.signin import signin_path

TOKEN = "token"


def token_of(visit: Visit) -> Secret[str] | None:
    """The token in the page's address, if there is exactly one."""
    found = visit.request.query_params.getlist(TOKEN)
    return Secret(found[0]) if len(found) == 1 else None


def ask(
    entry: EntryVisit,
    token: Secret[str],
    *,
    title: str,
    lead: str,
    submit: str,
    action: str,
    fields: Sequence[str] = (),
    text: str = "",
    email: str = "",
    name: str = "",
    password_label: str = "",
    least: int = 0,
    problems: Mapping[str, str] | None = None,
    status: int = 422,
    limited: LimitExceeded | None = None,
) -> Response:
    """The page of an open link. With `problems`, or `limited`, it answers a form."""
    how = outcome(problems or {}, limited, status)
    return entry.page(
        "link.html",
        **how,
        title=title,
        lead=lead,
        text=text,
        submit=submit,
        action=f"/t/{entry.visit.slug}/{action}",
        fields=fields,
        token=token.reveal(),
        email=email,
        name=name,
        password_label=password_label,
        least=least,
    )


def outcome(problems: Mapping[str, str], limited: LimitExceeded | None = None, status: int = 422) -> dict[str, Any]:
    """Status, headers and what is said of a form: nothing wrong, `problems`, or too often."""
    if limited is not None:
        return {
            "status": 429,
            "headers": come_again(limited),
            "problems": {},
            "wrong": True,
            "retry_after": limited.retry_after,
        }
    headers = {"www-authenticate": "Form"} if problems and status == 401 else {}
    return {
        "status": status if problems else 200,
        "headers": headers,
        "problems": problems,
        "wrong": bool(problems),
        "retry_after": None,
    }


async def over(visit: Visit) -> Response:
    """The page of a link that isn't open: used, too old, somebody else's or none at all, never told apart."""
    return visit.message(
        visit.words("link.over_title"),
        visit.words("link.over"),
        onward=signin_path(visit.slug),
        onward_words=visit.words("signin.title"),
        status=404,
    )


def done(visit: Visit, title: str, text: str) -> Response:
    """The page after a link was spent. It signs nobody in: the way on is the sign-in."""
    return visit.message(title, text, onward=signin_path(visit.slug), onward_words=visit.words("signin.title"))
