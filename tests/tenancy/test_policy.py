"""The one object of what a tenant demands: strict to read, and never a demand that nobody can meet."""

from base64 import b64encode
from binascii import crc32
from typing import Any

import pytest
from msgspec.structs import replace

from airside.core.errors import InvalidInput
from airside.identity import IdentityPolicy, PasskeyPolicy
from airside.tenancy import Branding, TenantPolicy, accepted, parse_policy, render_policy
from airside.tenancy.policy import MAX_LOGO, MAX_NETWORKS

ALL = ["email_code", "passkey", "password", "recovery_code", "totp"]


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + crc32(kind + data).to_bytes(4)


def png(width: int = 2, height: int = 2, *more: bytes) -> bytes:
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + b"".join(more) + chunk(b"IEND", b"")


def uri(data: bytes) -> str:
    return "data:image/png;base64," + b64encode(data).decode()


def test_tenant_that_says_nothing_has_the_defaults() -> None:
    assert parse_policy({}) == TenantPolicy()
    assert TenantPolicy().signup == "closed"
    assert TenantPolicy().administration.assurance == "aal2"
    assert TenantPolicy().identity == IdentityPolicy()


def test_whole_object_survives_the_round_trip() -> None:
    policy = accepted(
        TenantPolicy(
            signup="open",
            email_domains=("bücher.example",),
            networks=("192.0.2.0/24", "2001:DB8::/32"),
            step_up_on=frozenset({"new_country"}),
            branding=Branding(logo=uri(png()), colour="#0b5d6b"),
        )
    )
    assert policy.email_domains == ("xn--bcher-kva.example",)
    assert policy.networks == ("192.0.2.0/24", "2001:db8::/32")
    assert parse_policy(render_policy(policy)) == policy
    assert render_policy(TenantPolicy())["factors"] == ALL


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"is_admin": True}, "unknown field"),
        ({"password": {"min_length": 7}}, "min_length"),
        ({"password": {"min_length": "12"}}, "min_length"),
        ({"password": {"unknown": 1}}, "unknown field"),
        ({"signup": "everybody"}, "signup"),
        ({"factors": ["sms"]}, "factors"),
        ({"administration": {"assurance": "aal1"}}, "assurance"),
        ({"administration": {"max_age_minutes": 1_000_000}}, "max_age_minutes"),
        ({"language": "fr"}, "language"),
        ({"branding": {"colour": "red"}}, "colour"),
        ({"branding": {"colour": "#0b5d6b\n"}}, "colour"),
        ({"networks": ["192.0.2.0/24"] * (MAX_NETWORKS + 1)}, "networks"),
        ([], "object"),
    ],
)
def test_what_the_object_cant_hold_is_refused_by_name(value: Any, said: str) -> None:
    """N21: mass assignment meets an unknown field."""
    with pytest.raises(InvalidInput) as refused:
        parse_policy(value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"factors": []}, "factors"),
        ({"factors": ["totp", "email_code"]}, "factors"),
        ({"factors": ["password"]}, "factors"),
        ({"factors": ["password", "recovery_code", "email_code"]}, "factors"),
        ({"minimum_assurance": "aal3"}, "minimum_assurance"),
        ({"minimum_assurance": "aal3", "passkeys": {"attestation": "preferred"}}, "minimum_assurance"),
        (
            {"minimum_assurance": "aal3", "factors": ["password", "totp"], "passkeys": {"attestation": "required"}},
            "minimum_assurance",
        ),
        ({"administration": {"assurance": "aal3"}}, "administration.assurance"),
        ({"devices": {"step_up": True}, "factors": ["password", "totp"]}, "devices.step_up"),
        ({"step_up_on": ["new_country"], "factors": ["password", "totp"]}, "step_up_on"),
        ({"sessions": {"idle_minutes": 61, "absolute_hours": 1}}, "sessions.idle_minutes"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"networks": ["everywhere"]}, "networks"),
        ({"passkeys": {"aaguids": ["a key"]}}, "passkeys.aaguids"),
        ({"email_domains": ["localhost"]}, "email_domains"),
        ({"email_domains": ["a@example.com"]}, "email_domains"),
        ({"email_domains": ["*.example.com"]}, "email_domains"),
    ],
)
def test_demand_that_nobody_can_meet_is_refused(value: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_policy(value)
    assert refused.value.data["pointer"] == pointer


@pytest.mark.parametrize(
    "value",
    [
        {"factors": ["passkey"]},
        {"factors": ["password", "totp"]},
        {"minimum_assurance": "aal3", "passkeys": {"attestation": "required"}},
        {"administration": {"assurance": "aal3"}, "passkeys": {"attestation": "preferred"}},
        {"devices": {"step_up": True}, "factors": ["password", "totp"], "minimum_assurance": "aal2"},
    ],
)
def test_demand_that_can_be_met_is_taken(value: Any) -> None:
    assert parse_policy(value) == accepted(parse_policy(value))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("198.51.100.1", False),
        ("2001:db9::1", False),
        ("", False),
        ("192.0.2.7, 10.0.0.1", False),
    ],
)
def test_address_is_in_a_network_or_it_isnt(address: str, inside: bool) -> None:
    """N31: what isn't one address is in none."""
    assert parse_policy({"networks": ["192.0.2.0/24", "2001:db8::/32"]}).admits_address(address) is inside
    assert TenantPolicy().admits_address(address)


def test_domain_is_admitted_whole_or_not_at_all() -> None:
    policy = parse_policy({"email_domains": ["Example.com"]})
    assert policy.admits_domain("example.com")
    assert not policy.admits_domain("evil-example.com")
    assert not policy.admits_domain("sub.example.com")
    assert TenantPolicy().admits_domain("anything.example")


@pytest.mark.parametrize(
    "logo",
    [
        "https://example.com/logo.png",
        "data:image/svg+xml;base64,PHN2Zz48c2NyaXB0Lz48L3N2Zz4=",
        "data:image/png;base64,!!!!",
        uri(b""),
        uri(b"\x89PNG\r\n\x1a\n"),
        uri(png()[:-1]),
        uri(png() + b"<script>"),
        uri(png() + png()[8:]),
        uri(png().replace(b"x", b"y", 1)),
        uri(png(2_000, 2)),
        uri(png(0, 0)),
        uri(png(2, 2, chunk(b"tEXt", b"a" * MAX_LOGO))),
        uri(png(2, 2, *[chunk(b"tEXt", b"")] * 300)),
        uri(b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")),
    ],
)
def test_logo_is_one_whole_png_and_nothing_else(logo: str) -> None:
    """N29: no picture that carries a script, no other address."""
    with pytest.raises(InvalidInput) as refused:
        accepted(TenantPolicy(branding=Branding(logo=logo)))
    assert refused.value.data["pointer"] == "branding.logo"


@pytest.mark.parametrize(
    ("colour", "ink"), [(None, "#ffffff"), ("#0b5d6b", "#ffffff"), ("#ffe600", "#000000"), ("#767676", "#ffffff")]
)
def test_ink_upon_a_colour_can_be_read(colour: str | None, ink: str) -> None:
    assert Branding(colour=colour).ink == ink


def test_changes_of_one_field_leave_the_others() -> None:
    policy = replace(TenantPolicy(), passkeys=PasskeyPolicy(attestation="required"), minimum_assurance="aal3")
    assert accepted(policy) == policy
