"""G35 over HTTP at the size that a door takes at most: what is dear to read, as much as goes into a body, at a SAML
connection's assertion consumer service and at a tenant's SCIM service. Each is refused, for less than 100 ms and 50 MB
of the whole process, which is the sender too.
"""

import bisect
import gzip
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from airside.federation.scim.bounds import MAX_LARGE_VALUES, MAX_MARKS, MAX_VALUES
from airside.protocols.oauth import MAX_FORM
from airside.protocols.saml import write_post
from airside.protocols.scim import MAX_BULK_BYTES
from airside.shield import MAX_BODY
from tests.federation.scim.directory import BULK, GROUP_SCHEMA, MEDIA, PATCH, USER_SCHEMA, Directory, directory
from tests.gauntlet.cost import Costs, settled
from tests.gauntlet.test_g23_saml_door import PART, TRIES, door, positive
from tests.protocols.saml.bombs import HEAD, TAIL
from tests.protocols.saml.kit import WAYS, Answer, Encryption, encrypt, rsa_key
from tests.running import Place

MOST: Final = 64 * 1024
"""Parts that a body is filled with, at most."""
DEEP: Final = 20
"""Levels that a message may have beside those around them."""
CHANCE: Final = 512
"""Bytes by which two encryptions of the same differ, once they are written into a form."""
SEARCH: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
USERS: Final = "/Users/"
STATE: Final = "s" * 43
END: Final = "</saml:AttributeStatement>"

Filled = Callable[[int], str]
"""A document with so many parts."""


def plain() -> dict[str, Filled]:
    """What anybody may write."""
    laughs = "".join(f'<!ENTITY e{each} "{f"&e{each - 1};" * 10}">' for each in range(1, 30))
    levels = "".join(f'<a xmlns:n{each}="u" n{each}:x="">' for each in range(DEEP))
    return {
        "entities": lambda parts: f'<!DOCTYPE r [<!ENTITY e0 "ha">{laughs}]><r>{"&e29;" * parts}</r>',
        "quadratic entity": lambda parts: f'<!DOCTYPE r [<!ENTITY e "{"a" * parts}">]><r>{"&e;" * (parts // 4)}</r>',
        "external entity": lambda parts: f'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x"><r>{"&e;" * parts}</r>',
        "stylesheets": lambda parts: '<?xml-stylesheet href="http://127.0.0.1:1/x"?>' * parts + HEAD + TAIL,
        "deep": lambda parts: HEAD + "<a>" * parts + "</a>" * parts + TAIL,
        "deep and unclosed": lambda parts: HEAD + "<a>" * parts,
        "wide": lambda parts: HEAD + "<a/>" * parts + TAIL,
        "text": lambda parts: HEAD + "x" * parts + TAIL,
        "references": lambda parts: HEAD + "&#x41;" * parts + TAIL,
        "attributes": lambda parts: HEAD + "<a" + "".join(f' a{each}=""' for each in range(parts)) + "/>" + TAIL,
        "same attribute": lambda parts: HEAD + "<a" + ' a=""' * parts + "/>" + TAIL,
        "namespaces": lambda parts: HEAD + "<a" + "".join(f' xmlns:n{n}="u"' for n in range(parts)) + "/>" + TAIL,
        "namespaces of each": lambda parts: HEAD + (levels + "</a>" * DEEP) * parts + TAIL,
        "comments": lambda parts: HEAD + "<!---->" * parts + TAIL,
        "ids": lambda parts: HEAD + "".join(f'<a ID="i{each}"/>' for each in range(parts)) + TAIL,
        "signatures": lambda parts: HEAD + "<ds:Signature/>" * parts + TAIL,
        "assertions": lambda parts: HEAD + "<saml:Assertion/>" * parts + TAIL,
    }


def hidden(answer: Answer, ours: rsa.RSAPublicKey) -> dict[str, Filled]:
    """What anybody may write and encrypt, for the key that encrypts to us is public; and what is put into an answer of
    the provider's after it was signed, so that it has to be canonicalised before it is refused."""
    signed = {way: write(answer, rsa_key("idp")).decode() for way, write in WAYS.items()}

    def sealed(inside: Filled) -> Filled:
        def make(parts: int) -> str:
            assertion = encrypt(inside(parts).encode(), ours, Encryption())
            return answer.response(assertion)

        return make

    def padded(way: str, part: str) -> Filled:
        head, _, tail = signed[way].partition(END)
        return lambda parts: head + part * parts + END + tail

    spaces = "".join(f' xmlns:n{each}="u{each}"' for each in range(10))
    paddings = {
        "elements": "<a/>",
        "namespaces": f"<a{spaces}/>",
        "attributes": "<a " + " ".join(f'a{each}=""' for each in range(30)) + "/>",
        "depth": "<a>" * (DEEP - 2) + "</a>" * (DEEP - 2),
        "text": "x" * 64,
        "references": "&#x41;",
    }
    found = {f"{name}, encrypted": sealed(make) for name, make in plain().items()}
    return found | {f"{name}, put in ({way})": padded(way, part) for way in signed for name, part in paddings.items()}


