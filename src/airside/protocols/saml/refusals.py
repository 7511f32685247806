"""Why a SAML message is refused: precise for the log, one outward word for strangers."""

from enum import StrEnum

from airside.core.errors import InvalidInput, Unauthenticated


class Reason(StrEnum):
    """What was wrong with a message."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    MARKUP = "markup"
    SHAPE = "shape"
    ASSERTIONS = "number_of_assertions"
    IDS = "ids"
    SIGNATURE_PLACE = "signature_place"
    SIGNATURE_SHAPE = "signature_shape"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    UNSIGNED = "unsigned"
    ENCRYPTION = "encryption"
    STATUS = "status"
    ISSUER = "issuer"
    DESTINATION = "destination"
    AUDIENCE = "audience"
    RECIPIENT = "recipient"
    IN_RESPONSE_TO = "in_response_to"
    UNSOLICITED = "unsolicited"
    CONFIRMATION = "confirmation"
    CONDITIONS = "conditions"
    EXPIRED = "expired"
    NOT_YET = "not_yet_valid"
    SUBJECT = "subject"
    ATTRIBUTES = "attributes"
    AUTHENTICATION = "authentication_statement"


class SamlRefused(Unauthenticated):
    """A message that proves nothing. `why` is the reason; data may name the element or the peer's status."""

    def __init__(self, why: Reason, **data: str | int | float | bool | None) -> None:
        super().__init__(why.value, **data)
        self.why = why


class CertificateRefused(InvalidInput):
    """A certificate that can't be pinned: not one, or its key is of another kind or too weak."""

    code = "invalid_certificate"


class MetadataRefused(InvalidInput):
    """A document that describes no identity provider we could speak to."""

    code = "invalid_metadata"
