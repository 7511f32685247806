"""The catalogue of words: every sentence of the pages, in each language, chosen by the reader's browser.

The words stand in `words/*.toml`, in each language with the same keys and placeholders. No template and no
page carries a sentence of its own.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Literal, get_args

MAX_ACCEPTED: Final = 512
"""Characters of an Accept-Language header that are read."""
MAX_RANGES: Final = 32
"""Ranges of it that are read."""
Code = Literal["en", "de"]
_CODES: Final[tuple[Code, ...]] = get_args(Code)
_PARTS: Final = ("", ".setup")
"""A language's words stand in several files."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words. `code` is what `<html lang>` says (BCP 47)."""

    code: Code
    words: Mapping[str, str]

    def __call__(self, key: str, **values: str | int) -> str:
        """The sentence at `key`, with `values` in its places.

        Raises:
            KeyError: no such key, or a place that no value was given for.
        """
        return self.words[key].format_map(values)

    def of(self, family: str, member: str, rest: str = "", **values: str | int) -> str:
        """The sentence at `family.member` or `family.member.rest`: one of several of a kind."""
        return self(".".join(filter(None, (family, member, rest))), **values)

    def count(self, key: str, count: int, **values: str | int) -> str:
        """The sentence of so many: `key.one` or `key.other` (CLDR's plural categories; both languages have these)."""
        return self(f"{key}.{'one' if count == 1 else 'other'}", count=self.number(count), **values)

    def number(self, number: int) -> str:
        """A whole number as people write it."""
        return f"{number:,}".replace(",", self.words["number.group"])


def choose(accepted: str, default: str = "en") -> Language:
    """The language to answer in: of those we have, what the Accept-Language header wants most (RFC 9110 §12.5.4,
    matched as RFC 4647 §3.4 looks up), else `default`, else English."""
    wanted: dict[str, float] = {}
    for text in accepted[:MAX_ACCEPTED].split(",")[:MAX_RANGES]:
        tag, _, parameter = text.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in LANGUAGES:
            wanted[code] = max(wanted.get(code, 0.0), _quality(parameter))
    best = max(wanted.values(), default=0.0)
    if best > 0:
        return LANGUAGES[next(code for code, quality in wanted.items() if quality == best)]
    return LANGUAGES.get(default, ENGLISH)


def first_known(tags: Iterable[str]) -> Language | None:
    """The first of `tags` (BCP 47, best first) that we have, looked up as RFC 4647 §3.4 does."""
    codes = (tag.lower().partition("-")[0] for tag in tags)
    return next((LANGUAGES[code] for code in codes if code in LANGUAGES), None)


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    digits = value.strip().replace(".", "", 1)
    lawful = name.strip().lower() == "q" and digits.isascii() and digits.isdigit() and len(digits) <= 4
    return min(float(value), 1.0) if lawful else 0.0


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield prefix + key, value
        else:
            yield from _flat(value, f"{prefix}{key}.")


def _load(code: Code) -> Language:
    words = resources.files("airside.console") / "words"
    texts = [(words / f"{code}{part}.toml").read_text("utf-8") for part in _PARTS]
    return Language(code, {key: said for text in texts for key, said in _flat(tomllib.loads(text))})


LANGUAGES: Final[Mapping[str, Language]] = {code: _load(code) for code in _CODES}
ENGLISH: Final = LANGUAGES["en"]
