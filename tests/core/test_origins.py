"""What one origin is."""

import pytest

from airside.core.origins import origin_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::1", "2001:0DB8:0:0:1::"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
    ],
)
def test_addresses_that_one_site_may_choose_from_are_one_origin(one: str, other: str) -> None:
    """N13: walking through an IPv6 prefix, or writing an address differently, opens no new counter."""
    assert origin_key(one) == origin_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("2001:db8::1", "2001:db8:0:1::1"), ("192.0.2.1", "192.0.2.2"), ("-", "unix")]
)
def test_different_sites_are_different_origins(one: str, other: str) -> None:
    assert origin_key(one) != origin_key(other)
