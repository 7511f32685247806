"""HTML that people wrote, made harmless by a parser of browsers' own grammar (`nh3`, on html5ever)."""

import re
from collections import Counter
from typing import Final

import nh3

from airside.core.errors import InvalidInput
from airside.shield.inputs.words import Word

MAX_HTML: Final = 64 * 1024
MAX_REOPENED: Final = 250_000
"""Elements, or 64 characters of their attributes, that the parser may make beyond those that are written. A long text
full of formatted words and links may come to 100,000; what comes to all of it takes some 70 MiB for a moment."""
_TEXT: Final = ("a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "q", "s", "strong", "sub", "sup", "u")
_BLOCKS: Final = ("blockquote", "dd", "dl", "dt", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul")
_TABLES: Final = ("table", "tbody", "td", "th", "thead", "tr")
TAGS: Final = frozenset((*_TEXT, *_BLOCKS, *_TABLES))
ATTRIBUTES: Final = {"a": {"href", "title"}, "abbr": {"title"}, "td": {"colspan"}, "th": {"colspan"}}
SCHEMES: Final = frozenset({"https", "mailto"})
_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=set(SCHEMES), link_rel="noopener noreferrer nofollow ugc"
)
# A tag that is matched whole has no `<` in it, and ends where the parser's own tokeniser ends it.
_START: Final = re.compile(
    r"""<(?P<name>a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])
    (?P<whole>(?:[ \t\n\f\r]++[^\s"'<>/=]++
        (?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>/=`]++))?+)*+[ \t\n\f\r]*+/?>)?+""",
    re.IGNORECASE | re.VERBOSE,
)
_UNIT: Final = 64  # characters of a tag that cost as much as an element


class Html(Word):
    """Sanitised HTML: text, structure and links, nothing that acts, loads, styles or names an element. What would
    become very much longer by being cleaned is refused.

    What isn't in `TAGS` is taken out and its text stays. Templates (Jinja, Django) show it as it is, by `__html__`;
    every other string they escape.
    """

    __slots__ = ()
    most = MAX_HTML

    @classmethod
    def judged(cls, text: str) -> str:
        _refuse_bomb(text)
        cleaned = _CLEANER.clean(text)
        if len(cleaned) > cls.most:
            raise InvalidInput("Html over its cap once it is cleaned", max_length=cls.most)
        _refuse_bomb(cleaned)  # what is taken once is taken again, from where it was kept
        return cleaned

    def __html__(self) -> str:
        return str(self)


def _refuse_bomb(text: str) -> None:
    if reopened(text) > MAX_REOPENED:
        raise InvalidInput("Html with too many formatting elements that may stay open", max_reopened=MAX_REOPENED)


def reopened(text: str) -> int:
    """The most that the parser may make of `text` by opening formatting elements anew (HTML §13.2.4.3).

    Whatever seems to close them, it does so at most once after each tag, with all that are held to be open: three that
    are written alike, for an earlier fourth is forgotten, and one link, for the next ends it.
    """
    odd, link = 0, 0
    alike: Counter[str] = Counter()
    for tag in _START.finditer(text):
        if tag["whole"] is None:
            odd += 1
        elif tag["name"] in "aA":
            link = max(link, _cost(tag[0]))
        else:
            alike[tag[0]] += 1
    held = link + sum(min(times, 3) * _cost(tag) for tag, times in alike.items())
    if odd:  # where such a tag ends isn't known; all of them together are no longer than the text
        held += odd + len(text) // _UNIT
    return held * text.count("<")


def _cost(tag: str) -> int:
    return 1 + len(tag) // _UNIT
