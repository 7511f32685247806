"""A virtual passkey and the browser around it: makes registrations and assertions, with anything wrong that a test
asks for. It writes CBOR by itself and knows nothing of the code that it is tried on."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from airside.core.entropy import SystemEntropy

Algorithm = Literal["ES256", "EdDSA", "RS256"]
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

UP: Final = 1 << 0
UV: Final = 1 << 2
BE: Final = 1 << 3
BS: Final = 1 << 4
AT: Final = 1 << 6
ED: Final = 1 << 7
MODEL: Final = UUID("5ad5aa1d-3e35-4c2c-bd05-ad4e7f1d10aa")

Tree = dict[str, Any]


def letters(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def octets(text: str) -> bytes:
    """What `letters` spelt."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Twist:
    """What is to be wrong; nothing, by default.

    `client` replaces members of the client data (None takes one away); `raw_client` all of it. `flags` are turned
    over. `attested` changes the attestation object, `signature` what is sent as one.
    """

    client: Mapping[str, object] = field(default_factory=dict[str, object])
    raw_client: bytes | None = None
    rp_id: str | None = None
    flags: int = 0
    counter: int | None = None
    handle: bytes | Literal["own"] | None = "own"
    extensions: bytes = b""
    credential_id: bytes | None = None
    cose: Mapping[int, object] | None = None
    attested: Callable[[Tree], Tree] | None = None
    signature: Callable[[bytes], bytes] | None = None


PLAIN: Final = Twist()


@dataclass(frozen=True)
class Maker:
    """Who vouches for an authenticator: the key and the certificates of its statements, leaf first."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]


@dataclass
class VirtualPasskey:
    """One credential of one account, in a browser at `origin`."""

    origin: str = "https://airside.test"
    algorithm: Algorithm = "ES256"
    flags: int = UP | UV
    counter: int = 1
    aaguid: UUID = MODEL
    maker: Maker | None = None
    handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: SystemEntropy().bytes(32))
    key: PrivateKey = field(init=False)
    client_hash: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        self.key = _new_key(self.algorithm)

    def create(self, options: str, twist: Twist = PLAIN) -> str:
        """The response to creation options, as a page posts it."""
        asked = json.loads(options)
        self.handle = octets(asked["user"]["id"])
        client = self._client("webauthn.create", asked["challenge"], twist)
        self.client_hash = sha256(client).digest()
        credential_id = self.credential_id if twist.credential_id is None else twist.credential_id
        key = cbor2.dumps(dict(twist.cose) if twist.cose is not None else _cose(self.key))
        made = self.aaguid.bytes + len(credential_id).to_bytes(2, "big") + credential_id + key
        data = self._data(asked["rp"]["id"], AT, made, twist)
        tree: Tree = {"fmt": "none", "attStmt": {}, "authData": data}
        if self.maker is not None:
            tree |= {"fmt": "packed", "attStmt": self._statement(self.maker, data)}
        if twist.attested is not None:
            tree = twist.attested(tree)
        response = {"clientDataJSON": letters(client), "attestationObject": letters(cbor2.dumps(tree))}
        return self._outer({**response, "transports": ["internal", "hybrid", "carrier-pigeon"]})

    def get(self, options: str, twist: Twist = PLAIN) -> str:
        """The response to request options, as a page posts it."""
        asked = json.loads(options)
        self.counter = twist.counter if twist.counter is not None else self.counter + (self.counter > 0)
        client = self._client("webauthn.get", asked["challenge"], twist)
        data = self._data(asked["rpId"], 0, b"", twist)
        signed = self.sign(data + sha256(client).digest())
        handle = self.handle if twist.handle == "own" else twist.handle
        response = {
            "clientDataJSON": letters(client),
            "authenticatorData": letters(data),
            "signature": letters(signed if twist.signature is None else twist.signature(signed)),
        }
        return self._outer({**response, **({} if handle is None else {"userHandle": letters(handle)})})

    def _client(self, kind: str, challenge: str, twist: Twist) -> bytes:
        if twist.raw_client is not None:
            return twist.raw_client
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **twist.client}
        return json.dumps({name: value for name, value in told.items() if value is not None}).encode()

    def _data(self, rp_id: str, extra: int, made: bytes, twist: Twist) -> bytes:
        flags = ((self.flags | extra) ^ twist.flags) | (ED if twist.extensions else 0)
        head = sha256((twist.rp_id or rp_id).encode()).digest() + bytes([flags])
        return head + self.counter.to_bytes(4, "big") + made + twist.extensions

    def _statement(self, maker: Maker, data: bytes) -> Tree:
        signed = maker.key.sign(data + self.client_hash, ec.ECDSA(SHA256()))
        return {"alg": -7, "sig": signed, "x5c": [_der(each) for each in maker.chain]}

    def sign(self, data: bytes) -> bytes:
        """With the credential's own key."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        return self.key.sign(data)

    def _outer(self, response: Mapping[str, object]) -> str:
        name = letters(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _new_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def _cose(key: PrivateKey) -> dict[int, object]:
    """COSE_Key (RFC 9052 §7, RFC 9053 §7)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}
    return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
