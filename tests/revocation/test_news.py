from uuid import UUID

import pytest

from airside.core.errors import InvalidInput
from airside.core.strict_json import dumps
from airside.revocation import Entry, news
from airside.revocation.model import ALWAYS, MAX_ID

GOOD = {"tenant": UUID(int=1).hex, "kind": "sub", "id": "usr_1", "before": 5, "expires_at": 9}


@pytest.mark.parametrize("entry", [Entry("sub", "usr_1", 5, 9), Entry("fam", "é" * MAX_ID, ALWAYS, 2**40)])
def test_round_trip_within_a_notification(entry: Entry):
    payload = news.write(UUID(int=1), entry)
    assert news.read(payload) == (UUID(int=1), entry)
    assert len(payload.encode()) < 8000


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "x"},
        {"tenant": None},
        {"kind": "all"},
        {"kind": None},
        {"id": ""},
        {"id": "i" * 300},
        {"before": None},
    ],
)
def test_unreadable_news_is_refused(change: dict[str, str | None]):
    with pytest.raises(InvalidInput):
        news.read(dumps({**GOOD, **change}).decode())


@pytest.mark.parametrize("text", ["", "{", "[]", "x" * 100])
def test_no_json_is_refused(text: str):
    with pytest.raises(InvalidInput):
        news.read(text)
