"""G23: third-party SAML messages. Nothing hostile is accepted; of the good, those that the strict profile can take.

What "accepted" means for a message whose assertion or subject is encrypted to somebody else: the keys to decrypt it
aren't among the data, so it is taken as far as it goes, which is past its signature and profile to the decryption.
"""

import csv
import hashlib
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from airside.protocols.saml import (
    STRICT,
    CertificateRefused,
    ExpectedLogout,
    ExpectedResponse,
    Lenience,
    PinnedCertificate,
    Reason,
    SamlRefused,
    read_certificate,
    verify_logout_request,
    verify_logout_response,
    verify_response,
)
from airside.protocols.saml.bindings import Arrived
from airside.protocols.saml.signatures import verified_element
from airside.protocols.saml.xml import parse

OLD = Lenience(sha1=True, short_rsa=True)
"""Most of the messages are signed by rsa-sha1 with 1024 bits."""
OLD_WITHOUT_AUDIENCE = Lenience(sha1=True, short_rsa=True, no_audience=True)
GOOD = 32
HOSTILE = 68
TWO_ASSERTIONS = {"python3-saml__response4.xml", "python3-saml__response_with_ampersands_2.xml"}
"""Called good upstream, where the signed one of the two is read. The profile takes exactly one assertion."""
NO_AUDIENCE = {"xml-crypto__keyinfo_-_pretty-printed.xml"}
ANY_TIME = datetime(2014, 3, 21, 13, 40, 44, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")


@dataclass(frozen=True)
class Case:
    name: str
    root: str
    expected: str
    document: bytes
    certificate: PinnedCertificate | None
    context: ExpectedResponse
    moment: datetime

    @property
    def hostile(self) -> bool:
        return self.expected in ("reject", "reject-strict-policy")


def embedded(document: bytes) -> dict[str, PinnedCertificate]:
    """The certificates in a message by the manifest's name for them."""
    found: dict[str, PinnedCertificate] = {}
    with suppress(etree.XMLSyntaxError):
        for element in etree.fromstring(document).iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate"):
            written = "".join((element.text or "").split())
            with suppress(CertificateRefused):
                found[hashlib.sha256(written.encode()).hexdigest()[:12]] = read_certificate(written, OLD)
    return found


def cases(folder: Path) -> list[Case]:
    rows = list(csv.DictReader(StringIO((folder / "MANIFEST.csv").read_text("utf-8"), newline="")))
    documents = {row["case"]: (folder / "cases" / row["case"]).read_bytes() for row in rows}
    certificates: dict[str, PinnedCertificate] = {}
    for document in documents.values():
        certificates |= embedded(document)
    return [case(row, documents[row["case"]], certificates) for row in rows]


def case(row: dict[str, str], document: bytes, certificates: dict[str, PinnedCertificate]) -> Case:
    name = Path(row["trusted_cert"]).stem
    trusted = certificates.get(name)
    if name and trusted is None:  # named after a spelling of it that isn't there: the one that the message brings
        trusted = next(iter(embedded(document).values()), None)
    return Case(
        name=row["case"],
        root=row["root"],
        expected=row["expected"],
        document=document,
        certificate=trusted,
        context=ExpectedResponse(
            issuer=row["issuer"].strip() or "urn:nobody",
            audience=row["audience"].partition("|")[0] or "urn:nobody",
            recipient=row["recipient"] or row["destination"] or "urn:nobody",
            request_id=row["in_response_to"] or None,
        ),
        moment=datetime.fromisoformat(row["clock"]) if row["clock"] else ANY_TIME,
    )


def refusal(tried: Case, lenience: Lenience) -> SamlRefused | None:
    """Why the message isn't taken; None if it is. A logout message is taken by its own verifier."""
    pins = [] if tried.certificate is None else [tried.certificate]
    context = tried.context
    try:
        if tried.root in ("LogoutRequest", "LogoutResponse"):
            expected = ExpectedLogout(context.issuer, context.audience, context.recipient, context.request_id)
            if tried.root == "LogoutRequest":
                verify_logout_request(Arrived("SAMLRequest", tried.document, None), expected, pins, tried.moment)
            else:
                verify_logout_response(Arrived("SAMLResponse", tried.document, None), expected, pins, tried.moment)
        else:
            verify_response(tried.document, context, pins, tried.moment, lenience=lenience)
    except SamlRefused as refused:
        return refused
    return None


def accepted(tried: Case, lenience: Lenience) -> bool:
    """As the module says: an encrypted part that isn't for us is as far as one can go."""
    refused = refusal(tried, lenience)
    return refused is None or refused.why is Reason.ENCRYPTION


def test_corpus(data: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """G23: N05, N23, N24, N25, N26; 0 outbound connections."""
    calls: list[object] = []

    def called(*given: object, **named: object) -> None:
        calls.append((given, named))

    monkeypatch.setattr(socket.socket, "connect", called)
    monkeypatch.setattr(socket, "getaddrinfo", called)
    tried = cases(data("saml"))
    good = [one for one in tried if one.expected == "accept"]
    hostile = [one for one in tried if one.hostile]
    taken = [one for one in good if accepted(one, OLD)]
    more = [one for one in good if accepted(one, OLD_WITHOUT_AUDIENCE) and one not in taken]
    whole = [one for one in good if refusal(one, OLD_WITHOUT_AUDIENCE) is None]
    wrong = [one.name for one in hostile if refusal(one, OLD_WITHOUT_AUDIENCE) is None]
    refused = {one.name for one in good} - {one.name for one in taken + more}
    share = (len(taken) + len(more)) / (len(good) - len(TWO_ASSERTIONS))
    with capsys.disabled():
        print(
            f"\nG23 SAML corpus: {len(wrong)} of {len(hostile)} hostile accepted; good: {len(taken)} of {len(good)}"
            f" with SHA-1 and 1024 bits allowed, {len(more)} more without an audience; {len(whole)} to the end,"
            f" {len(taken) + len(more) - len(whole)} to the decryption (no keys in the corpus); {len(refused)} refused"
            f" for two assertions. Of all {(len(taken) + len(more)) / len(good):.2%}, of those with one assertion"
            f" {share:.2%}; {len(calls)} outbound connections"
        )
    assert (len(good), len(hostile)) == (GOOD, HOSTILE)
    assert wrong == []
    assert refused == TWO_ASSERTIONS
    assert {one.name for one in more} == NO_AUDIENCE
    assert share >= 0.94
    assert calls == []


def test_nothing_else_of_the_corpus_is_accepted_either(data: Callable[[str], Path]):
    """Messages whose verdict hangs on what isn't known here, and the one whose comment cuts its text."""
    others = [one for one in cases(data("saml")) if one.expected in ("context", "no-truncation")]
    assert len(others) == 50
    assert [one.name for one in others if refusal(one, OLD_WITHOUT_AUDIENCE) is None] == []


def test_hostile_messages_fail_for_many_reasons(data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]):
    """A suite that can't fail proves nothing: they aren't all refused for one thing that is wrong with the test."""
    why = Counter(
        refused.why.value
        for one in cases(data("saml"))
        if one.hostile and (refused := refusal(one, OLD_WITHOUT_AUDIENCE)) is not None
    )
    with capsys.disabled():
        print(f"\nG23 hostile refused for: {dict(why.most_common())}")
    assert len(why) >= 8


def test_most_of_the_good_is_refused_by_default(data: Callable[[str], Path]):
    """G23: what SHA-1 or 1024 bits signed isn't taken, unless an argument says so that no setting reaches."""
    good = [one for one in cases(data("saml")) if one.expected == "accept"]
    weak: list[Any] = [one for one in good if accepted(one, OLD) and not accepted(one, STRICT)]
    assert len(weak) >= 20
    assert all(refused.why is Reason.ALGORITHM for one in weak if (refused := refusal(one, STRICT)) is not None)


def test_no_setting_reaches_lenience():
    """G23: nothing outside of the verifier makes anything but the strict reading."""
    root = Path(__file__).parents[2]
    users = [
        path.relative_to(root).as_posix()
        for path in (root / "src").rglob("*.py")
        if "enience" in path.read_text("utf-8") and "protocols/saml" not in path.as_posix()
    ]
    makers = [
        path.name
        for path in (root / "src/airside/protocols/saml").glob("*.py")
        if "Lenience(" in path.read_text("utf-8")
    ]
    assert (users, makers) == ([], ["lenience.py"])


def test_bare_assertions_with_prefix_lists_are_verified(data: Callable[[str], Path]):
    """Exclusive canonicalisation with InclusiveNamespaces, with other line ends, and beyond ASCII: not responses, but
    their signatures are good."""
    seen = 0
    for one in cases(data("saml")):
        if one.root == "Assertion" and one.certificate is not None:
            tree = parse(one.document)
            assert verified_element(tree, tree, [one.certificate], OLD).get("ID") == tree.get("ID")
            seen += 1
    assert seen == 4
