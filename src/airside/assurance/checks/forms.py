"""Forms: who may send them, as what, how large, and how often."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity, Untold
from airside.assurance.site import Post, Site
from airside.assurance.submission import submit, usual
from airside.fetch import Fetched, Unavailable

AREA: Final = "forms"
MAX_FORMS: Final = 4
LARGE: Final = 4 * 1024 * 1024  # bytes
TRIES: Final = 20
_NOTHING_DONE: Final = frozenset({403, 404, 405, 415, 419, 421, 429})
"""Answers before the body mattered: what follows from them is nothing."""


Judge = Callable[[Site, Post, Fetched], Awaitable[str]]


def _of(judge: Judge) -> Callable[[Site], Awaitable[Sequence[Observation]]]:
    """A check that compares what forms answer to a visitor with what they answer to something worse."""

    async def look(site: Site) -> Sequence[Observation]:
        if not site.posts:
            raise NotApplicable("no form that posts, and may be sent, was found: name its page by --page")
        found: list[Observation] = []
        untold: list[Untold] = []
        for post in site.posts[:MAX_FORMS]:
            try:
                if said := await _judged(judge, site, post):
                    found.append(Observation(post.path, said))
            except Untold as reason:
                untold.append(reason)
        if len(untold) == len(site.posts[:MAX_FORMS]):
            raise untold[0]
        return found

    return look


async def _judged(judge: Judge, site: Site, post: Post) -> str:
    answer = await usual(site, post)
    if answer.status in _NOTHING_DONE:
        raise Untold(f"{post.path} refused a visitor, with {answer.status}")
    return await judge(site, post, answer)


async def _forged(site: Site, post: Post, usual: Fetched) -> str:
    answer = await submit(site, post, foreign=True)
    if answer.status < 400:
        return f"{answer.status} to a form that another site sent, without a token"
    # Who answers 401 to wrong credentials answers so to another site's too, where nothing looks at whose form it was.
    if answer.status == usual.status or answer.status == 429 or answer.status >= 500:
        raise Untold(f"{post.path} answered {usual.status} to a visitor, and {answer.status} to another site's form")
    return ""


async def _typed(site: Site, post: Post, usual: Fetched) -> str:
    odd = await submit(site, post, content_type="text/plain")
    same = odd.status == usual.status
    return f"{odd.status} to a form sent as text/plain, as to the right type" if same else ""


async def _capped(site: Site, post: Post, usual: Fetched) -> str:
    try:
        large = await submit(site, post, more={"airside": "a" * LARGE})
    except Unavailable:
        return ""  # the connection was closed in the middle of it: that is a refusal too
    return f"{large.status} to {LARGE // 1024 // 1024} MiB, as to a few bytes" if large.status == usual.status else ""


async def _limited(site: Site) -> list[Observation]:
    signs = [post for post in site.posts if any(field.type == "password" for field in post.form.fields)]
    if not signs:
        raise NotApplicable("no form with a password was found: name its page by --page")
    found: list[Observation] = []
    for post in signs[:MAX_FORMS]:
        statuses: list[int] = []
        while len(statuses) < TRIES:
            answer = await submit(site, post)
            statuses.append(answer.status)
            if answer.status == 429 or "retry-after" in answer.headers or answer.status != statuses[0]:
                break  # told to wait, or answered otherwise than before: locked
            if answer.status in _NOTHING_DONE:
                raise Untold(f"the form refused a visitor, with {answer.status}")
        else:
            found.append(Observation(post.path, f"{TRIES} wrong passwords in a row, each answered {statuses[0]}"))
    return found


async def _passwords(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for page in site.documents:
        for form in page.document.forms if page.document is not None else ():
            if not any(field.type == "password" for field in form.fields):
                continue
            if form.method != "POST":
                found.append(Observation(page.path, f"a form with a password is sent by {form.method}"))
            if form.action.lower().startswith("http:"):
                found.append(Observation(page.path, "a form with a password goes to plain HTTP"))
    return found


CHECKS: Final = (
    Check(
        "csrf",
        AREA,
        "Forms that other sites send are refused",
        "Another site makes a signed-in person's browser do what only they may (cross-site request forgery).",
        "Demand a token bound to the session, or refuse by Origin and Sec-Fetch-Site, wherever state changes.",
        Severity.HIGH,
        Ids(("API8",), ("A01",), ("v5.0.0-3.5.1",)),
        _of(_forged),
    ),
    Check(
        "content-type",
        AREA,
        "A body of another type than expected is refused",
        "text/plain may be sent across sites without a preflight; and what guesses types is led to parse wrongly.",
        "Refuse with 415 whatever isn't exactly the type that the address takes.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A05"), ("v5.0.0-3.5.2",)),
        _of(_typed),
    ),
    Check(
        "body-size",
        AREA,
        "A body over the cap is refused",
        "A few large requests at once use up the memory for everybody.",
        "Cap bodies before they are read, at the proxy and in the application: answer 413.",
        Severity.MEDIUM,
        Ids(("API4",), ("A06", "A10")),
        _of(_capped),
    ),
    Check(
        "password-forms",
        AREA,
        "Passwords are sent in the body, by HTTPS",
        "What stands in an address is kept in histories and logs of everything on the way.",
        "Give every form with a password method=post and an action on this site.",
        Severity.HIGH,
        Ids(("API2",), ("A04", "A07"), ("v5.0.0-14.2.1",)),
        _passwords,
    ),
)
LIMITS: Final = (
    Check(
        "signin-limit",
        AREA,
        "Guessing passwords is slowed down",
        "Leaked and common passwords are tried by the million until one fits.",
        "Limit attempts by account and by origin, and answer 429 with Retry-After.",
        Severity.HIGH,
        Ids(("API2", "API4"), ("A07",), ("v5.0.0-6.3.1", "v5.0.0-2.4.1")),
        _limited,
    ),
)
