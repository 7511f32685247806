"""Countries of addresses, and what isn't known has none."""

import subprocess
import sys

import pytest

from tests.identity.kit import PLACES

STEPS = """
from airside.identity import places

each = places.Places()
for step in (lambda: each.country("127.0.0.1"), lambda: each.country("193.0.6.139"), each.read):
    step()
    print(places._the_table.cache_info().currsize)
    places._the_table.cache_clear()
"""


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("193.0.6.139", "NL"),
        ("133.11.0.1", "JP"),
        ("200.160.2.3", "BR"),
        ("18.0.0.1", "US"),
        ("::ffff:193.0.6.139", "NL"),
    ],
)
def test_registries_addresses_are_where_they_are_allocated(address: str, country: str) -> None:
    assert PLACES.country(address) == country


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.0.1", "100.64.0.1", "192.0.2.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "2001:db8::1", "2a00:1450:4001::1", "::ffff:10.0.0.1"),
        *("", "-", "unix", "193.0.6", "193.0.6.139.1", "193.0.6.999", "193.0.6.139/24", "x" * 10_000, "١٩٣.0.6.139"),
    ],
)
def test_what_isnt_a_public_ipv4_address_has_no_country(address: str) -> None:
    """Private, reserved, IPv6, malformed: none of them raises, none of them is somewhere."""
    assert PLACES.country(address) is None


def test_table_is_read_when_somebody_from_outside_is_asked_for_or_beforehand() -> None:
    said = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0", "1", "1"]
