"""Messages that are cheap to send and dear to read: each is XML as it would be decoded, and none is signed.

For verifiers of all kinds of messages, and for endpoints.
"""

import zlib
from collections.abc import Iterator
from random import Random

from tests.protocols.saml.kit import DS, SAML, SAMLP, Answer

HEAD = f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" xmlns:ds="{DS}" ID="_1" Version="2.0">'
TAIL = "</samlp:Response>"


def bombs(chance: Random) -> Iterator[tuple[str, bytes]]:
    """One of each kind, of a size that `chance` chooses."""
    many = chance.randint(2_000, 60_000)
    deep = chance.randint(100, 30_000)
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, chance.randint(5, 40)))
    yield "entities", f'<!DOCTYPE r [<!ENTITY e0 "ha">{laughs}]><r>&e4;</r>'.encode()
    yield "entities in UTF-16", f'<!DOCTYPE r [<!ENTITY e0 "ha">{laughs}]><r a="&e4;"/>'.encode("utf-16-le")
    yield "quadratic entity", f'<!DOCTYPE r [<!ENTITY e "{"a" * many}">]><r>{"&e;" * 1000}</r>'.encode()
    yield "deep", (HEAD + "<a>" * deep + "</a>" * deep + TAIL).encode()
    yield "wide", (HEAD + "<a/>" * many + TAIL).encode()
    yield "attributes", ("<a" + "".join(f' a{n}=""' for n in range(many // 8)) + "/>").encode()
    yield "namespaces", ("<a" + "".join(f' xmlns:n{n}="u{n}"' for n in range(many // 16)) + "/>").encode()
    nested = chance.randint(20, 400)
    spaces = "".join(f'<a xmlns:n{n}="u{n}" n{n}:x="">' for n in range(nested))
    yield "namespaces all the way down", (HEAD + spaces + "</a>" * nested + TAIL).encode()
    yield "text", (HEAD + "x" * (many * 1_000) + TAIL).encode()
    yield "references", (HEAD + "&#x41;" * many + TAIL).encode()
    yield "white space", (" " * many + HEAD + TAIL).encode()
    yield "comments", (HEAD + "<!---->" * many + TAIL).encode()
    yield "instructions", (HEAD + "<?a b?>" * many + TAIL).encode()
    signature = "<ds:Signature><ds:SignedInfo>" + "<ds:Reference/>" * (many // 20) + "</ds:SignedInfo></ds:Signature>"
    yield "references of a signature", (HEAD + signature + TAIL).encode()
    yield "signatures", (HEAD + "<ds:Signature/>" * (many // 20) + TAIL).encode()
    transforms = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>' * (many // 80)
    yield (
        "transforms",
        (
            Answer()
            .response()
            .replace("<samlp:Status>", f"<ds:Signature xmlns:ds='{DS}'>{transforms}</ds:Signature><samlp:Status>")
            .encode()
        ),
    )
    yield "ids", (HEAD + "".join(f'<a ID="i{n}"/>' for n in range(many // 20)) + TAIL).encode()
    yield "long id", (HEAD.replace("_1", "i" * many) + TAIL).encode()
    yield "unclosed", (HEAD + "<a b='" * (many // 6)).encode()


def deflated(chance: Random) -> Iterator[tuple[str, bytes]]:
    """RFC 1951 that inflates to a thousand times as much; once, and of a stream without an end."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(bytes(chance.randint(1_000_000, 16_000_000)))
    yield "deflate", packed + packer.flush()
    yield "endless deflate", packed
