"""The words of letters: one file a language, all with the same keys and the same placeholders."""

import tomllib
from importlib import resources
from typing import Final

from msgspec import Struct, convert

from airside.notify.model import LANGUAGES, Language


class KindWords(Struct, frozen=True, forbid_unknown_fields=True):
    """What one kind of letter says. `button` is empty where it has none."""

    subject: str
    title: str
    text: str
    note: str
    button: str = ""


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that letters say in one language. `{tenant}`, `{name}` and `{factor}` stand for what is filled in."""

    greeting: str
    greeting_unnamed: str
    by_hand: str
    when: str
    browser: str
    place: str
    connection: str
    ends: str
    unknown: str
    footer: str
    factors: dict[str, str]
    kinds: dict[str, KindWords]


def _read(language: Language) -> Words:
    text = (resources.files("airside.notify") / "words" / f"{language}.toml").read_text("utf-8")
    return convert(tomllib.loads(text), Words)


WORDS: Final[dict[Language, Words]] = {language: _read(language) for language in LANGUAGES}
