"""A key in AWS KMS: `Encrypt` and `Decrypt` of one symmetric key, named by its ARN (extra `aws`).

The credentials are those that boto3 finds by itself: the role of the machine or the task, a profile, the environment.
The encryption context, which CloudTrail records, carries a hash of the associated data.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airside.core.errors import Misconfigured
from airside.vault.kms.remote import CALL_SECONDS, away
from airside.vault.kms.threads import Threads
from airside.vault.model import Unopenable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_kms.client import KMSClient

T = TypeVar("T")

SETTING: Final = "AIRSIDE_KEK"
THREADS: Final = 4
_CONTEXT: Final = "airside"
_DENIED: Final = "AccessDeniedException"
_NOT_OURS: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class AwsKms:
    """Implements `KeyService` on the key `arn`, in the region that the ARN names."""

    def __init__(self, arn: str, *, endpoint: str | None = None) -> None:
        """`endpoint` is another address than AWS's own: a VPC's, or a test's.

        Raises:
            Misconfigured: boto3 isn't installed.
        """
        self._arn = arn
        self._client = _client(arn.split(":")[3], endpoint)
        self._threads = Threads(THREADS, "aws-kms")

    @property
    def endpoint(self) -> str:
        """Where the key is asked for: AWS's own address in the ARN's region, unless another was named."""
        return self._client.meta.endpoint_url

    @property
    def key_id(self) -> str:
        """`aws:` and the ARN."""
        return f"aws:{self._arn}"

    async def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """As `KeyService.encrypt`."""
        return await self._ask(lambda: self._encrypt(plaintext, context))

    async def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """As `KeyService.decrypt`. The key is named, so that no other key of the account opens it."""
        return await self._ask(lambda: self._opened(ciphertext, context))

    async def _ask(self, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return await self._threads.run(call)
        except ClientError as error:
            code = _code(error)
            if code in _NOT_OURS:
                raise Unopenable from None
            raise away(code) from None
        except (BotoCoreError, TimeoutError, KeyError, ValueError) as error:
            # KeyError and ValueError: an answer that isn't one of KMS.
            raise away(type(error).__name__) from None

    def _encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        told = {_CONTEXT: context.hex()}
        return self._client.encrypt(KeyId=self._arn, Plaintext=plaintext, EncryptionContext=told)["CiphertextBlob"]

    def _decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        told = {_CONTEXT: context.hex()}
        answer = self._client.decrypt(KeyId=self._arn, CiphertextBlob=ciphertext, EncryptionContext=told)
        return answer["Plaintext"]

    def _opened(self, ciphertext: bytes, context: bytes) -> bytes:
        """Access is denied to whom the key is closed, and for a ciphertext that names another key: to tell the two
        apart, the key is asked for something that it opens if it is open."""
        from botocore.exceptions import ClientError

        try:
            return self._decrypt(ciphertext, context)
        except ClientError as error:
            if _code(error) != _DENIED:
                raise
        self._decrypt(self._encrypt(b"open?", context), context)
        raise Unopenable


def _code(error: "ClientError") -> str:
    return error.response.get("Error", {}).get("Code", "")


def _client(region: str, endpoint: str | None) -> "KMSClient":
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise Misconfigured(SETTING, "names AWS KMS, which isn't installed: pip install 'airside[aws]'") from None
    options: Any = {
        "connect_timeout": CALL_SECONDS,
        "read_timeout": CALL_SECONDS,
        # Whoever asks has little time: it is they who try again.
        "retries": {"total_max_attempts": 1},
        "proxies": {},
        # An address from the environment or from a profile could lead elsewhere, and without TLS.
        "ignore_configured_endpoint_urls": True,
    }
    library: Any = boto3  # its types know hundreds of services, of which two are installed
    client: KMSClient = library.Session().client(
        "kms", region_name=region, endpoint_url=endpoint, config=Config(**options)
    )
    return client
