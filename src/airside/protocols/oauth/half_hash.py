"""Half of a hash, by which an ID token binds what comes with it. Pure."""

import hashlib

from airside.protocols.jose import ALGORITHMS, b64url_encode


def half_hash(text: str, alg: str) -> str:
    """The left half of the hash of an access token, a code or a state, under the hash of `alg` (OpenID Connect Core
    §3.1.3.6, §3.3.2.11)."""
    digest = hashlib.new(ALGORITHMS[alg].digest, text.encode("ascii")).digest()
    return b64url_encode(digest[: len(digest) // 2])
