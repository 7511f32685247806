"""Where the settings' texts come from, before they are read: the environment, files, the key encryption key, and, in
development, `.env`.

| given as | means |
|---|---|
| `AIRSIDE_X=text` | the text |
| `AIRSIDE_X_FILE=/run/secrets/x` | what the file holds, which is open to nobody but its owner |
| `AIRSIDE_X=kms:…` | what `airside keys seal-setting AIRSIDE_X` sealed; the key encryption key opens it at the start |
| `.env` | lines `AIRSIDE_X=text` in the working folder: development only; the environment comes before it |

Nothing is read twice, and nothing stands in two places: that is refused, by name.
"""

import asyncio
import base64
import binascii
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Misconfigured, Unavailable
from airside.vault import Aead, Unopenable
from airside.vault.envelope import encode
from airside.vault.private_file import read_private
from airside.wiring.keks import OpenKeks, open_keks
from airside.wiring.settings import APPLICATIONS, PREFIX, SETTINGS, TESTING, Refused, Settings

T = TypeVar("T")

DOTENV: Final = Path(".env")
SEALED: Final = "kms:"
_FILE: Final = "_FILE"
_KEYS: Final = ("KEK", "KEK_OLD", "KEK_FILE", "MODE", "DATA")
"""What has to be known before anything can be opened, and so can't be sealed itself."""
_CONTEXT: Final = b"airside/setting"
_NAMES: Final = frozenset(PREFIX + field.name.upper() for field in fields(Settings))


def gather(environ: Mapping[str, str], *, development: bool, dotenv: Path = DOTENV) -> dict[str, str]:
    """The environment in which every setting stands in plain, for `settings.load` alone.

    Raises:
        Refused: a file that isn't there or is open to others, a setting that is given twice, or one that doesn't open.
        Unavailable: the key encryption key can't be reached, and a setting is sealed.
    """
    found = dict(environ)
    problems: list[Misconfigured] = []
    if development:
        _add_dotenv(found, dotenv, problems)
    for variable in sorted(found):
        setting = variable.removesuffix(_FILE)
        if variable in _NAMES | TESTING | APPLICATIONS or setting == variable or setting not in _NAMES:
            continue
        if setting in found:
            problems.append(Misconfigured(variable, f"and {setting} are both there: keep one"))
            continue
        try:
            found[setting] = _text(Path(found.pop(variable)), variable)
        except Misconfigured as problem:
            problems.append(problem)
    if problems:
        raise Refused(problems)
    sealed = sorted(name for name, text in found.items() if name in _NAMES and text.startswith(SEALED))
    if sealed:
        found |= _wait_for(_opened(found, sealed, development=development))
    return found


async def seal(kek: Aead, setting: str, text: str) -> str:
    """What stands for `text` in the environment, for this setting only.

    Raises:
        Misconfigured: no setting of this version, or one that has to be known before anything can be opened.
        Unavailable: the key can't be reached.
    """
    if setting not in _NAMES or setting.removeprefix(PREFIX) in _KEYS:
        raise Misconfigured(setting, "is no setting that can be sealed")
    return SEALED + base64.urlsafe_b64encode(await kek.seal(text.encode(), _place(setting))).decode().rstrip("=")


async def _opened(found: Mapping[str, str], sealed: list[str], *, development: bool) -> dict[str, str]:
    opened: dict[str, str] = {}
    problems: list[Misconfigured] = []
    keks = keks_of(found, development=development)
    try:
        for name in sealed:
            try:
                opened[name] = await _open(keks.keks, name, found[name])
            except Unavailable as away:
                raise Unavailable(f"{away.part}, which opens {name},") from None
            except (Unopenable, binascii.Error, UnicodeDecodeError):
                words = "doesn't open: it was sealed for another setting or by another key, or it was changed"
                problems.append(Misconfigured(name, words))
    finally:
        await keks.aclose()
    if problems:
        raise Refused(problems)
    return opened


def keks_of(found: Mapping[str, str], *, development: bool) -> OpenKeks:
    """The keys, by the settings that name them alone: the others can't be read yet.

    Raises:
        Misconfigured: as `open_keks`; or an address that is none.
    """
    values: dict[str, Any] = {"mode": "development" if development else "production"}
    for name in _KEYS:
        try:
            if PREFIX + name in found:
                values[name.lower()] = SETTINGS[name.lower()].parse(found[PREFIX + name])
        except ValueError as error:
            raise Misconfigured(PREFIX + name, str(error)) from None
    settings = Settings(**values)
    own = settings.data / "kek" if development else None
    return open_keks(settings, own=own, clock=SystemClock(), entropy=SystemEntropy())


async def _open(kek: Aead, setting: str, text: str) -> str:
    body = text.removeprefix(SEALED)
    if setting.removeprefix(PREFIX) in _KEYS or not body.isascii():
        raise Unopenable
    sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    return (await kek.open(sealed, _place(setting))).decode()


def _place(setting: str) -> bytes:
    return encode(_CONTEXT, setting.encode())


def _text(path: Path, variable: str) -> str:
    try:
        return read_private(path, variable).decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Misconfigured(variable, "the file holds no text") from None


def _add_dotenv(found: dict[str, str], path: Path, problems: list[Misconfigured]) -> None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return  # none, or somebody else's
    ours = dict(_pair(line) for line in lines if line.strip().removeprefix("export ").startswith(PREFIX))
    ours = {name: text for name, text in ours.items() if name not in TESTING | APPLICATIONS}
    if not ours:
        return
    try:
        read_private(path, str(path))
    except Misconfigured as problem:
        problems.append(problem)
    if PREFIX + "MODE" in ours:
        problems.append(Misconfigured(str(path), "doesn't say AIRSIDE_MODE: it is read in development only"))
    for name, text in ours.items():
        # The environment comes first, in whichever way it says the same setting.
        if name.removesuffix(_FILE) not in found and name.removesuffix(_FILE) + _FILE not in found:
            found[name] = text


def _pair(line: str) -> tuple[str, str]:
    name, _, text = line.strip().removeprefix("export ").partition("=")
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return name.strip(), text


def _wait_for(main: Coroutine[Any, Any, T]) -> T:
    """What `main` returns or raises, whether or not a loop runs here: this is the start, and nobody waits yet."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(main))
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
