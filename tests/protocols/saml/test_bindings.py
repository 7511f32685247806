"""HTTP-Redirect and HTTP-POST (Bindings §3.4, §3.5)."""

import base64
import zlib
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from airside.protocols.saml import (
    MAX_POSTED,
    MAX_QUERY,
    MessageSigner,
    PinnedCertificate,
    Reason,
    SamlRefused,
    read_post,
    read_redirect,
    write_post,
    write_redirect,
)
from airside.protocols.saml.bindings import Arrived, verify_detached
from airside.protocols.saml.xml import MAX_XML
from tests.protocols.saml.kit import certificate, ec_key, message_signer, pinned

DOCUMENT = b"<samlp:LogoutRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>"


def query_of(document: bytes = DOCUMENT, relay_state: str | None = "word", location: str = "https://i.example/") -> str:
    url = write_redirect("SAMLRequest", document, location, signer=message_signer("ours"), relay_state=relay_state)
    return urlsplit(url).query


def verified(arrived: Arrived, *pins: PinnedCertificate) -> None:
    assert arrived.detached is not None
    verify_detached(arrived.detached, pins or (pinned("ours"),))


def why(query: str, *pins: PinnedCertificate) -> Reason:
    with pytest.raises(SamlRefused) as refused:
        verified(read_redirect(query), *pins)
    return refused.value.why


def packed(document: bytes) -> str:
    packer = zlib.compressobj(wbits=-15)
    return quote(base64.b64encode(packer.compress(document) + packer.flush()).decode(), safe="")


@pytest.mark.parametrize("relay_state", [None, "word", "a b&c=d"])
def test_redirect_round_trip(relay_state: str | None):
    """Bindings §3.4.4.1."""
    arrived = read_redirect(query_of(relay_state=relay_state))
    assert (arrived.name, arrived.document, arrived.relay_state) == ("SAMLRequest", DOCUMENT, relay_state)
    verified(arrived)


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_redirect_signed_on_a_curve(curve: type[ec.EllipticCurve]):
    key = ec_key("ours", curve)
    signer = MessageSigner(key, PinnedCertificate(certificate(key)))
    arrived = read_redirect(
        urlsplit(write_redirect("SAMLResponse", DOCUMENT, "https://i.example/", signer=signer)).query
    )
    verified(arrived, pinned("ours"), signer.certificate)
    with pytest.raises(SamlRefused, match="signature"):
        verified(arrived, pinned("ours"))


def test_address_with_a_query_keeps_it():
    url = write_redirect("SAMLRequest", DOCUMENT, "https://i.example/?a=b", signer=message_signer("ours"))
    assert url.startswith("https://i.example/?a=b&SAMLRequest=")


def test_wire_format_with_lower_case_escapes_is_verified_as_written():
    """ADFS escapes in lower case: the signature is over that."""
    query = query_of()
    lower = query.partition("&Signature=")[0].replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    lower = lower.replace("%3A", "%3a").replace("%23", "%23")
    assert lower != query.partition("&Signature=")[0]
    assert why(lower + "&Signature=" + query.partition("&Signature=")[2]) is Reason.SIGNATURE
    verified(read_redirect(query.replace("&Signature=", "&other=1&Signature=")))


@pytest.mark.parametrize("field", ["SAMLRequest", "RelayState", "SigAlg"])
def test_corrupted_query_is_refused(field: str):
    """N25: every field is under the signature."""
    parts = dict(part.split("=", 1) for part in query_of().split("&"))
    parts[field] = packed(b"<x/>") if field == "SAMLRequest" else parts[field] + "x"
    assert why("&".join(f"{name}={value}" for name, value in parts.items())) in (Reason.SIGNATURE, Reason.ALGORITHM)


def test_wrong_key_is_refused():
    assert why(query_of(), pinned("attacker")) is Reason.SIGNATURE


def test_field_left_out_is_missed():
    query = query_of()
    without = "&".join(part for part in query.split("&") if not part.startswith("RelayState"))
    assert why(without) is Reason.SIGNATURE


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SAMLRequest=",
        "RelayState=a",
        f"SAMLRequest={packed(DOCUMENT)}&SAMLRequest={packed(DOCUMENT)}",
        f"SAMLRequest={packed(DOCUMENT)}&SAMLResponse={packed(DOCUMENT)}",
        f"SAMLRequest={packed(DOCUMENT)}&SigAlg=x",
        f"SAMLRequest={packed(DOCUMENT)}&Signature=x",
        f"SAMLRequest={packed(DOCUMENT)}&SAMLEncoding=urn:x",
        f"SAMLRequest={quote(base64.b64encode(DOCUMENT).decode())}",
        f"SAMLRequest={packed(DOCUMENT)[:-8]}",
        "SAMLRequest=%ff",
        "SAMLRequest=????",
    ],
)
def test_malformed_and_truncated_queries_are_refused(query: str):
    with pytest.raises(SamlRefused) as refused:
        read_redirect(query)
    assert refused.value.why is Reason.MALFORMED


@pytest.mark.parametrize("algorithm", ["rsa-sha1", "hmac-sha256", "rsa-sha224", "dsa-sha256", "rsa-", ""])
def test_other_algorithms_are_refused(algorithm: str):
    """N01, N42."""
    uri = quote(f"http://www.w3.org/2001/04/xmldsig-more#{algorithm}", safe="")
    assert why(f"SAMLRequest={packed(DOCUMENT)}&SigAlg={uri}&Signature=AAAA") is Reason.ALGORITHM
    assert why(f"SAMLRequest={packed(DOCUMENT)}&SigAlg=none&Signature=AAAA") is Reason.ALGORITHM


def test_inflating_stops_at_the_cap():
    """N26: a thousand to one."""
    with pytest.raises(SamlRefused) as refused:
        read_redirect(f"SAMLRequest={packed(bytes(20_000_000))}")
    assert refused.value.why is Reason.TOO_LARGE


def test_oversized_is_refused():
    with pytest.raises(SamlRefused, match="too_large"):
        read_redirect("SAMLRequest=" + "A" * MAX_QUERY)
    with pytest.raises(SamlRefused, match="too_large"):
        read_post("SAMLResponse", "A" * (MAX_POSTED + 1))


def test_post_round_trip():
    """Bindings §3.5.4: base64, which may be broken into lines."""
    value = write_post(DOCUMENT)
    lines = "\r\n".join(value[start : start + 64] for start in range(0, len(value), 64))
    for written in (value, lines):
        arrived = read_post("SAMLResponse", written, "word")
        assert (arrived.document, arrived.relay_state, arrived.detached) == (DOCUMENT, "word", None)
    assert len(write_post(bytes(MAX_XML))) <= MAX_POSTED


@pytest.mark.parametrize("value", ["=", "<x/>", "AAAAA", "AA*A"])
def test_post_that_is_no_base64_is_refused(value: str):
    with pytest.raises(SamlRefused, match="malformed"):
        read_post("SAMLResponse", value)


def test_relay_state_that_could_not_be_ours_is_dropped():
    """N10: it is compared, never followed, and never longer than Bindings §3.4.3 lets it be."""
    assert read_post("SAMLResponse", "AAAA", "https://evil.example/" + "x" * 80).relay_state is None
