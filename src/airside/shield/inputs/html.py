"""HTML that people wrote, made harmless by a parser of browsers' own grammar (`nh3`, on html5ever)."""

from typing import Final

import nh3

from airside.shield.inputs.words import Word

MAX_HTML: Final = 64 * 1024
_TEXT: Final = ("a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "q", "s", "strong", "sub", "sup", "u")
_BLOCKS: Final = ("blockquote", "dd", "dl", "dt", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul")
_TABLES: Final = ("table", "tbody", "td", "th", "thead", "tr")
TAGS: Final = frozenset((*_TEXT, *_BLOCKS, *_TABLES))
ATTRIBUTES: Final = {"a": {"href", "title"}, "abbr": {"title"}, "td": {"colspan"}, "th": {"colspan"}}
SCHEMES: Final = frozenset({"https", "mailto"})
_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=set(SCHEMES), link_rel="noopener noreferrer nofollow ugc"
)


class Html(Word):
    """Sanitised HTML: text, structure and links, nothing that acts, loads, styles or names an element.

    What isn't in `TAGS` is taken out and its text stays. Templates (Jinja, Django) show it as it is, by `__html__`;
    every other string they escape.
    """

    __slots__ = ()
    most = MAX_HTML

    @classmethod
    def judged(cls, text: str) -> str:
        return _CLEANER.clean(text)

    def __html__(self) -> str:
        return str(self)
