"""Clients that hold keys: DPoP proofs, client assertions and certificates, made as a lawful client would, or not."""

import base64
import datetime
import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airside.core.entropy import SystemEntropy, token
from airside.core.strict_json import Json, dumps
from airside.protocols.jose import SigningKey, b64url_encode, public_jwk, sign_compact, thumbprint
from airside.protocols.jose.keys import generate

_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


def unique() -> str:
    """A `jti` that nobody used."""
    return token(SystemEntropy())


@dataclass(frozen=True)
class Holder:
    """Who holds a key that DPoP proofs are made with."""

    alg: str = "ES256"
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", SigningKey("dpop", self.alg, generate(self.alg)))

    @property
    def jkt(self) -> str:
        """The key's thumbprint."""
        return thumbprint(self.key.private.public_key())

    @property
    def jwk(self) -> dict[str, Json]:
        """The public key, bare."""
        return {name: value for name, value in public_jwk(self.key.verification()).items() if name in _MEMBERS}

    def proof(
        self,
        url: str,
        now: float,
        *,
        method: str = "POST",
        access_token: str | None = None,
        nonce: str | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A proof for one request; `header` and `claims` change it, None takes a member away."""
        ath = None if access_token is None else b64url_encode(hashlib.sha256(access_token.encode()).digest())
        said = {"jti": unique(), "htm": method, "htu": url, "iat": int(now), "ath": ath, "nonce": nonce} | claims
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk} | dict(header or {})
        return signed(self.key, _without_none(head), _without_none(said))


@dataclass(frozen=True)
class Signer:
    """A client's own key, as it registers and uses it."""

    kid: str = "client-1"
    alg: str = "ES256"
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", SigningKey(self.kid, self.alg, generate(self.alg)))

    @property
    def jwks(self) -> dict[str, Any]:
        """A set of this key alone."""
        return {"keys": [public_jwk(self.key.verification())]}

    def assertion(self, client_id: str, audience: Any, now: float, **claims: Any) -> str:
        """A client assertion; `claims` change it, None takes a member away."""
        said = {"iss": client_id, "sub": client_id, "aud": audience, "jti": unique(), "exp": int(now) + 60} | claims
        return sign_compact(self.key, dumps(_without_none(said)), typ="JWT")


def signed(key: SigningKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token of any header and claims, well signed."""
    data = f"{b64url_encode(dumps(dict(header)))}.{b64url_encode(dumps(dict(claims)))}"
    return f"{data}.{b64url_encode(key.sign(data.encode()))}"


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def thumbprint(self) -> str:
        """`x5t#S256`."""
        return b64url_encode(hashlib.sha256(self.der).digest())

    @property
    def jwks(self) -> dict[str, Any]:
        """The key with its certificate, as a client registers it."""
        jwk = public_jwk(SigningKey("tls", "ES256", self.key).verification())
        return {"keys": [{**jwk, "x5c": [base64.b64encode(self.der).decode()]}]}

    @property
    def private(self) -> bytes:
        """The key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def load_into(self, context: ssl.SSLContext, folder: Path) -> None:
        """Present it in handshakes of `context`."""
        file = folder / f"{unique()}.pem"
        file.write_bytes(self.private + self.pem)
        context.load_cert_chain(file)


def certificate(
    name: str,
    now: datetime.datetime,
    *,
    issuer: Certificate | None = None,
    authority: bool = False,
    names: tuple[x509.GeneralName, ...] = (),
    days: int = 30,
) -> Certificate:
    """A certificate of subject `CN=name,O=Acme`; of its own making without an `issuer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Certificate(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)
