"""What stands at a target: pages found by following its own links, forms, protected addresses, OpenID metadata."""

import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from airside.assurance.document import Document, Form, read
from airside.assurance.target import Target
from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.fetch import Fetched

MAX_PAGES: Final = 12
METADATA: Final = "/.well-known/openid-configuration"
_LEFT_ALONE: Final = re.compile(r"(?:log|sign)[-_ ]?out|delete|remove|revoke|unsubscribe", re.IGNORECASE)
"""Following a link is safe by HTTP's rules (RFC 9110 §9.2.1), but not every application keeps them; and what a form
does with its hidden values is for whoever sees its button to decide."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a plain GET; `document` is None where it isn't HTML. `entry` is the path that redirected here, or
    its own."""

    path: str
    entry: str
    answer: Fetched
    document: Document | None


@dataclass(frozen=True, slots=True)
class Post:
    """A form that posts to `path` of this origin, and where a visitor goes to get it."""

    path: str
    entry: str
    form: Form


@dataclass(frozen=True, slots=True)
class Site:
    """The target with what was found there `now`. `answers` are all that a browser met on its way, redirects too.
    `protected` are paths that should ask who is there: those that the operator `named`, and userinfo. `token`, if the
    operator gave one, should be good at the named ones."""

    target: Target
    now: datetime
    answers: tuple[Page, ...]
    protected: tuple[str, ...]
    named: frozenset[str]
    metadata_path: str
    metadata: Mapping[str, Any] | None
    token: Secret[str] | None
    usual: dict[str, Fetched] = field(default_factory=dict[str, Fetched], compare=False)
    """What forms answered to a visitor, by the path they post to: each sent once for all checks."""

    @property
    def pages(self) -> tuple[Page, ...]:
        """What was shown in the end: no redirects."""
        return tuple(page for page in self.answers if not 300 <= page.answer.status < 400)

    @property
    def documents(self) -> tuple[Page, ...]:
        """The pages of HTML."""
        return tuple(page for page in self.pages if page.document is not None)

    @property
    def posts(self) -> tuple[Post, ...]:
        """Each form that posts to this origin, once; none that is to be left alone."""
        found: dict[str, Post] = {}
        for page in self.documents:
            for form in page.document.forms if page.document is not None else ():
                path = self.target.path_of(form.action or page.path, page.path)
                if form.method == "POST" and path is not None and not left_alone(path, form):
                    found.setdefault(path, Post(path, page.entry, form))
        return tuple(found.values())


def left_alone(path: str, form: Form) -> bool:
    """Whether `form`, which goes to `path`, takes something away or ends a session, as far as its address, its buttons
    and its hidden words (`_method=delete`) tell."""
    words = [field.value for field in form.fields if field.type == "hidden"]
    return any(map(_LEFT_ALONE.search, (path, *form.buttons))) or any(map(_LEFT_ALONE.fullmatch, words))


async def survey(
    target: Target,
    now: datetime,
    *,
    pages: Iterable[str] = (),
    protected: Iterable[str] = (),
    token: Secret[str] | None = None,
) -> Site:
    """Look around from the target's own path and from `pages`.

    Raises:
        Refused, Unavailable: not even the first page answered.
    """
    answers: dict[str, Page] = {}
    first = await target.get(target.at.path)
    waiting = deque([target.at.path, *pages])
    entries = {path: path for path in waiting}
    while waiting and len(answers) < MAX_PAGES:
        path = waiting.popleft()
        try:
            answer = first if path == target.at.path else await target.get(path)
        except Refusal:
            continue  # what a page links to may be away, or over the cap: no fault of the page
        page = Page(path, entries[path], answer, _document(path, answer))
        answers[path] = page
        for link in _links(page):
            leads = target.path_of(link, path)
            if leads is not None and leads not in entries and not _LEFT_ALONE.search(leads):
                entries[leads] = page.entry if 300 <= answer.status < 400 else leads
                waiting.append(leads)
    metadata_path, metadata = await _metadata(target)
    named = tuple(protected)
    guarded = tuple(dict.fromkeys([*named, *_userinfo(target, metadata)]))
    return Site(target, now, tuple(answers.values()), guarded, frozenset(named), metadata_path, metadata, token)


def _links(page: Page) -> tuple[str, ...]:
    if 300 <= page.answer.status < 400:
        return (page.answer.headers.get("location", ""),)
    return page.document.links if page.document is not None else ()


def _document(path: str, answer: Fetched) -> Document | None:
    if not answer.headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml+xml")):
        return None
    return read(path, answer.body.decode("utf-8", "replace"))


async def _metadata(target: Target) -> tuple[str, Mapping[str, Any] | None]:
    """OpenID Connect Discovery 1.0 §4: the document of the origin, or of the longest issuer above the start."""
    parts = [part for part in target.at.path.split("/") if part][:4]
    for length in range(len(parts), -1, -1):
        path = "".join(f"/{part}" for part in parts[:length]) + METADATA
        try:
            answer = await target.get(path)
        except Refusal:
            continue
        table = json_object(answer)
        if answer.status == 200 and table is not None and "issuer" in table:
            return path, table
    return METADATA, None


def json_object(answer: Fetched) -> Mapping[str, Any] | None:
    """The JSON object that `answer` carries, None if it carries none."""
    try:
        value: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _userinfo(target: Target, metadata: Mapping[str, Any] | None) -> list[str]:
    url = (metadata or {}).get("userinfo_endpoint")
    path = target.path_of(url, "/") if isinstance(url, str) and "://" in url else None
    return [path] if path else []
