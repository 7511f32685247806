"""The catalogue: both languages say the same things, everything that is said is in it, and nothing in it is unsaid."""

import ast
import re
from importlib import resources
from pathlib import Path
from string import Formatter

import pytest

from airside.console.language import ENGLISH, LANGUAGES, choose
from tests.console.site import SIGNIN, Site, application, browser

ROOM = Path(str(resources.files("airside.console")))
TEMPLATES = sorted((ROOM / "templates").glob("*.html"))
SOURCES = sorted(ROOM.rglob("*.py"))
FAMILY = re.compile(r"""(?:\bt|words|language)\.of\(\s*"([a-z_.]+)\"""")
COUNTED = re.compile(r"""\.count\(\s*"([a-z_.]+)\"""")
ONE_WORD = {"Airside", "TXT", "UTC"}
"""Names, which are the same in every language."""


def places(text: str) -> set[str]:
    found: set[str] = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None:
            assert name.isidentifier(), text
            assert not spec, text
            assert not conversion, text
            found.add(name)
    return found


def test_every_language_has_the_same_keys_with_the_same_places() -> None:
    assert len(LANGUAGES) > 1
    for language in LANGUAGES.values():
        assert language.words.keys() == ENGLISH.words.keys()
        for key, text in language.words.items():
            assert places(text) == places(ENGLISH.words[key]), f"{language.code} {key}"
            assert text.strip() == text != "", f"{language.code} {key}"


def test_every_language_says_it_in_its_own_words() -> None:
    """A sentence that was never translated is found by being the same."""
    for code, language in LANGUAGES.items():
        if code != ENGLISH.code:
            same = {key for key, text in language.words.items() if text == ENGLISH.words[key] and " " in text}
            assert {key for key in same if places(language.words[key]) == set()} == set()


def _literals() -> set[str]:
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for path in TEMPLATES:
        found |= set(re.findall(r'"([a-z_]+\.[a-z_.0-9]+)"', path.read_text("utf-8")))
    return found


def test_every_key_is_said_somewhere_and_every_key_said_is_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in [*SOURCES, *TEMPLATES])
    literals = _literals()
    families = set(FAMILY.findall(text))
    counted = set(COUNTED.findall(text)) | {key for key in literals if f"{key}.one" in ENGLISH.words}
    said = literals | {f"{key}.{form}" for key in counted for form in ("one", "other")}
    unsaid = {key for key in ENGLISH.words if key not in said and not any(key.startswith(f"{f}.") for f in families)}
    assert unsaid == set()
    sections = {key.partition(".")[0] for key in ENGLISH.words}
    asked = {key for key in literals if re.fullmatch(r"[a-z_]+\.[a-z_.]+", key) and key.partition(".")[0] in sections}
    missing = {
        key
        for key in asked
        if key not in ENGLISH.words
        and f"{key}.one" not in ENGLISH.words
        and not key.endswith((".html", ".css", ".svg", ".js", ".toml", ".png"))
    }
    assert missing == set()


def test_no_template_carries_a_sentence_of_its_own() -> None:
    for path in TEMPLATES:
        assert _sentences(path.read_text("utf-8")) == [], path.name


def test_a_sentence_in_a_template_would_be_found() -> None:
    assert _sentences("<p>{{ x }} Hello</p>") == ["Hello"]
    assert _sentences('<p aria-label="End {{ x }}">{# why #}{% if x %}</p>') == ["End"]


def _sentences(template: str) -> list[str]:
    bare = re.sub(
        r"\{% block (?:width|referrer) %\}.*?\{% endblock %\}|\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}",
        " ",
        template,
        flags=re.DOTALL,
    )
    spoken = re.findall(r'\b(?:aria-label|alt|title|placeholder|label)="([^"]*)"', bare)
    text = re.sub(r"<[^>]*>", " ", bare)
    words = re.findall(r"[^\W\d_]{2,}", " ".join([*spoken, text]))
    return [word for word in words if word not in ONE_WORD]


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.8, en;q=0.9", "en"),
        ("fr, de;q=0.9, en;q=0.8", "de"),
        ("en;q=0, de;q=0.1", "de"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=nan, en;q=0.1", "en"),
        ("de;q=-1", "en"),
        ("de;q=1e9", "en"),
        ("de;q=9.99, en", "de"),
        ("de;level=1", "en"),
        (";;;,,,", "en"),
        (", ".join(["fr"] * 40) + ", de", "en"),
        ("x" * 10_000 + ", de", "en"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
    ],
)
def test_the_language_is_what_the_browser_wants_most_of_what_there_is(accepted: str, code: str) -> None:
    assert choose(accepted).code == code


def test_where_the_browser_wants_none_of_ours_the_tenants_own_is_spoken() -> None:
    assert choose("fr, it;q=0.5", "de").code == "de"
    assert choose("en", "de").code == "en"
    assert choose("", "xx").code == "en"


def test_what_is_put_in_a_place_is_never_read_as_a_place() -> None:
    """N30: a name made of braces reads nothing."""
    assert ENGLISH("signin.lead", brand="{brand.__class__} {0}") == "to continue to {brand.__class__} {0}"


async def test_pages_speak_the_readers_language_and_say_which(site: Site) -> None:
    async with browser(application(site)) as tab:
        german = await tab.get(SIGNIN, **{"accept-language": "de,en;q=0.5"})
        english = await tab.get(SIGNIN, **{"accept-language": "fr"})
    assert '<html lang="de">' in german.text
    assert "Passwort" in german.text
    assert "Password" not in german.text
    assert '<html lang="en">' in english.text
