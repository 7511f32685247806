"""What is said of a refusal, and what isn't."""

import pytest

from airside.console.language import LANGUAGES
from airside.console.refusals import INTERNAL, TABLE, said_of
from airside.core.errors import AssuranceTooLow, Conflict, Inconsistent, LimitExceeded, NotFound, Refusal, Unavailable
from tests.console.site import Site, application, browser


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFound(), 404),
        (Conflict(), 409),
        (LimitExceeded("x", 3), 429),
        (Unavailable("x"), 503),
        (AssuranceTooLow(), 403),
    ],
)
def test_each_refusal_has_its_status(refusal: Refusal, status: int) -> None:
    assert said_of(refusal).status == status


def test_what_nobody_foresaw_is_internal_and_says_nothing() -> None:
    assert said_of(Inconsistent("table user_account")) is INTERNAL


def test_every_row_has_its_words_in_every_language() -> None:
    for language in LANGUAGES.values():
        for said in (*(said for _, said in TABLE), INTERNAL):
            assert language.of("refusal", said.words, "title")
            assert language.of("refusal", said.words, "text")


async def test_a_refusal_is_told_in_the_readers_language(site: Site) -> None:
    async with browser(application(site)) as tab:
        answer = await tab.get("/t/acme/signin/x", **{"accept-language": "de-AT"})
    assert answer.status_code == 404
    assert '<html lang="de">' in answer.text
    assert "Diese Seite gibt es nicht" in answer.text
