"""G35: XML and deflate bombs at every reader of foreign SAML: each refused in under 100 ms and 50 MB.

Seed and figures are printed. Memory is the process's own peak (`VmHWM`), set back before each.
"""

import base64
import gc
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
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
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.bombs import bombs, deflated
from tests.protocols.saml.kit import EXPECTED, IDP, NOW, SLO, SP, WAYS, Answer, pinned, rsa_key

ROUNDS = int(os.environ.get("AIRSIDE_G35_ROUNDS", "6"))
MILLISECONDS = 100
MEGABYTES = 50

Reader = Callable[[bytes], object]
READERS: dict[str, Reader] = {
    "response": lambda document: verify_response(document, EXPECTED, [pinned("idp")], NOW),
    "logout": lambda document: verify_logout_request(
        Arrived("SAMLRequest", document, None), ExpectedLogout(IDP, SP, SLO), [pinned("idp")], NOW
    ),
    "metadata": read_idp_metadata,
}


@dataclass
class Worst:
    """The dearest that was met, and how many."""

    milliseconds: float = 0
    megabytes: float = 0
    count: int = 0
    taken: list[str] = field(default_factory=list[str])
    over: list[str] = field(default_factory=list[str])

    def meet(self, name: str, read: Reader, document: bytes) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        before, began = _memory("VmRSS"), time.process_time()
        try:
            read(document)
            self.taken.append(name)
        except (SamlRefused, MetadataRefused):
            pass
        milliseconds = (time.process_time() - began) * 1e3
        megabytes = (_memory("VmHWM") - before) / 1024
        self.milliseconds = max(self.milliseconds, milliseconds)
        self.megabytes = max(self.megabytes, megabytes)
        self.count += 1
        if milliseconds >= MILLISECONDS or megabytes >= MEGABYTES:
            self.over.append(f"{name}: {milliseconds:.0f} ms, {megabytes:.0f} MB, {len(document)} bytes")


def _memory(name: str) -> int:
    """In kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _everything(chance: random.Random) -> Iterator[tuple[str, Reader, bytes]]:
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
def test_every_bomb_is_cheap(capsys: pytest.CaptureFixture[str]):
    """N26, N27."""
    seed = int(os.environ.get("AIRSIDE_SEED", "35"))
    worst, chance = Worst(), random.Random(seed)
    for read in READERS.values():  # what is loaded once isn't a bomb's
        with pytest.raises((SamlRefused, MetadataRefused)):
            read(b"<a/>")
    gc.collect()
    gc.freeze()  # nor is what the tests before this one left to be looked through
    for _ in range(ROUNDS):
        for name, read, document in _everything(chance):
            worst.meet(name, read, document)
    with capsys.disabled():
        print(
            f"\nG35 XML: {worst.count} bombs and attacks (seed {seed}), dearest {worst.milliseconds:.1f} ms and"
            f" {worst.megabytes:.1f} MB; {len(worst.taken)} accepted"
        )
    assert worst.taken == []
    assert worst.over == []
    assert worst.count >= 1_000
