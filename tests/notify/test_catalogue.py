"""Every language says everything, with the same things filled in."""

from string import Formatter

import pytest
from msgspec.structs import asdict

from airside.notify import KINDS
from airside.notify.catalogue import WORDS, Words
from airside.notify.model import LANGUAGES, Language

FILLED = {"tenant", "name", "factor"}


def _sentences(words: Words) -> dict[str, str]:
    """Every sentence by its place in the catalogue."""
    found = {name: value for name, value in asdict(words).items() if isinstance(value, str)}
    found |= {f"factors.{name}": word for name, word in words.factors.items()}
    for kind, said in words.kinds.items():
        found |= {f"{kind}.{name}": str(value) for name, value in asdict(said).items()}
    return found


def _placeholders(sentence: str) -> list[tuple[str, str | None, str | None]]:
    return [(name, spec, how) for _, name, spec, how in Formatter().parse(sentence) if name is not None]


def test_every_language_has_the_same_keys_and_placeholders() -> None:
    english = _sentences(WORDS["en"])
    for language in LANGUAGES:
        other = _sentences(WORDS[language])
        assert other.keys() == english.keys()
        differing = [key for key in other if set(_placeholders(other[key])) != set(_placeholders(english[key]))]
        assert differing == [], language


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_plain_names_that_letters_fill(language: Language) -> None:
    """No attribute, index, format or conversion of what is filled in can be named."""
    for key, sentence in _sentences(WORDS[language]).items():
        for name, spec, how in _placeholders(sentence):
            assert (spec, how) == ("", None), key
            assert name in FILLED, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_words_and_a_button_where_it_leads_somewhere(language: Language) -> None:
    kinds = WORDS[language].kinds
    assert kinds.keys() == KINDS.keys()
    assert {name for name, words in kinds.items() if words.button} == {
        name for name, kind in KINDS.items() if kind.button is not None
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_subject_is_filled_with_the_tenants_name_alone(language: Language) -> None:
    """N29: nothing else that somebody chose."""
    for name, words in WORDS[language].kinds.items():
        assert _placeholders(words.subject) == [("tenant", "", None)], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_kinds_about_a_factor_name_one(language: Language) -> None:
    for name, words in WORDS[language].kinds.items():
        said = words.text + words.note + words.title
        assert ("{factor}" in said) is ("factor" in KINDS[name].about), name
        assert "{name}" not in said, name


def test_languages_are_not_the_same_words() -> None:
    english, german = _sentences(WORDS["en"]), _sentences(WORDS["de"])
    same = {key for key in english if english[key] and english[key] == german[key]}
    assert same == {"browser"}
