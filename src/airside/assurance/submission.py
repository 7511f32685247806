"""A form as a visitor sends it, and as another site would make a browser send it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from airside.assurance.document import Field, Form, read
from airside.assurance.site import Post, Site, left_alone
from airside.assurance.target import ELSEWHERE
from airside.fetch import Fetched

MAX_HOPS: Final = 5
FORM: Final = "application/x-www-form-urlencoded"
NOBODY: Final = f"nobody@{ELSEWHERE}"
_SENT: Final = frozenset({"hidden", "text", "email", "password", "textarea", "tel", "url", "search", "number"})


async def submit(
    site: Site,
    post: Post,
    *,
    foreign: bool = False,
    more: Mapping[str, str] | None = None,
    content_type: str = FORM,
) -> Fetched:
    """The answer to the form of `post`, fetched anew and filled in with what nobody would say.

    With `foreign` it comes from another site: that one knows no hidden value, and the browser names it. Its cookies
    are sent all the same, for SameSite keeps them back only where the browser and the attribute allow.
    """
    page, path, form = await _anew(site, post)
    told = [field for field in form.fields if field.type in _SENT and not (foreign and field.type == "hidden")]
    values = {field.name: _said(field) for field in told} | dict(more or {})
    headers = {
        "content-type": content_type,
        "origin": f"https://{ELSEWHERE}" if foreign else site.target.at.origin,
        "referer": f"https://{ELSEWHERE}/" if foreign else f"{site.target.at.origin}{page}",
        "sec-fetch-site": "cross-site" if foreign else "same-origin",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
        **site.target.cookie_header(),
    }
    return await site.target.send("POST", path, headers=headers, content=urlencode(values).encode())


async def usual(site: Site, post: Post) -> Fetched:
    """What `post` answers to a visitor, sent once for all who ask."""
    if post.path not in site.usual:
        site.usual[post.path] = await submit(site, post)
    return site.usual[post.path]


async def _anew(site: Site, post: Post) -> tuple[str, str, Form]:
    """The page, the path and the form as a visitor gets them now: hidden values change with each showing, and a flow
    begins anew at its entry."""
    page = post.entry
    shown = await site.target.visit(page)
    for _ in range(MAX_HOPS):
        leads = site.target.path_of(shown.headers.get("location", ""), page)
        if not 300 <= shown.status < 400 or leads is None:
            break
        page = leads
        shown = await site.target.visit(page)
    names = [field.name for field in post.form.fields]
    for form in read(page, shown.body.decode("utf-8", "replace")).forms:
        path = site.target.path_of(form.action or page, page)
        same = form.method == "POST" and [field.name for field in form.fields] == names
        if same and path is not None and not left_alone(path, form):
            return page, path, form
    return page, post.path, post.form


def _said(field: Field) -> str:
    if field.type == "hidden":
        return field.value
    said = {"email": NOBODY, "password": "not the password of anybody", "number": "1"}
    return said.get(field.type, field.value or NOBODY)
