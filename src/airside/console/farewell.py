"""The page after a session's end."""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from airside.console.visit import Visit
from airside.oauth import SignedOut
from airside.shield import STRICT, passage
from airside.shield.cookies import HostCookie, expired
from airside.signin import account_cookie, signin_path, sso_cookie

FRAME_SECONDS: Final = 3
"""How long the page waits for the frames that tell applications, before it leads on."""
NOWHERE: Final = SignedOut(None, None, False)


def signed_out(visit: Visit, key: str, done: SignedOut = NOWHERE, elsewhere: str | None = None) -> Response:
    """The browser forgets both of its cookies, applications in it are told by frames, and the way goes on: to where an
    application wants its user, by itself to a provider `elsewhere`, or to a new sign-in. The policy of this page alone
    lets frames in, from where these come and from nowhere else."""
    if done.frames:
        origins = dict.fromkeys(f"https://{urlsplit(frame).netloc}" for frame in done.frames)
        passage(visit.request.scope).csp = STRICT.adding("frame-src", *origins)
    onward, onward_words = signin_path(visit.slug), visit.words("sessions.out_again")
    if done.onward is not None and done.client is not None:
        onward, onward_words = done.onward, visit.words("signout.back", client=done.client.name)
    elif elsewhere is not None:
        onward, onward_words = elsewhere, visit.words("page.continue")
    return visit.page(
        "signed_out.html",
        title=visit.words("sessions.out_title"),
        text=visit.words(key),
        frames=done.frames,
        seconds=FRAME_SECONDS if done.frames else 0,
        by_itself=elsewhere is not None or (done.onward is not None and done.by_itself),
        onward=onward,
        onward_words=onward_words,
        cookies=forget(visit),
    )


def forget(visit: Visit) -> tuple[HostCookie, ...]:
    """What makes a browser forget its session."""
    tenant_id = visit.ctx.tenant_id
    return expired(sso_cookie(tenant_id), "Lax"), expired(account_cookie(tenant_id), "Strict")
