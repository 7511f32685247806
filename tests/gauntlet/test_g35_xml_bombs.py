"""G35: XML and deflate bombs at every reader of foreign SAML: each refused in under 100 ms and 50 MB.

Seed and figures are printed. Memory is the process's own peak (`VmHWM`), set back before each.
"""

import base64
import os
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote

import pytest

from airside.protocols.saml import (
    ExpectedLogout,
    MetadataRefused,
    SamlRefused,
    read_idp_metadata,
    read_redirect,
    verify_logout_request,
    verify_response,
)
from airside.protocols.saml.bindings import Arrived
from tests.gauntlet.cost import Costs, settled
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.bombs import bombs, deflated
from tests.protocols.saml.kit import EXPECTED, IDP, NOW, SLO, SP, WAYS, Answer, pinned, rsa_key

ROUNDS = int(os.environ.get("AIRSIDE_G35_ROUNDS", "6"))

Reader = Callable[[bytes], object]
READERS: dict[str, Reader] = {
    "response": lambda document: verify_response(document, EXPECTED, [pinned("idp")], NOW),
    "logout": lambda document: verify_logout_request(
        Arrived("SAMLRequest", document, None), ExpectedLogout(IDP, SP, SLO), [pinned("idp")], NOW
    ),
    "metadata": read_idp_metadata,
}


def _everything(chance: Random) -> Iterator[tuple[str, Reader, bytes]]:
    for name, document in bombs(chance):
        for reader, read in READERS.items():
            yield f"{name} as {reader}", read, document
    for name, packed in deflated(chance):
        query = f"SAMLRequest={quote(base64.b64encode(packed).decode(), safe='')}"
        yield name, lambda data: read_redirect(data.decode()), query.encode()
    for way, write in WAYS.items():
        for name, document in attacks(write(Answer(), rsa_key("idp")), "admin@customer.example"):
            yield f"{name} ({way})", READERS["response"], document


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
def test_every_bomb_is_cheap(capsys: pytest.CaptureFixture[str]):
    """N26, N27."""
    seed = int(os.environ.get("AIRSIDE_SEED", "35"))
    costs, chance, taken = Costs(), Random(seed), list[str]()
    for read in READERS.values():  # what is loaded once isn't a bomb's
        with pytest.raises((SamlRefused, MetadataRefused)):
            read(b"<a/>")
    settled()
    for _ in range(ROUNDS):
        for name, read, document in _everything(chance):
            with costs.meeting(name, len(document)):
                try:
                    read(document)
                    taken.append(name)
                except (SamlRefused, MetadataRefused):
                    pass
    with capsys.disabled():
        print(f"\nG35 XML: {len(costs.each)} bombs and attacks (seed {seed}), {costs}; {len(taken)} accepted")
    assert taken == []
    assert costs.over == []
    assert len(costs.each) >= 1_000
