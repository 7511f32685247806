"""The key encryption keys that the settings name, each where it lives, in front of it what keeps a service that is
away from holding up others."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.fetch import Fetcher
from airside.vault import Kek, Keks, LocalKek
from airside.vault.kms.address import AwsAddress, FileAddress, KekAddress, Pkcs11Address, TransitAddress
from airside.vault.kms.aws import AwsKms
from airside.vault.kms.guard import Guarded
from airside.vault.kms.pkcs11 import Pkcs11Token
from airside.vault.kms.remote import KeyService, RemoteKek
from airside.vault.kms.transit import TokenFile, Transit
from airside.vault.private_file import read_private_line
from airside.wiring.settings import Settings

CURRENT = "AIRSIDE_KEK"
OLD = "AIRSIDE_KEK_OLD"


@dataclass(frozen=True)
class OpenKeks:
    """The keys, and what has to be closed when nobody needs them any more."""

    keks: Keks
    fetchers: tuple[Fetcher, ...] = ()

    async def aclose(self) -> None:
        """Close what is open to key services."""
        for fetcher in self.fetchers:
            await fetcher.aclose()


def open_keks(settings: Settings, *, own: Path | None, clock: Clock, entropy: Entropy) -> OpenKeks:
    """The keys that `settings` name; where they name none, development's own at `own`, made where there is none. No
    service is asked yet.

    Raises:
        Misconfigured: a file that isn't there or is open to others, a development key in production, a library that
            isn't installed, or a key twice.
    """
    made = _Maker(settings, clock, entropy)
    if settings.kek is not None:
        current = made.kek(settings.kek, CURRENT)
    elif settings.kek_file is not None:
        current = made.kek(FileAddress(settings.kek_file), "AIRSIDE_KEK_FILE")
    elif own is not None:
        current = LocalKek.load_or_create(own, entropy=entropy)
    else:
        raise Misconfigured(CURRENT, "is missing: name a key encryption key")
    old = [made.kek(address, OLD) for address in settings.kek_old]
    return OpenKeks(Keks(current, old), tuple(made.fetchers))


class _Maker:
    def __init__(self, settings: Settings, clock: Clock, entropy: Entropy) -> None:
        self._production = settings.mode == "production"
        self._clock = clock
        self._entropy = entropy
        self.fetchers: list[Fetcher] = []

    def kek(self, address: KekAddress, setting: str) -> Kek:
        if isinstance(address, FileAddress):
            kek = LocalKek.load(address.path, entropy=self._entropy, setting=setting)
            if kek.development and self._production:
                raise Misconfigured(setting, "is a development key: make one with `airside keys create FILE`")
            return kek
        return Guarded(RemoteKek(self._service(address, setting)), clock=self._clock)

    def _service(self, address: AwsAddress | TransitAddress | Pkcs11Address, setting: str) -> KeyService:
        if isinstance(address, AwsAddress):
            return AwsKms(address.arn, endpoint=address.endpoint)
        if isinstance(address, TransitAddress):
            return self._transit(address, setting)
        return Pkcs11Token(
            address.module,
            token=address.token,
            label=address.label,
            pin_file=address.pin_file,
            entropy=self._entropy,
        )

    def _transit(self, address: TransitAddress, setting: str) -> Transit:
        credential = address.credential
        files = [credential.path] if isinstance(credential, TokenFile) else [credential.role_id, credential.secret_id]
        for file in files:
            read_private_line(file, setting)  # now, by name, rather than at the first question
        parts = urlsplit(address.origin)
        # The operator names this host: it may be in the neighbourhood, as key services are.
        place = f"{parts.netloc}" if parts.port else f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"
        try:
            fetcher = Fetcher(allow=frozenset({place}), trust=address.ca)
        except OSError:
            raise Misconfigured(setting, f"ca={address.ca} is no file of certificates") from None
        self.fetchers.append(fetcher)
        return Transit(
            address.origin,
            mount=address.mount,
            name=address.name,
            credential=credential,
            fetcher=fetcher,
            namespace=address.namespace,
            known_as=address.known_as,
        )
