"""Strings that can be made by their rule alone: whoever holds a `Slug` needn't ask again whether it is one."""

import re
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

from pydantic_core import CoreSchema, core_schema

from airside.core.errors import InvalidInput
from airside.shield.redirects import MAX_TARGET, safe_local_path

MAX_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690)
_MAX_LOCAL: Final = 64
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"({_ATEXT}(?:\.{_ATEXT})*)@((?:{_LABEL}\.)+{_LABEL})")
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Word(str):
    """A string under a rule. Subclasses say `most` (characters) and `judged`, and need nothing else: the type itself is
    what pydantic models name, and with `msgspec_hook` msgspec's."""

    __slots__ = ()
    most: ClassVar[int] = 0

    def __new__(cls, text: str) -> Self:
        """Raises `InvalidInput` where the rule says no; never with the text in it."""
        if len(text) > cls.most:
            raise InvalidInput(f"{cls.__name__} over its cap", max_length=cls.most)
        return super().__new__(cls, cls.judged(text))

    @classmethod
    def judged(cls, text: str) -> str:
        """`text` as it is kept.

        Raises:
            InvalidInput: it isn't one.
        """
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls.taken,
            core_schema.str_schema(max_length=cls.most, strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def taken(cls, text: str) -> Self:
        """As the constructor, in the words of validators.

        Raises:
            ValueError: where that raises `InvalidInput`.
        """
        try:
            return cls(text)
        except InvalidInput as refused:
            raise ValueError(refused.reason) from None


class Slug(Word):
    """Small letters, digits and single dashes between them: what may stand in an address without encoding."""

    most = 63

    @classmethod
    def judged(cls, text: str) -> str:
        if _SLUG.fullmatch(text) is None:
            raise InvalidInput("not a slug")
        return text


class Email(Word):
    """One ASCII mailbox (RFC 5321 §4.1.2, dot-string only), its domain in small letters; no name, quotes or comments,
    so nothing of it can end a header."""

    most = MAX_EMAIL

    @classmethod
    def judged(cls, text: str) -> str:
        match = _EMAIL.fullmatch(text)
        if match is None or len(match[1]) > _MAX_LOCAL:
            raise InvalidInput("not an e-mail address")
        return f"{match[1]}@{match[2].lower()}"


class LocalPath(Word):
    """Where a page may send its own visitor on (`shield.redirects`)."""

    most = MAX_TARGET

    @classmethod
    def judged(cls, text: str) -> str:
        return safe_local_path(text)


class HttpsUrl(Word):
    """An https address of a named host, without user information, which browsers and libraries read alike.

    For links, and for what is handed to `fetch`, which alone can tell where the name leads when it is asked.
    """

    most = 2048

    @classmethod
    def judged(cls, text: str) -> str:
        try:
            parsed = urlsplit(text)
            port = parsed.port
        except ValueError:
            raise InvalidInput("not an address") from None
        lawful = text.isascii() and text.isprintable() and not set(text) & set('\\ <>"{}|^`')
        if not lawful or not text.startswith("https://") or "@" in parsed.netloc or port == 0:
            raise InvalidInput("not an https address")
        if _HOST.fullmatch(parsed.hostname or "") is None:
            raise InvalidInput("an address without a named host")
        return text
