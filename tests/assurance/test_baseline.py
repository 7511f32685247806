"""Accepted findings: for a reason, to a day, and strictly read."""

from datetime import UTC, datetime

import pytest

from airside.assurance import read_baseline
from airside.core.errors import InvalidInput

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KNOWN = {"hsts", "csp"}
ENTRY = """
[[accepted]]
check = "hsts"
where = "/old"
reason = "the old pages go in August"
expires = 2026-06-01
"""


def test_an_entry_counts_at_its_place_through_its_last_day() -> None:
    baseline = read_baseline(ENTRY.encode(), KNOWN, NOW)
    assert baseline.accepts("hsts", "/old/page")
    assert not baseline.accepts("hsts", "/new")
    assert not baseline.accepts("csp", "/old")
    assert baseline.expired == ()


def test_an_expired_entry_counts_no_more_and_is_told() -> None:
    baseline = read_baseline(ENTRY.replace("06-01", "05-31").encode(), KNOWN, NOW)
    assert not baseline.accepts("hsts", "/old")
    assert [entry.check for entry in baseline.expired] == ["hsts"]


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.replace("hsts", "hstss"),
        ENTRY.replace("the old pages go in August", "x"),
        ENTRY.replace("expires", "until"),
        ENTRY.replace("expires = 2026-06-01", ""),
        ENTRY.replace("2026-06-01", '"2026-06-01"'),
        ENTRY.replace("2026-06-01", "2026-06-01T00:00:00Z"),
        ENTRY.replace('"/old"', "1"),
        ENTRY.replace("[[accepted]]", "[accepted]"),
        "more = 1" + ENTRY,
        "accepted = [1]",
        "not toml",
    ],
    ids=[
        "unknown check", "no reason", "unknown field", "no end", "end as text", "end as moment", "place as number",
        "one table", "unknown table", "no table", "no TOML",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_baseline(text.encode(), KNOWN, NOW)


def test_a_file_over_its_cap_is_refused() -> None:
    with pytest.raises(InvalidInput):
        read_baseline(b"#" * (256 * 1024 + 1), KNOWN, NOW)
