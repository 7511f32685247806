"""A password that somebody chooses: long enough, and a secret from the moment it is read."""

from typing import Any, Final

from pydantic_core import CoreSchema, core_schema

from airside.core.errors import InvalidInput
from airside.core.secret import Secret

MIN_PASSWORD: Final = 15  # NIST SP 800-63B-4 §3.1.1.2, where nothing stands beside it
MAX_PASSWORD: Final = 128
MIN_DIFFERENT: Final = 6


class Password(Secret[str]):
    """At least `MIN_PASSWORD` characters, `MIN_DIFFERENT` of them different. No rules of composition. Whether it is a
    common or a leaked one is asked where passwords are kept."""

    def __init__(self, value: str) -> None:
        """Raises `InvalidInput` for one that is too weak or over `MAX_PASSWORD`."""
        if not MIN_PASSWORD <= len(value) <= MAX_PASSWORD or len(set(value)) < MIN_DIFFERENT:
            raise InvalidInput("password too weak or too long", min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)
        super().__init__(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls.taken,
            core_schema.str_schema(max_length=MAX_PASSWORD, strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(repr),
        )

    @classmethod
    def taken(cls, text: str) -> "Password":
        """As the constructor, in the words of validators.

        Raises:
            ValueError: where that raises `InvalidInput`.
        """
        try:
            return cls(text)
        except InvalidInput as refused:
            raise ValueError(refused.reason) from None