def form(document: str) -> str:
    return urlencode({"SAMLResponse": write_post(document.encode()), "RelayState": STATE})


def filling(make: Filled, measure: Callable[[str], int], room: int) -> str:
    """As many parts as go into a body of `room`."""
    most = bisect.bisect_right(range(1, MOST), room, key=lambda parts: measure(make(parts)))
    return make(most)


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_full_form_is_not_dear_at_the_door(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """G35, N23, N24, N26: none is over the door's cap, so all are read."""
    here = await door(place)
    await positive(here, 249)
    template = here.provider.answer("_asked")
    kinds = plain() | hidden(template, here.ours)
    documents = {name: filling(make, lambda text: len(form(text)), MAX_FORM - CHANCE) for name, make in kinds.items()}
    settled()
    await here.bring_all([(name, lambda _, text=text: text.encode()) for name, text in documents.items()], start=700)
    await positive(here, 249)
    why = await here.demand_nothing_came_of_it()
    sizes = sorted(len(form(text)) for text in documents.values())
    with capsys.disabled():
        print(
            f"\nG35 full forms: {len(documents)} brought ({sizes[0]} to {sizes[-1]} bytes of at most {MAX_FORM}),"
            f" {len(here.accepted)} let in, {here.costs}; why, by the journal: {dict(why)}"
        )
    assert here.at_once == 0
    assert sizes[0] > MAX_FORM * 3 // 4


def written() -> dict[str, Filled]:
    """JSON that anybody may write, as a value."""
    return {
        "deep arrays": lambda parts: "[" * parts + "]" * parts,
        "deep objects": lambda parts: '{"a":' * parts + "1" + "}" * parts,
        "deep and unclosed": lambda parts: '[{"a":' * parts,
        "wide": lambda parts: "[" + ",".join("0" * parts) + "]",
        "wide objects": lambda parts: "[" + ",".join(["{}"] * parts) + "]",
        "names": lambda parts: "{" + ",".join(f'"a{each}":0' for each in range(parts)) + "}",
        "same name": lambda parts: "{" + ",".join(['"a":0'] * parts) + "}",
        "text": lambda parts: '"' + "x" * parts + '"',
        "escapes": lambda parts: '"' + "\\u0041" * parts + '"',
        "number": lambda parts: "1" * parts,
        "exponent": lambda parts: "1e" + "9" * parts,
        "fraction": lambda parts: "0." + "1" * parts,
        "white space": lambda parts: " " * parts + "x",
        "unclosed text": lambda parts: '"' + "\\\\" * parts,
    }


@dataclass(frozen=True)
class Sent:
    """One request to a SCIM service."""

    name: str
    method: str
    path: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def framed(make: Filled, head: str, tail: str) -> Filled:
    return lambda parts: head + make(parts) + tail


def provisioning(user: str) -> list[Sent]:
    """Each at the cap of its address: as a whole body, and where a value may stand in one that is otherwise lawful."""
    places = {
        ("POST", "/Users", MAX_BODY): ("{}", f'{{"schemas":["{USER_SCHEMA}"],"userName":"u","emails":{{}}}}'),
        ("PATCH", f"/Users/{user}", MAX_BODY): (f'{{"schemas":["{PATCH}"],"Operations":{{}}}}',),
        ("POST", "/Users/.search", MAX_BODY): (f'{{"schemas":["{SEARCH}"],"filter":{{}}}}',),
        ("POST", "/Groups", MAX_BULK_BYTES): (f'{{"schemas":["{GROUP_SCHEMA}"],"displayName":"g","members":{{}}}}',),
        ("POST", "/Bulk", MAX_BULK_BYTES): ("{}", f'{{"schemas":["{BULK}"],"Operations":{{}}}}'),
    }
    found: list[Sent] = []
    for (method, path, room), frames in places.items():
        for number, frame in enumerate(frames):
            head, _, tail = frame.rpartition("{}")
            for name, make in written().items():
                body = filling(framed(make, head, tail), len, room)
                found.append(Sent(f"{name} ({method} {path} {number})", method, path, body))
    return found + clever(user)


def clever(user: str) -> list[Sent]:
    """What only this service would read: operations, paths and filters by the thousand."""
    one = {"schemas": [USER_SCHEMA], "userName": "u"}
    chained = [
        {"method": "PATCH", "path": f"{USERS}bulkId:{each + 1}", "bulkId": str(each), "data": one}
        for each in range(200)
    ]

    def operations(value: object) -> Filled:
        return lambda parts: json.dumps({"schemas": [PATCH], "Operations": [value] * parts})

    def bulk(value: object) -> Filled:
        return lambda parts: json.dumps({"schemas": [BULK], "Operations": [value] * parts})

    def filtered(piece: str, head: str = "", tail: str = "") -> Filled:
        return lambda parts: json.dumps({"schemas": [SEARCH], "filter": head + piece * parts + tail})

    users: dict[str, Filled] = {
        "operations": operations({"op": "add", "path": "title", "value": "x"}),
        "operations of filters": operations({"op": "remove", "path": 'emails[value eq "a" or value eq "b"].value'}),
        "path": lambda parts: json.dumps(
            {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "emails[" + "not (" * parts + "]"}]}
        ),
    }
    searches: dict[str, Filled] = {
        "parentheses": filtered("("),
        "negations": filtered("not ("),
        "alternatives": filtered("title pr or ", tail="title pr"),
        "literal": filtered("a", 'userName eq "', '"'),
        "backslashes": filtered("\\\\", 'userName eq "', '"'),
    }
    bulks: dict[str, Filled] = {
        "bulk operations": bulk({}),
        "bulk deletions": bulk({"method": "DELETE", "path": f"{USERS}usr_01jd3v8e5x7m2k9q4w6r8t0y1z"}),
        "bulk of bulks": bulk({"method": "POST", "path": "/Bulk", "bulkId": "x", "data": {"schemas": [BULK]}}),
        "bulk members": lambda parts: json.dumps(
            {
                "schemas": [BULK],
                "Operations": [
                    {
                        "method": "POST",
                        "path": "/Groups",
                        "bulkId": "g",
                        "data": {"schemas": [GROUP_SCHEMA], "displayName": "g", "members": [{"value": "x"}] * parts},
                    }
                ],
            }
        ),
    }
    xml = filling(plain()["entities"], len, MAX_BODY)
    packed = gzip.compress(bytes(40_000_000)).decode("latin-1")[:MAX_BODY]
    return [
        *(Sent(name, "PATCH", f"/Users/{user}", filling(make, len, MAX_BODY)) for name, make in users.items()),
        *(Sent(name, "POST", "/Users/.search", filling(make, len, MAX_BODY)) for name, make in searches.items()),
        *(Sent(name, "POST", "/Bulk", filling(make, len, MAX_BULK_BYTES)) for name, make in bulks.items()),
        *just(),
        Sent("chain", "POST", "/Bulk", json.dumps({"schemas": [BULK], "Operations": chained * 2})),
        Sent("XML", "POST", "/Users", xml, {"content-type": "application/xml"}),
        Sent("XML as JSON", "POST", "/Users", xml),
        Sent("gzip", "POST", "/Users", packed, {"content-encoding": "gzip"}),
    ]


