"""SAML responses verified a second on one core, whole: parse, profile, signature, conditions. Wanted: 150.

CPU time of one thread. Beside it the calibration: RSA-2048 verifications a second of the same key. The response is as
a real one, with twenty attributes. Run: `.venv/bin/python -m bench.saml`.
"""

import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from airside.protocols.saml import verify_response
from tests.protocols.saml.kit import EXPECTED, NOW, WAYS, Encryption, but, encrypted, pinned, rsa_key

SECONDS = 3.0
ANSWER = but(attributes={f"urn:oid:1.3.6.1.4.1.{number}": (f"value {number}", "another") for number in range(20)})


def rate(call: Callable[[], object], seconds: float = SECONDS) -> float:
    """Calls for each second of this core's time."""
    call()
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        call()
        done += 1
    return done / (time.process_time() - began)


def main() -> None:
    key, ours, pins = rsa_key("idp"), rsa_key("ours"), [pinned("idp")]
    signed = key.sign(b"x" * 700, padding.PKCS1v15(), hashes.SHA256())
    public = key.public_key()
    calibration = rate(lambda: public.verify(signed, b"x" * 700, padding.PKCS1v15(), hashes.SHA256()), 1.0)
    print(f"calibration: {calibration:,.0f} RSA-2048 verifications a second of one core")
    documents = {f"signed in {way}": sign(ANSWER, key) for way, sign in WAYS.items()}
    documents["encrypted in a signed response"] = encrypted(ANSWER, key, ours.public_key(), Encryption())
    for name, document in documents.items():
        measured = rate(lambda: verify_response(document, EXPECTED, pins, NOW, decryption_keys=[ours]))  # noqa: B023
        print(f"{name:<32} {len(document):>6} bytes {measured:9,.0f} responses a second (wanted 150)")


if __name__ == "__main__":
    main()
