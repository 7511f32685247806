"""Why this room says no. `code` is OpenFGA's word for it, so that one table can fold them."""

from collections.abc import Sequence
from typing import ClassVar

from airside.core.errors import Conflict, InvalidInput, NotFound, Refusal


class StoreNotFound(NotFound):
    """No such store in this tenant, or it has been deleted."""

    code: ClassVar[str] = "store_id_not_found"


class ModelNotFound(NotFound):
    """No such model in this store."""

    code: ClassVar[str] = "authorization_model_not_found"


class NoModelYet(NotFound):
    """The store has no model at all."""

    code: ClassVar[str] = "latest_authorization_model_not_found"


class InvalidModel(InvalidInput):
    """The model breaks a rule of the language; `reason` says which, where and what to do."""

    code: ClassVar[str] = "invalid_authorization_model"


class UnsupportedSchema(InvalidModel):
    """A schema version other than 1.1 and 1.2."""

    code: ClassVar[str] = "unsupported_schema_version"


class InvalidQuestion(InvalidInput):
    """A question or tuple that the model can't mean: unknown type or relation, malformed word."""

    code: ClassVar[str] = "validation_error"


class UnknownWord(InvalidQuestion):
    """A type or relation, well spelt, that the model doesn't have."""


class InvalidTuple(InvalidQuestion):
    """A tuple that the model doesn't allow."""

    code: ClassVar[str] = "invalid_tuple"


class InvalidTerms(InvalidTuple):
    """A tuple whose condition the model doesn't allow there, or whose terms can't be."""

    code: ClassVar[str] = "validation_error"


class InvalidContextualTuple(InvalidQuestion):
    """A contextual tuple that the model doesn't allow."""

    code: ClassVar[str] = "invalid_contextual_tuple"


class DuplicateInRequest(InvalidQuestion):
    """The same tuple twice in one request."""

    code: ClassVar[str] = "cannot_allow_duplicate_tuples_in_one_request"


class ExceededLimit(InvalidQuestion):
    """More of something in one request than a limit lets through."""

    code: ClassVar[str] = "exceeded_entity_limit"


class TooManyTuples(ExceededLimit):
    """More tuples in one request than the cap."""


class InvalidCursor(InvalidQuestion):
    """A continuation token that this store never gave for this query."""

    code: ClassVar[str] = "invalid_continuation_token"


class WriteConflict(Conflict):
    """Writing a tuple that exists, or deleting one that doesn't."""

    code: ClassVar[str] = "write_failed_due_to_invalid_input"


class TooComplex(Refusal):
    """The question needs more depth or breadth than one question may spend, and no answer was found within."""

    code: ClassVar[str] = "authorization_model_resolution_too_complex"


class ConditionFailed(InvalidQuestion):
    """A condition has no answer: an error, unless the question's answer doesn't need it."""


class MissingParameters(ConditionFailed):
    """Neither the tuple nor the question gives the values that a condition needs; `names` says which."""

    def __init__(self, condition: str, names: Sequence[str]) -> None:
        missing = ", ".join(names)
        super().__init__(
            f"failed to evaluate relationship condition: '{condition}' - context is missing parameters '[{missing}]'"
        )
        self.names = tuple(names)


class InvalidContext(ConditionFailed):
    """A context too large, or with a value that isn't of its parameter's type."""
