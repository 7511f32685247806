"""G22: Wycheproof's JWS and JWK vectors. Every valid one is taken, every invalid one refused, but those named here."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airside.core.errors import Refusal
from airside.protocols.jose import KeySet, key_from_jwk, keyset_from_jwks, verify_compact

DEFECTIVE = {
    346: "key says PS256, token PS384, yet marked valid",
    347: "key's alg is ES521, which doesn't exist",
    350: "as 346",
    351: "as 347",
    367: "same text as a valid vector, marked invalid",
    370: "as 367",
    372: "a character that base64url doesn't have, marked valid",
    373: "as 372",
}
MAC = "a symmetric key: MACs are refused on purpose, for a verifier that can verify could forge"
REFUSED_ON_PURPOSE = {1: MAC, 348: MAC, 352: MAC, 357: MAC, 358: MAC, 359: MAC, 376: MAC, 377: MAC}
KEYS_REFUSED_ON_PURPOSE = {2: MAC, 13: MAC, 14: MAC, 15: MAC}

Vector = tuple[int, dict[str, Any], Any, str]


def vectors(path: Path) -> Iterator[Vector]:
    for group in json.loads(path.read_text("utf-8"))["testGroups"]:
        for test in group["tests"]:
            yield test["tcId"], group.get("public", group["private"]), test["jws"], test["result"]


def accepted(key: dict[str, Any], token: Any) -> bool:
    try:
        keys = keyset_from_jwks(json.dumps(key).encode()) if "keys" in key else KeySet([key_from_jwk(key)])
        verify_compact(token if isinstance(token, str) else json.dumps(token), keys)
    except Refusal:
        return False
    return True


def check(path: Path, defective: dict[int, str], on_purpose: dict[int, str]) -> Counter[str]:
    wrong: list[int] = []
    counts: Counter[str] = Counter()
    for number, key, token, result in vectors(path):
        taken = accepted(key, token)
        if number in defective:
            # Whatever the file says of these: none of them is a token of ours.
            counts["defective, refused"] += 1
            wrong += [number] if taken else []
        elif number in on_purpose:
            counts["valid, refused on purpose"] += 1
            wrong += [number] if taken or result != "valid" else []
        else:
            counts[f"{result}, {'accepted' if taken else 'refused'}"] += 1
            wrong += [number] if taken != (result == "valid") else []
    assert wrong == []
    return counts


def test_every_jws_vector(data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]):
    """G22"""
    counts = check(data("wycheproof") / "json_web_signature_test.json", DEFECTIVE, REFUSED_ON_PURPOSE)
    with capsys.disabled():
        print(f"\nG22 Wycheproof JWS: {dict(counts)}")
    assert counts["valid, accepted"] == 32
    assert counts["invalid, refused"] == 353


def test_every_jwk_vector(data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]):
    """G22: weak keys (ROCA, short, exponent 1), keys of other uses, curves and kinds; N42."""
    counts = check(data("wycheproof") / "json_web_key_test.json", {}, KEYS_REFUSED_ON_PURPOSE)
    with capsys.disabled():
        print(f"\nG22 Wycheproof JWK: {dict(counts)}")
    assert counts["valid, accepted"] == 1
    assert counts["invalid, refused"] == 21


def test_a_verifier_that_takes_everything_would_be_noticed(data: Callable[[str], Path]):
    """A suite that can't fail proves nothing: most vectors are hostile."""
    hostile = sum(result == "invalid" for *_, result in vectors(data("wycheproof") / "json_web_signature_test.json"))
    assert hostile == 355
