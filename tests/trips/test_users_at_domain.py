"""A company's people, listed over HTTP by the domain of their addresses."""

import pytest

from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, program_token

LISTED = "/users?email_domain="


async def test_people_at_a_domain_are_listed_page_by_page(place: Place) -> None:
    token = await administrator_token(place)
    for email in ("u0@Company.example", "u1@company.example", "u2@COMPANY.example", "eve@other.example"):
        made = await manage(place, token, "POST", "/users", {"email": email, "name": ""})
        assert made.status_code == 201, made.text
    found: list[str] = []
    sizes: list[int] = []
    path = f"{LISTED}COMPANY.example&limit=2"
    cursor = ""
    while path:
        answer = await manage(place, token, "GET", path)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [user["email"] for user in page["users"]]
        sizes.append(len(page["users"]))
        cursor = page.get("next_cursor") or cursor
        path = f"{LISTED}company.example&limit=2&cursor={cursor}" if page.get("next_cursor") else ""
    assert (sorted(found), sizes) == ([f"u{number}@company.example" for number in range(3)], [2, 1])
    foreign = await manage(place, token, "GET", f"/users?cursor={cursor}")
    assert foreign.status_code == 422, "a cursor of one listing continued another"


@pytest.mark.parametrize("asked", ["", "a%20b", "@company.example", "a@company.example", "x.example&email=a@x.example"])
async def test_what_is_no_domain_is_refused(place: Place, asked: str) -> None:
    token = await administrator_token(place)
    assert (await manage(place, token, "GET", LISTED + asked)).status_code == 422


async def test_who_may_not_read_users_may_not_ask_for_a_domain(place: Place) -> None:
    """N21"""
    token = await program_token(place, "clients:read")
    assert (await manage(place, token, "GET", f"{LISTED}company.example")).status_code == 403
