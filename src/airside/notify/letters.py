"""Parts → a letter, as text and as HTML. Pure.

What somebody chose (a name, a tenant's name, a browser's name for itself) is stripped of whatever isn't plain text
before it is used, and escaped in HTML; the subject carries none of it but the tenant's name. Addresses that a letter
leads to begin with the configured public address, never with what a request said (N16).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Final
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from airside.core.errors import Inconsistent
from airside.core.secret import Secret
from airside.notify.catalogue import WORDS, KindWords, Words
from airside.notify.kinds import KINDS, Kind
from airside.notify.model import Ending, Letter, Occasion, Parts
from airside.shield.redirects import safe_local_path

MAX_NAME: Final = 80
"""Characters of a name, a tenant's name or a browser's that a letter shows."""
STYLE: Final = (resources.files("airside.notify") / "templates" / "letter.css").read_text("utf-8")
"""The whole of what stands in a letter's `<style>`: the same in each, so that a page can allow it by its hash."""

_JOINERS: Final = "\u200c\u200d"
"""Invisible, but part of how some scripts are written."""
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LEADS_AWAY: Final = re.compile(r"[/\\@:]|\w[.\u3002]\w{2}")

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("airside.notify"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Letters:
    """Writes letters. `public_url` is the one address that browsers use."""

    def __init__(self, *, public_url: str) -> None:
        self._origin = public_url

    def write(self, kind: str, parts: Parts, *, id: UUID, at: datetime) -> Letter:
        """The letter of `kind` that says `parts`.

        Raises:
            Inconsistent: no such kind, or parts that don't fit it.
            InvalidInput: an address or a target that can't be one.
        """
        row, words = KINDS.get(kind), WORDS[parts.language]
        if row is None or _missing(row, parts):
            raise Inconsistent("a letter of no kind, or without its parts")
        said = words.kinds[kind]
        filled = {"tenant": plain(parts.tenant), "name": greeted(parts.name) if row.named else ""}
        if parts.factor:
            filled["factor"] = _factor(words, parts.factor)
        values = {
            "language": parts.language,
            "facts": _facts(words, parts.occasion, parts.ending),
            "code": "" if parts.code is None else parts.code.reveal(),
            "target": "" if parts.target is None else self._origin + safe_local_path(parts.target.reveal()),
        }
        subject = said.subject.format(tenant=filled["tenant"])
        text = _render("letter.txt", {**values, **_sentences(words, said, filled)})
        spoken = _sentences(words, said, filled, markup=True)
        html = _render("letter.html", {**values, **spoken, "subject": subject, "style": Markup(STYLE)})  # noqa: S704
        return Letter(id, parts.address, subject, Secret(text), Secret(html), parts.language, at)


def plain(text: str) -> str:
    """`text` on one line, without anything that isn't seen, at most `MAX_NAME` characters."""
    kept = "".join(
        character
        for character in re.sub(r"\s+", " ", text)
        if character in _JOINERS or unicodedata.category(character) not in _REFUSED
    )
    return re.sub(" +", " ", unicodedata.normalize("NFC", kept)).strip()[:MAX_NAME].rstrip()


def greeted(name: str) -> str:
    """`plain`, or nothing where a mail program would make a link of it: a name is no place for an advertisement."""
    shown = plain(name)
    return "" if _LEADS_AWAY.search(unicodedata.normalize("NFKC", shown)) else shown


def _missing(row: Kind, parts: Parts) -> bool:
    return (
        (row.button is not None) is not (parts.target is not None)
        or row.code is not (parts.code is not None)
        or ("factor" in row.about) is not bool(parts.factor)
        or ("session" in row.about) is not (parts.occasion is not None)
        or (row.leaving and parts.ending is None)
    )


def _factor(words: Words, factor: str) -> str:
    if factor not in words.factors:
        raise Inconsistent("a factor without a word")
    return words.factors[factor]


def _facts(words: Words, occasion: Occasion | None, ending: Ending | None) -> list[tuple[str, str]]:
    if ending is not None:
        what = [(words.connection, plain(ending.what))] if ending.what else []
        return [*what, (words.ends, f"{ending.at:%Y-%m-%d %H:%M} UTC")]
    if occasion is None:
        return []
    return [
        (words.when, f"{occasion.at:%Y-%m-%d %H:%M} UTC"),
        (words.browser, plain(occasion.browser) or words.unknown),
        (words.place, plain(occasion.place) or words.unknown),
    ]


def _sentences(words: Words, said: KindWords, filled: Mapping[str, str], *, markup: bool = False) -> dict[str, str]:
    """The catalogue's sentences with `filled` in them; as markup, what is filled in is escaped."""
    sentences = {
        "tenant": "{tenant}",
        "title": said.title,
        "greeting": words.greeting if filled["name"] else words.greeting_unnamed,
        "text": said.text,
        "note": said.note,
        "button": said.button,
        "by_hand": words.by_hand,
        "footer": words.footer,
    }
    return {name: (escape(sentence) if markup else sentence).format_map(filled) for name, sentence in sentences.items()}


def _render(template: str, values: Mapping[str, object]) -> str:
    return _ENVIRONMENT.get_template(template).render(values)
