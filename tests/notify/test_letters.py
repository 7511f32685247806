"""Letters: what stands in them, and what somebody chose can't put into them."""

import re
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import Inconsistent, InvalidInput
from airside.core.secret import Secret
from airside.notify import KINDS, STYLE, Ending, Letter, Letters, Occasion, Parts
from airside.notify.letters import MAX_NAME, greeted, plain
from airside.notify.model import LANGUAGES, Language

NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORIGIN: Final = "https://id.example.com"
TOKEN: Final = "k3yDqT-token_of_a_link"
LETTERS: Final = Letters(public_url=ORIGIN)

XSS: Final = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'-alert(1)-'",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "{{ 1337*7331 }}",
    "{tenant.__class__}",
    "{0}",
    "{{config}}{% raw %}",
    "<!--",
    "&lt;script&gt;",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "\u202egpj.exe",
    "<base href=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>",
    "a\r\nBcc: all@example.com",
)


def parts(kind: str, language: Language = "en", **changed: Any) -> Parts:
    """Parts that fit `kind`."""
    row = KINDS[kind]
    given: dict[str, Any] = {
        "address": "ada@example.com",
        "tenant": "Acme Instruments",
        "language": language,
        "name": "Ada",
        "target": None if row.button is None else Secret(f"/t/acme/page/{TOKEN}"),
        "code": Secret("493817") if row.code else None,
        "factor": "totp" if "factor" in row.about else "",
        "occasion": Occasion(NOW, "Firefox on Linux", "192.0.2.10") if "session" in row.about else None,
        "ending": Ending(NOW) if row.leaving else None,
    }
    return Parts(**{**given, **changed})


def write(kind: str, language: Language = "en", **changed: Any) -> Letter:
    return LETTERS.write(kind, parts(kind, language, **changed), id=UUID(int=1), at=NOW)


class Elements(HTMLParser):
    """The elements and attributes that a mail program would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(attrs)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_letter_says_what_its_kind_is_for_in_both_forms(kind: str, language: Language) -> None:
    letter = write(kind, language)
    text, html = letter.text.reveal(), unescape(letter.html.reveal())
    row = KINDS[kind]
    for said in (text, html):
        assert "Acme Instruments" in said
        assert (f"{ORIGIN}/t/acme/page/{TOKEN}" in said) is (row.button is not None)
        assert ("493817" in said) is row.code
        assert ("192.0.2.10" in said) is ("session" in row.about)
        assert ("Ada" in said) is row.named
        assert "{" not in said.replace(STYLE, "")
    assert letter.subject.startswith("Acme Instruments: ")
    assert (letter.to, letter.language) == ("ada@example.com", language)
    assert f'<html lang="{language}">' in html


@pytest.mark.parametrize("kind", KINDS)
def test_html_loads_nothing_and_runs_nothing(kind: str) -> None:
    """No remote image, no script, no form, no style but the one block."""
    html = write(kind).html.reveal()
    seen = Elements(html).found
    assert {tag for tag, _ in seen} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "p", "a", "br", "footer"),
        *("table", "tr", "th", "td"),
    }
    assert {name for _, attrs in seen for name, _ in attrs} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "href",
        "role",
    }
    assert {value for _, attrs in seen for name, value in attrs if name == "href"} <= {f"{ORIGIN}/t/acme/page/{TOKEN}"}
    assert html.count("<style>") == 1
    assert f"<style>{STYLE}</style>" in html
    assert "prefers-color-scheme: dark" in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("hostile", XSS)
@pytest.mark.parametrize("kind", ["recovery", "new_device", "email_code", "invitation", "factor_added"])
def test_what_somebody_chose_stays_text(kind: str, hostile: str) -> None:
    """N29: name, tenant's name and browser add no element, no attribute and no header, and are never a template."""
    wild: dict[str, Any] = {"name": hostile, "tenant": hostile}
    if "session" in KINDS[kind].about:
        wild["occasion"] = Occasion(NOW, hostile, hostile)
    letter, tame = write(kind, **wild), write(kind, name="", tenant="T")
    assert Elements(letter.html.reveal()).found == Elements(tame.html.reveal()).found
    assert len(letter.subject.splitlines()) == 1
    assert "9801547" not in letter.text.reveal()
    assert "__class__" not in hostile or "{tenant.__class__}" in letter.text.reveal()
    assert "\u202e" not in letter.text.reveal() + letter.html.reveal() + letter.subject


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.named])
def test_letter_to_an_address_that_a_stranger_typed_carries_none_of_their_words(kind: str) -> None:
    letter = write(kind, name="Win a prize")
    assert "prize" not in letter.text.reveal() + letter.html.reveal() + letter.subject


@pytest.mark.parametrize("kind", KINDS)
def test_code_and_link_are_in_no_subject_and_no_repr(kind: str) -> None:
    """N37: subjects stand in logs of mail servers and on locked screens."""
    letter = write(kind)
    for shown in (letter.subject, repr(letter), repr(parts(kind))):
        assert TOKEN not in shown
        assert "493817" not in shown


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/t/acme",
        "//evil.example/x",
        "/\\evil.example",
        "javascript:alert(1)",
        "t/acme",
        "",
        "@evil.example/",
        ".evil.example/",
        ":443@evil.example/",
        "/t/acme\r\nx",
    ],
)
def test_link_that_leads_elsewhere_is_refused(target: str) -> None:
    """N16: a letter leads to the configured address alone."""
    with pytest.raises(InvalidInput):
        write("recovery", target=Secret(target))


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("recovery", {"target": None}),
        ("email_code", {"code": None}),
        ("email_code", {"target": Secret("/x")}),
        ("recovery", {"code": Secret("1")}),
        ("new_device", {"occasion": None}),
        ("factor_added", {"factor": ""}),
        ("factor_added", {"factor": "tattoo"}),
    ],
)
def test_parts_that_do_not_fit_the_kind_are_refused(kind: str, changed: dict[str, Any]) -> None:
    with pytest.raises(Inconsistent):
        write(kind, **changed)


def test_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Inconsistent):
        LETTERS.write("postcard", parts("account_deleted"), id=UUID(int=1), at=NOW)


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "Visit https://evil.example",
        "www.evil.example",
        "//evil",
        "ada@evil.example",
        "evil．example",
        "t.co x",
    ],
)
def test_name_that_a_mail_program_would_make_a_link_of_is_left_out(name: str) -> None:
    """N29: a sign-up with such a name would make an advertisement of our letter."""
    assert greeted(name) == ""
    assert "Hello,\n" in write("recovery", name=name).text.reveal()


@pytest.mark.parametrize(
    "name", ["Ada", "J. R. R. Tolkien", "J.R.R. Tolkien", "Anne-Marie O'Neil", "王小明", "می‌خواهم", "Dr. Ada"]
)
def test_name_of_a_person_is_greeted(name: str) -> None:
    assert greeted(name) == name


@given(st.text())
def test_plain_text_is_one_line_without_what_is_not_seen(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= MAX_NAME
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]", shown)
    assert plain(shown) == shown


@given(st.text(), st.text(), st.text())
def test_any_name_makes_a_letter_of_the_same_elements(name: str, tenant: str, browser: str) -> None:
    """N29, whatever is drawn."""
    occasion = Occasion(NOW, browser, browser)
    letter = write("new_device", name=name, tenant=f"T{tenant}", occasion=occasion)
    assert Elements(letter.html.reveal()).found == Elements(write("new_device").html.reveal()).found
