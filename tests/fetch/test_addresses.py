import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.fetch.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.1.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "2130706433",
        "0177.0.0.1",
    ],
)
def test_what_is_not_of_the_open_internet_is_refused(address: str) -> None:
    """N28: private, loopback, link-local, carrier-grade NAT, multicast, unique-local, mapped, translated."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_ordinary_addresses_pass(address: str) -> None:
    assert is_public(address)


@given(st.binary(min_size=4, max_size=4))
def test_no_ipv4_address_passes_inside_an_ipv6_one(packed: bytes) -> None:
    for prefix in ("0" * 24, "0" * 20 + "ffff", "0064ff9b" + "0" * 16):
        raw = bytes.fromhex(prefix) + packed
        assert not is_public(socket.inet_ntop(socket.AF_INET6, raw))