def just() -> list[Sent]:
    """As much nonsense as is let through to be read, as JSON and then by the library."""
    found: list[Sent] = []
    for path, name, value, marks in (("/Users", "emails", 0, 1), ("/Groups", "members", {"value": "x"}, 2)):
        many = {"schemas": [USER_SCHEMA], name: [value] * (MAX_MARKS // marks - 9)}
        body = json.dumps(many, separators=(",", ":"))
        found.append(Sent(f"just below the marks ({path})", "POST", path, body))
    for value in ({"value": 0}, 0):
        user = {"schemas": [USER_SCHEMA], "userName": "u", "emails": [value] * (MAX_VALUES - 1)}
        group = {"schemas": [GROUP_SCHEMA], "displayName": "g", "members": [value] * (MAX_LARGE_VALUES - 1)}
        for path, body in (("/Users", user), ("/Groups", group)):
            found.append(Sent(f"just {value} ({path})", "POST", path, json.dumps(body)))
    return found


async def _in_parts(content: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(content), PART):
        yield content[start : start + PART]


async def refused(entra: Directory, costs: Costs, sent: Sent) -> int:
    """The status. What was dear is sent again, for this process does other things too."""
    body = sent.body.encode("latin-1")
    headers = {"authorization": f"Bearer {entra.token}", "content-type": MEDIA, **sent.headers}
    status = 0
    for attempt in range(TRIES):
        if attempt:
            costs.each.pop()
        with costs.meeting(sent.name, len(body)):
            answer = await entra.http.request(
                sent.method, entra.base + sent.path, content=_in_parts(body), headers=headers
            )
        status = answer.status_code
        if not costs.each[-1].dear:
            break
    return status


@pytest.mark.gauntlet
@pytest.mark.alone  # it measures
async def test_full_body_is_not_dear_at_the_scim_service(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """G35, N26, N27, N36: from whoever holds a token, so that all is read that is ever read."""
    async with directory(place) as entra:
        user = (await entra.create("ada"))["id"]
        before = (await entra.ask("GET", "/Users")).json()
        costs, statuses = Costs(), dict[str, int]()
        brought = provisioning(user)
        settled()
        for sent in brought:
            statuses[sent.name] = await refused(entra, costs, sent)
        assert (await entra.ask("GET", "/Users")).json() == before
        assert (await entra.ask("GET", "/Groups")).json()["totalResults"] == 0
    with capsys.disabled():
        print(
            f"\nG35 full SCIM bodies: {len(brought)} sent (up to {max(len(each.body) for each in brought)} bytes),"
            f" {costs}; {dict(Counter(statuses.values()))}"
        )
    assert {name: status for name, status in statuses.items() if not 400 <= status < 500} == {}
    assert not costs.over, "\n".join(costs.over)
