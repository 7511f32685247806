"""Metadata: ours written, theirs read (Metadata §2)."""

from typing import Any

import pytest
from lxml import etree

from airside.protocols.saml import (
    HTTP_POST,
    HTTP_REDIRECT,
    MAX_CERTIFICATES,
    MAX_METADATA,
    MetadataRefused,
    ServiceProvider,
    read_idp_metadata,
    write_metadata,
)
from tests.protocols.saml.kit import ACS, DS, IDP, SLO, SP, certificate, ec_key, pinned, rsa_key

MD = "urn:oasis:names:tc:SAML:2.0:metadata"


def key(base64: str, use: str | None = "signing") -> str:
    used = "" if use is None else f' use="{use}"'
    return (
        f'<md:KeyDescriptor{used}><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{base64}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def idp(keys: str | None = None, endpoints: str | None = None, entity: str = IDP, attrs: str = "") -> str:
    described = key(pinned("idp").base64) if keys is None else keys
    usual = (
        f'<md:SingleLogoutService Binding="{HTTP_REDIRECT}" Location="https://idp.example/slo"'
        ' ResponseLocation="https://idp.example/slo/answer"/>'
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>"
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://i.example/s"/>'
        f'<md:SingleSignOnService Binding="{HTTP_REDIRECT}" Location="https://idp.example/sso"/>'
        f'<md:SingleSignOnService Binding="{HTTP_POST}" Location="https://idp.example/sso/post"/>'
    )
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" entityID="{entity}"{attrs}><md:IDPSSODescriptor'
        ' WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{described}{usual if endpoints is None else endpoints}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def test_what_a_connection_needs_is_read():
    found = read_idp_metadata(
        b'<?xml version="1.0"?><!-- ours -->' + idp(attrs=' validUntil="2027-01-01T00:00:00Z"').encode()
    )
    assert found.entity_id == IDP
    assert dict(found.sso) == {HTTP_REDIRECT: "https://idp.example/sso", HTTP_POST: "https://idp.example/sso/post"}
    assert dict(found.slo) == {HTTP_REDIRECT: "https://idp.example/slo"}
    assert dict(found.slo_answers) == {HTTP_REDIRECT: "https://idp.example/slo/answer"}
    assert [one.fingerprint for one in found.certificates] == [pinned("idp").fingerprint]
    assert found.certificates[0].not_after == pinned("idp").not_after
    assert found.wants_signed_requests
    assert found.valid_until is not None
    assert found.valid_until.year == 2027


def test_several_keys_are_read_and_those_that_encrypt_are_not():
    weak = certificate(rsa_key("short", 1024)).public_bytes
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding

    keys = (
        key(pinned("idp").base64)
        + key(pinned("next").base64, None)
        + key(pinned("ours").base64, "encryption")
        + key(b64encode(weak(Encoding.DER)).decode())
        + key("bm8=")
        + key(pinned("idp").base64)
    )
    found = read_idp_metadata(idp(keys).encode())
    assert [one.fingerprint for one in found.certificates] == [pinned("idp").fingerprint, pinned("next").fingerprint]


def test_one_of_several_is_read_by_its_name():
    both = f'<md:EntitiesDescriptor xmlns:md="{MD}">{idp()}{idp(entity="https://b.example")}</md:EntitiesDescriptor>'
    assert read_idp_metadata(both.encode(), "https://b.example").entity_id == "https://b.example"
    for name in (None, "https://c.example"):
        with pytest.raises(MetadataRefused):
            read_idp_metadata(both.encode(), name)


@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "//idp.example",
        "data:text/html,x",
        "https://a@idp.example/",
        "https://idp.example/#f",
        "https://idp.example/ x",
        "https://",
        "https://[x",
        "",
    ],
)
def test_address_that_is_no_web_address_is_left_out(location: str):
    """N10."""
    endpoint = f'<md:SingleSignOnService Binding="{HTTP_REDIRECT}" Location="{location}"/>'
    with pytest.raises(MetadataRefused):
        read_idp_metadata(idp(endpoints=endpoint).encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no xml",
        b"<x/>",
        b"<!DOCTYPE r [<!ENTITY e 'x'>]>" + idp().encode(),
        idp().encode()[:-9],
        idp(keys="").encode(),
        idp(endpoints="").encode(),
        idp(entity="").encode(),
        idp(attrs=' validUntil="soon"').encode(),
        b"<a>" * 40 + b"</a>" * 40,
        b" " * (MAX_METADATA + 1),
        idp().encode("utf-16"),
        idp().encode("utf-16-le"),
        ("<!DOCTYPE r [<!ENTITY e 'x'>]>" + idp()).encode("utf-16-be"),
        write_metadata(ServiceProvider(SP, ACS, SLO, [pinned("ours")])),
    ],
)
def test_what_describes_no_identity_provider_is_refused(document: bytes):
    """N26 too."""
    with pytest.raises(MetadataRefused):
        read_idp_metadata(document)


def test_too_many_keys_are_refused():
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding

    many = [certificate(ec_key(f"m{number}")).public_bytes(Encoding.DER) for number in range(MAX_CERTIFICATES + 1)]
    with pytest.raises(MetadataRefused):
        read_idp_metadata(idp("".join(key(b64encode(der).decode()) for der in many)).encode())


def test_our_metadata_says_what_an_identity_provider_needs():
    """Metadata §2.4.4."""
    document = write_metadata(
        ServiceProvider(SP, ACS, SLO, [pinned("ours"), pinned("next")], [pinned("ours")], "urn:x")
    )
    root: Any = etree.fromstring(document)
    names = {"md": MD, "ds": DS}
    assert root.get("entityID") == SP
    role = root.find("md:SPSSODescriptor", names)
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("true", "true")
    uses = [
        (one.get("use"), one.findtext(".//ds:X509Certificate", namespaces=names))
        for one in role.findall("md:KeyDescriptor", names)
    ]
    assert uses == [
        ("signing", pinned("ours").base64),
        ("signing", pinned("next").base64),
        ("encryption", pinned("ours").base64),
    ]
    acs = role.find("md:AssertionConsumerService", names)
    assert (acs.get("Binding"), acs.get("Location"), acs.get("index")) == (HTTP_POST, ACS, "0")
    assert {one.get("Binding") for one in role.findall("md:SingleLogoutService", names)} == {HTTP_POST, HTTP_REDIRECT}
    assert role.findtext("md:NameIDFormat", namespaces=names) == "urn:x"
