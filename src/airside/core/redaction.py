"""What never reaches a log (N37): masked by the name it goes under, and by what it looks like.

`redact` has the shape of a structlog processor, without needing structlog. Put it last before the renderer,
after whatever turns an exception into text, for secrets ride in messages and in reprs too.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, cast

from airside.core.secret import Secret

MASK: Final = "***"
MAX_TEXT: Final = 16 * 1024  # characters of one value that a log line carries
MAX_DEPTH: Final = 8

_SPELLED: Final = (
    "password passwd passphrase secret token authorization cookie apikey privatekey credential assertion csrf "
    "verifier devicecode usercode authcode authorizationcode recoverycode samlresponse"
)
_PARTS: Final = tuple(_SPELLED.split())
_WORDS: Final = frozenset({"code", "otp", "totp", "pin", "pwd", "jwt", "dpop", "samlrequest", "relaystate"})
_HARMLESS: Final = frozenset({"tokentype", "tokenid", "tokenendpoint", "cookiename", "credentialid"})
_PASSED_ON: Final = frozenset({"exc_info", "stack_info"})  # flags and tracebacks for a renderer, not text yet

_NAMES: Final = (
    r"password|passwd|passphrase|[\w-]*secret|[\w-]*token|[\w-]*api[_-]?key|code|code[_-]verifier|otp|totp|pin|"
    r"client[_-]assertion|device[_-]code|user[_-]code|recovery[_-]code|samlresponse"
)
_LOOKS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\beyJ[\w-]{6,}(?:\.[\w-]*)*"  # JOSE, and sealed JSON in base64url
    r"|\bsk_(?:live|test)_\w{4,}"
    r"|\bart_[\w-]{8,}"
    r"|\$argon2\S+"
    r"|(?P<scheme>\b(?:bearer|basic|dpop)\s+)[\w.~+/=-]{4,}"
    r"|(?P<line>(?:authorization|cookie)['\"]?\s?[=:]\s?(?:b?['\"])?)[^\r\n'\"]+"
    r"|(?P<cookie>__host-[\w-]+=)[^;\s]+"
    r"|(?P<userinfo>://[^/\s:@]{0,256}:)[^/\s@]+(?=@)"
    rf"|(?P<named>(?<![\w-])(?:{_NAMES})(?:['\"]|%22)?\s?[=:]\s?(?:b(?=['\"]))?)(?:\"[^\"]*\"|'[^']*'|[^\s&;,)}}\]]+)",
    re.IGNORECASE | re.DOTALL,
)


PLAIN: Final = r"(?!art_|eyj)(?:[a-z]{3}_[0-9a-z]{26}|[a-z]{0,32}|[0-9a-f.:]{1,45})"
"""Our own ids (`core.ids`), single words and addresses: by far the most of what is looked at, and none of the looks
above fits one."""
is_plain: Final = re.compile(PLAIN).fullmatch


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with every secret masked; the event itself is changed."""
    for key in list(event):
        if key not in _PASSED_ON:
            event[key] = _value(key, event[key], 0)
    return event


def mask_text(text: str) -> str:
    """`text` with what looks like a secret masked, and cut at `MAX_TEXT` characters."""
    if is_plain(text):
        return text
    masked = _LOOKS.sub(_masked, text[:MAX_TEXT])
    return masked if len(text) <= MAX_TEXT else f"{masked}… cut"


def spelled(text: str) -> str:
    """`text` on one line: whatever doesn't print stands there as Python writes it."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def set_in(text: str) -> str:
    """A text of many lines, such as a trace, of which none looks like a line of the log."""
    return "\n".join(f"    {spelled(line)}" for line in text.splitlines())


def is_secret_name(name: str) -> bool:
    """Whether what goes under `name` is never shown, however the name is spelled: `client_secret`, `X-Api-Key`."""
    plain = name.lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain in _HARMLESS:
        return False
    return plain in _WORDS or any(part in plain for part in _PARTS)


def _value(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret) or is_secret_name(name):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return mask_text(value)
    if depth >= MAX_DEPTH:
        return MASK
    if isinstance(value, Mapping):
        table = cast("Mapping[Any, Any]", value)
        return {key: _value(str(key), item, depth + 1) for key, item in table.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return _items(list(cast("list[Any]", value)), depth)
    return mask_text(repr(value))


def _items(items: list[Any], depth: int) -> list[Any]:
    if len(items) == 2 and is_secret_name(str(items[0])):  # a header as a pair: the name tells what follows
        return [items[0], MASK]
    return [_value("", item, depth + 1) for item in items]


def _masked(match: re.Match[str]) -> str:
    kept = match["scheme"] or match["line"] or match["cookie"] or match["userinfo"] or match["named"] or ""
    return kept + MASK
