"""Where a key encryption key is, in one word. Pure: nothing is looked at.

```
file:/etc/airside/kek
aws:arn:aws:kms:eu-central-1:111122223333:key/1234abcd-…   ?endpoint=https://…
transit:https://bao.example.com:8200/transit/airside       ?token_file=…  or  ?role_id_file=…&secret_id_file=…
                                                           &ca=…&namespace=…&auth=…&id=…
pkcs11:token=airside;object=kek                            ?module-path=…&pin-source=file:…      (RFC 7512)
```

No word holds a secret: what opens the service stands in a file of its own.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from airside.vault.kms.transit import AppRole, TokenFile

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]{1,32}):[0-9]{12}:key/[A-Za-z0-9-]{1,64}")
_TRANSIT_OPTIONS: Final = frozenset(
    {"token_file", "role_id_file", "secret_id_file", "ca", "namespace", "auth", "id"},
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")


@dataclass(frozen=True, slots=True)
class FileAddress:
    """A file that `airside keys create` made."""

    path: Path
    plain = False


@dataclass(frozen=True, slots=True)
class AwsAddress:
    """A symmetric key of AWS KMS. Named by its own ARN: an alias may lead elsewhere tomorrow."""

    arn: str
    endpoint: str | None = None

    @property
    def plain(self) -> bool:
        """Whether the way there is without TLS: to this machine only, and in development only."""
        return self.endpoint is not None and self.endpoint.startswith("http:")


@dataclass(frozen=True, slots=True)
class TransitAddress:
    """A key of the transit engine of OpenBao or Vault."""

    origin: str
    mount: str
    name: str
    credential: TokenFile | AppRole
    ca: Path | None = None
    namespace: str = ""
    known_as: str = ""

    @property
    def plain(self) -> bool:
        """Whether the way there is without TLS: to this machine only, and in development only."""
        return self.origin.startswith("http:")


@dataclass(frozen=True, slots=True)
class Pkcs11Address:
    """An AES key in a token."""

    module: Path
    token: str
    label: str
    pin_file: Path
    plain = False


KekAddress: TypeAlias = FileAddress | AwsAddress | TransitAddress | Pkcs11Address


def read_keks(words: str) -> tuple[KekAddress, ...]:
    """The addresses that `words` says, separated by commas. Raises: ValueError: as `read_kek`."""
    return tuple(read_kek(word.strip()) for word in words.split(","))


def read_kek(word: str) -> KekAddress:
    """The address that `word` says.

    Raises:
        ValueError: it says none, or one that isn't safe; with a remedy.
    """
    kind, colon, rest = word.partition(":")
    reader = {"file": _file, "aws": _aws, "transit": _transit, "pkcs11": _pkcs11}.get(kind)
    if reader is None or not colon:
        raise ValueError("begins with file:, aws:, transit: or pkcs11:")
    if not word.isascii() or not word.isprintable() or " " in word:
        raise ValueError("has characters that no address has")
    return reader(rest)


def _file(rest: str) -> FileAddress:
    return FileAddress(_path(rest, "file:"))


def _aws(rest: str) -> AwsAddress:
    arn, _, query = rest.partition("?")
    found = _ARN.fullmatch(arn)
    if found is None:
        raise ValueError("names a key by its ARN: aws:arn:aws:kms:REGION:ACCOUNT:key/ID (an alias may be turned)")
    options = read_options(query, {"region", "endpoint"})
    if options.get("region", found[1]) != found[1]:
        raise ValueError("names a region that isn't the one of its ARN")
    endpoint = options.get("endpoint")
    return AwsAddress(arn, None if endpoint is None else read_origin(endpoint))


def _transit(rest: str) -> TransitAddress:
    address, _, query = rest.partition("?")
    parts = urlsplit(address)
    mount, _, name = parts.path.strip("/").rpartition("/")
    if not mount or not all(_NAME.fullmatch(each) for each in (*mount.split("/"), name)):
        raise ValueError("names engine and key: transit:https://HOST/transit/KEY")
    options = read_options(query, _TRANSIT_OPTIONS)
    return TransitAddress(
        origin=read_origin(f"{parts.scheme}://{parts.netloc}"),
        mount=mount,
        name=name,
        credential=_credential(options),
        ca=_path(options["ca"], "ca=") if "ca" in options else None,
        namespace=options.get("namespace", ""),
        known_as=options.get("id", ""),
    )


def _credential(options: dict[str, str]) -> TokenFile | AppRole:
    match "token_file" in options, "role_id_file" in options, "secret_id_file" in options:
        case True, False, False:
            return TokenFile(_path(options["token_file"], "token_file="))
        case False, True, True:
            mount = options.get("auth", "approle")
            if not _NAME.fullmatch(mount):
                raise ValueError("auth= names the mount of the role's login, such as approle")
            role_id = _path(options["role_id_file"], "role_id_file=")
            return AppRole(role_id, _path(options["secret_id_file"], "secret_id_file="), mount)
        case _:
            raise ValueError("needs token_file=FILE, or role_id_file=FILE and secret_id_file=FILE")


def _pkcs11(rest: str) -> Pkcs11Address:
    path, _, query = rest.partition("?")
    said = _pairs(path.split(";"))
    asked = _pairs(query.split("&") if query else [])
    if "pin-value" in said | asked:
        raise ValueError("holds a PIN: put it into a file of its own, pin-source=file:FILE")
    if said.keys() - {"token", "object", "type"} or said.get("type", "secret-key") != "secret-key":
        raise ValueError("names token= and object=, and nothing else")
    if asked.keys() != {"module-path", "pin-source"}:
        raise ValueError("needs ?module-path=FILE&pin-source=file:FILE, and nothing else")
    if not said.get("token") or not said.get("object"):
        raise ValueError("names token= and object=, and nothing else")
    source = asked["pin-source"].removeprefix("file:")
    return Pkcs11Address(
        _path(asked["module-path"], "module-path="), said["token"], said["object"], _path(source, "pin-source=file:")
    )


def _pairs(items: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or name in pairs:
            raise ValueError("has an attribute twice, or one without a value")
        pairs[name] = unquote(value)
    return pairs


def read_options(query: str, known: set[str] | frozenset[str]) -> dict[str, str]:
    """The options that an address ends with. Raises: ValueError: one that isn't known, twice, or without a value."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ValueError("has options that aren't name=value") from None
    options = dict(pairs)
    if len(options) != len(pairs) or options.keys() - known or not all(options.values()):
        raise ValueError(f"takes the options {', '.join(sorted(known))}, each once")
    return options


def read_origin(text: str) -> str:
    """`https://host[:port]`, or `http:` to this machine. Raises: ValueError: anything else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("has no such port") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or a password: put the token into a file of its own")
    if not parts.hostname or parts.path not in ("", "/") or parts.query or port == 0:
        raise ValueError("names https://HOST or https://HOST:PORT")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("crosses a network without TLS: use https")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _path(text: str, name: str) -> Path:
    if not text.startswith("/"):
        raise ValueError(f"{name} names a file by its whole path, beginning with /")
    return Path(text)
