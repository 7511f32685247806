"""N09: redirect-URI comparison, against the table of known parser differences."""

import csv
from collections.abc import Callable
from pathlib import Path

from airside.core.errors import InvalidInput
from airside.protocols.oauth import check_redirect_uri, parse_form, redirect_matches


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "vectors.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_comparison(data: Callable[[str], Path]):
    wrong: list[str] = []
    for row in rows(data("redirect")):
        for native in (False, True):
            wanted = row["expected"] == "accept" or (native and row["expected"] == "accept (native client only)")
            if redirect_matches(row["registered"], row["presented"], native=native) != wanted:
                wrong.append(f"{row['presented']!r} native={native}: {row['why']}")
    assert wrong == []


def test_what_is_registered_there_can_be_registered_here(data: Callable[[str], Path]):
    for uri in {row["registered"] for row in rows(data("redirect"))}:
        check_redirect_uri(uri, native=True)


def test_hostile_uris_could_not_even_be_registered(data: Callable[[str], Path]):
    """Whatever isn't plain enough to compare safely is no redirect URI. (Some hostile ones are lawful URIs of
    somebody else: those are the table's business above.)"""
    lawful: list[str] = []
    for row in rows(data("redirect")):
        if row["expected"] == "reject":
            try:
                check_redirect_uri(row["presented"])
                lawful.append(row["presented"])
            except InvalidInput:
                continue
    assert all(uri.startswith("https://") and "@" not in uri.split("/")[2] and "#" not in uri for uri in lawful), lawful


def test_two_redirect_uris_in_one_request_are_refused():
    """N09: parameter pollution never reaches the comparison."""
    try:
        parse_form(b"redirect_uri=https%3A%2F%2Fa.example%2Fcb&redirect_uri=https%3A%2F%2Fevil.example%2F")
    except InvalidInput:
        return
    raise AssertionError("taken")
