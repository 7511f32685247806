"""A bucket of an S3-compatible store: one request each, and what it answers (extra `aws`).

The credentials are those that boto3 finds by itself: the role of the machine or the task, a profile, the environment.
Every body that is sent is signed with its digest, so that the store refuses one that changed on its way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from airside.core.errors import Conflict, Misconfigured, NotFound, Refusal, Unavailable
from airside.custody.backup_store import PART, SETTING, UNKNOWN, Overtaken
from airside.vault.kms.threads import Threads

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

T = TypeVar("T")

THREADS: Final = 4
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
TRIES: Final = 4
RETRY_SECONDS: Final = 5.0
"""When those who were refused may come again."""
GONE: Final = "it was replaced or taken away by another process meanwhile"
_OVERTAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_DENIED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of an object, the whole object's size and the tag of its content."""

    content: bytes
    size: int
    tag: str


class Bucket:
    """What lies in one bucket below one prefix. Every verb refuses with:

    Raises:
        Misconfigured: no such bucket, no credentials, or not open to them.
        Unavailable: it can't be reached, or answers what can't be.
    """

    def __init__(self, name: str, prefix: str, *, endpoint: str | None, region: str | None) -> None:
        """`endpoint` is another address than AWS's own.

        Raises:
            Misconfigured: boto3 isn't installed.
        """
        self._name = name
        self._prefix = prefix
        self._client = _client(endpoint, region)
        self._threads = Threads(THREADS, "backup-s3")

    @property
    def endpoint(self) -> str:
        """Where the store is."""
        return self._client.meta.endpoint_url

    async def keeps_versions(self) -> bool:
        """Whether what is replaced or deleted there stays, or may have stayed."""
        try:
            answer = await self._ask(lambda: self._client.get_bucket_versioning(Bucket=self._name))
        except _NotImplementedThere:
            return False
        return "Status" in answer

    async def put(self, file: str, body: bytes | IO[bytes], *, over: str | None) -> str:
        """Put a whole object over the one with the tag `over`, or where there is none; its own tag.

        Raises:
            Overtaken: another is there.
        """
        client, name, key = self._client, self._name, self._prefix + file
        if over is None:
            answer = await self._ask(lambda: client.put_object(Bucket=name, Key=key, Body=body, IfNoneMatch="*"))
            return answer["ETag"]
        try:
            answer = await self._ask(lambda: client.put_object(Bucket=name, Key=key, Body=body, IfMatch=over))
        except NotFound:
            raise Overtaken(GONE) from None
        return answer["ETag"]

    async def tag(self, file: str) -> str | None:
        """The tag of an object's content; None where there is no such object."""
        try:
            answer = await self._ask(lambda: self._client.head_object(Bucket=self._name, Key=self._prefix + file))
        except NotFound:
            return None
        return answer["ETag"]

    async def read(self, file: str, at: int, length: int, tag: str | None) -> Range:
        """At most `length` bytes from `at` on; of the content with that tag, if one is named.

        Raises:
            NotFound: no such object.
            Overtaken: it has other content.
        """
        return await self._ask(lambda: self._read(file, at, length, tag))

    async def listed(self) -> list[str]:
        """The objects directly below the prefix."""
        return await self._ask(self._listed)

    async def uploads(self) -> list[tuple[str, str]]:
        """Uploads that weren't ended: of which object, and their ids."""
        return await self._ask(self._uploads)

    async def delete(self, file: str) -> None:
        """Take an object away; it needn't be there."""
        await self._ask(lambda: self._client.delete_object(Bucket=self._name, Key=self._prefix + file))

    async def begin(self, file: str) -> str:
        """Begin an upload in parts; its id."""
        name, key = self._name, self._prefix + file
        return (await self._ask(lambda: self._client.create_multipart_upload(Bucket=name, Key=key)))["UploadId"]

    async def part(self, file: str, upload: str, number: int, content: bytes) -> str:
        """Upload a part, counted from 1; its tag."""
        answer = await self._ask(
            lambda: self._client.upload_part(
                Bucket=self._name, Key=self._prefix + file, UploadId=upload, PartNumber=number, Body=content
            )
        )
        return answer["ETag"]

    async def complete(self, file: str, upload: str, tags: list[str]) -> None:
        """The parts become the object."""
        parts: list[CompletedPartTypeDef] = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        await self._ask(
            lambda: self._client.complete_multipart_upload(
                Bucket=self._name, Key=self._prefix + file, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        )

    async def abort(self, file: str, upload: str) -> None:
        """The upload was never begun."""
        name, key = self._name, self._prefix + file
        await self._ask(lambda: self._client.abort_multipart_upload(Bucket=name, Key=key, UploadId=upload))

    async def _ask(self, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        try:
            return await self._threads.run(call)
        except ClientError as error:
            raise self._refusal(error) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise Misconfigured(SETTING, f"no credentials are found for bucket {self._name}") from None
        except (BotoCoreError, TimeoutError, KeyError, ValueError) as error:
            # KeyError and ValueError: an answer that isn't one of such a store.
            raise _away(type(error).__name__) from None

    def _refusal(self, error: "ClientError") -> Refusal:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == 412 or code in _OVERTAKEN:
            return Overtaken(GONE)
        if code == "NoSuchBucket":
            return Misconfigured(SETTING, f"there is no bucket {self._name}: make it, or name another")
        if code == "NoSuchUpload":
            return Conflict("the upload was ended elsewhere: back up again")
        if status == 404:
            return NotFound(UNKNOWN)
        if status in _DENIED:
            return Misconfigured(SETTING, f"bucket {self._name} isn't open to these credentials ({code})")
        if status == 301 or code == "AuthorizationHeaderMalformed":
            return Misconfigured(SETTING, f"bucket {self._name} is in another region: add ?region=…")
        if code == "NotImplemented":
            return _NotImplementedThere(PART)
        return _away(code or str(status))

    def _read(self, file: str, at: int, length: int, tag: str | None) -> Range:
        from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

        wanted: Any = {"Bucket": self._name, "Key": self._prefix + file, "Range": f"bytes={at}-{at + length - 1}"}
        if tag is not None:
            wanted["IfMatch"] = tag
        for left in reversed(range(TRIES)):
            try:
                answer = self._client.get_object(**wanted)
                with answer["Body"] as body:
                    size = int(answer["ContentRange"].rpartition("/")[2])
                    content = body.read(length)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "InvalidRange":  # an empty object
                    return Range(b"", 0, "")
                raise
            except (HTTPClientError, IncompleteReadError):
                if not left:
                    raise
                continue
            if len(content) == min(length, size - at):
                return Range(content, size, answer["ETag"])
        raise ValueError("another range than was asked for")

    def _listed(self) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=self._prefix, Delimiter="/"
        )
        items = [item for page in pages for item in page.get("Contents", [])]
        return [item.get("Key", "").removeprefix(self._prefix) for item in items]

    def _uploads(self) -> list[tuple[str, str]]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=self._prefix)
        items = [item for page in pages for item in page.get("Uploads", [])]
        return [(item.get("Key", "").removeprefix(self._prefix), item.get("UploadId", "")) for item in items]


class _NotImplementedThere(Unavailable):
    """The store doesn't have that verb."""


def _away(cause: str) -> Unavailable:
    refusal = Unavailable(PART, RETRY_SECONDS)
    refusal.data["cause"] = cause
    return refusal


def _client(endpoint: str | None, region: str | None) -> "S3Client":
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise Misconfigured(SETTING, "names a bucket, and boto3 isn't installed: pip install 'airside[aws]'") from None
    options: Any = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": TRIES},
        "proxies": {},
        # An address from the environment could lead elsewhere, and without TLS.
        "ignore_configured_endpoint_urls": True,
        # What only AWS itself understands isn't sent; the signed digest of a body is understood by all.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "s3": {"payload_signing_enabled": True, "addressing_style": "path" if endpoint else "auto"},
    }
    library: Any = boto3  # its types know hundreds of services, of which two are installed
    client: S3Client = library.Session().client(
        "s3", region_name=region, endpoint_url=endpoint, config=Config(**options)
    )
    return client
