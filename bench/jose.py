"""Token verification against the bare `cryptography` call, seen-before tokens, and signatures a second.

Every pair is interleaved in short rounds and told as the median of the rounds' ratios, so that a noisy machine
slows both sides alike. CPU time stands beside wall time. Run: `.venv/bin/python -m bench.jose`.
"""

import statistics
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from airside.core.strict_json import Json
from airside.protocols.jose import (
    CachedVerifier,
    Expected,
    KeySet,
    SigningKey,
    VerifiedJwt,
    b64url_decode,
    sign_jwt,
    verify_jwt,
)
from airside.protocols.jose.keys import generate
from bench.cost import cost

ROUNDS = 301
NOW = 1_800_000_000
EXPECTED = Expected("at+jwt", "https://id.example/t/acme", "https://api.example")
CLAIMS: dict[str, Json] = {
    "iss": EXPECTED.issuer,
    "sub": "usr_01jd3v8e5x7m2k9q4w6r8t0y1z",
    "aud": "https://api.example",
    "exp": NOW + 900,
    "iat": NOW,
    "nbf": NOW,
    "jti": "tok_01jd3v8e5x7m2k9q4w6r8t0y1z",
    "client_id": "cli_01jd3v8e5x7m2k9q4w6r8t0y1z",
    "scope": "email notes:read notes:write openid profile",
    "tenant_id": "ten_01jd3v8e5x7m2k9q4w6r8t0y1z",
    "roles": ["administrator", "member"],
    "auth_time": NOW,
    "acr": "aal1",
    "amr": ["pwd"],
    "sid": "ses_01jd3v8e5x7m2k9q4w6r8t0y1z",
    "fam": "fam_01jd3v8e5x7m2k9q4w6r8t0y1z",
}


def compare(name: str, one: Callable[[], object], other: Callable[[], object], counts: tuple[int, int]) -> None:
    """Print `cost(one) / cost(other)`, as the median over interleaved rounds."""
    cost(one, counts[0])
    cost(other, counts[1])
    rounds = [(cost(one, counts[0]), cost(other, counts[1])) for _ in range(ROUNDS)]
    wall = statistics.median(first.wall / second.wall for first, second in rounds)
    cpu = statistics.median(first.cpu / second.cpu for first, second in rounds)
    print(f"{name:<58} {wall:9.2f} wall {cpu:9.2f} cpu")
    for label, side in (("first", [pair[0] for pair in rounds]), ("second", [pair[1] for pair in rounds])):
        micros = statistics.median(item.wall for item in side)
        print(f"    {label:<8} {micros:9.2f} µs wall {statistics.median(item.cpu for item in side):9.2f} µs cpu")


def bare(key: SigningKey, token: str) -> Callable[[], object]:
    """What a verifier can't do without: the signature check itself, on ready bytes."""
    public = key.private.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    data, _, tail = token.rpartition(".")
    raw, signed = b64url_decode(tail), data.encode()
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    scheme = ec.ECDSA(hashes.SHA256())
    return lambda: public.verify(signature, signed, scheme)


def claims_of(jwt: VerifiedJwt) -> VerifiedJwt:
    return jwt


def main() -> None:
    key = SigningKey("key-1", "ES256", generate("ES256"))
    keys = KeySet([key.verification()])
    token = sign_jwt(key, CLAIMS, typ="at+jwt")
    cached = CachedVerifier(claims_of)
    print(f"token of {len(token)} bytes, ES256; medians of {ROUNDS} interleaved rounds")
    compare(
        "bare cryptography call / our verification (≥ 0.7)",
        bare(key, token),
        lambda: verify_jwt(token, keys, EXPECTED, NOW),
        (10, 10),
    )
    compare(
        "our verification, cold / seen before (≥ 50)",
        lambda: verify_jwt(token, keys, EXPECTED, NOW),
        lambda: cached.verify(token, keys, EXPECTED, NOW),
        (10, 500),
    )
    signing = [cost(lambda: sign_jwt(key, CLAIMS, typ="at+jwt"), 20) for _ in range(ROUNDS)]
    bare_signing = [cost(lambda: key.sign(b"x" * 700), 20) for _ in range(ROUNDS)]
    print(f"ES256 tokens signed a second (one core): {1e6 / statistics.median(c.wall for c in signing):,.0f}")
    print(f"ES256 signatures a second (calibration): {1e6 / statistics.median(c.wall for c in bare_signing):,.0f}")


if __name__ == "__main__":
    main()
