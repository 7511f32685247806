"""`airside secret`: the secrets of a tenant's applications, managed as the local operator."""

import getpass
import sys

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.secret import Secret

MAX_BYTES = 64 * 1024


def put(slug: str, path: str, expected: int | None) -> None:
    """A new version, from the standard input or typed unseen."""

    async def main() -> None:
        value = _value()
        async with operating(slug) as (services, ctx):
            try:
                version = await services.secret_admin.put(ctx, path, value, expected=expected)
            except Conflict as refused:
                raise Conflict(
                    f"{path}: {refused.reason}: `airside secret versions {slug} {path}` shows them"
                ) from None
        out.print(f"{path} is version {version}")

    run(main())


def get(slug: str, path: str, version: int | None) -> None:
    """A value, to the standard output and nowhere else."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                found = await services.secret_admin.read(ctx, path, version=version)
            except NotFound:
                raise _absent(slug, path) from None
        # Only what has been recorded is shown.
        sys.stdout.write(found.value.reveal() + ("\n" if sys.stdout.isatty() else ""))
        sys.stdout.flush()

    run(main())


def list_all(slug: str, prefix: str) -> None:
    """Paths, without values."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.secret_admin.list(ctx, prefix)
        rows = [
            (
                each.path,
                str(each.version),
                "-" if each.rotate_days is None else f"every {each.rotate_days} days",
                f"{each.updated_at:%Y-%m-%d %H:%M}",
            )
            for each in found
        ]
        table(("path", "version", "rotation", "written"), rows)

    run(main())


def versions(slug: str, path: str) -> None:
    """Versions, youngest first, without values."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                _, found = await services.secret_admin.versions(ctx, path)
            except NotFound:
                raise _absent(slug, path) from None
        rows = [(str(each.version), each.state, f"{each.created_at:%Y-%m-%d %H:%M}") for each in found]
        table(("version", "state", "written"), rows)

    run(main())


def delete(slug: str, path: str, version: int | None, for_good: bool) -> None:
    """A version, until it is brought back, or for good."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            verb = services.secret_admin.destroy if for_good else services.secret_admin.delete
            try:
                number = version or (await services.secret_admin.versions(ctx, path))[0].version
                await verb(ctx, path, number)
            except NotFound:
                raise _absent(slug, path) from None
        out.print(f"version {number} of {path} is {'destroyed' if for_good else 'deleted'}")

    run(main())


def rotate(slug: str, path: str, every: int | None) -> None:
    """A random value, now and perhaps again."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                version = await services.secret_admin.rotate(ctx, path)
                if every is not None:
                    await services.secret_admin.schedule(ctx, path, every or None)
            except NotFound:
                raise _absent(slug, path) from None
        out.print(f"{path} is version {version}")

    run(main())


def _absent(slug: str, path: str) -> NotFound:
    return NotFound(f"{slug} has no such version of {path}: `airside secret versions {slug} {path}` shows them")


def _value() -> Secret[str]:
    if sys.stdin.isatty():
        return Secret(getpass.getpass("Secret (not shown): "))
    read = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        # One line's end is an echo's, not the secret's.
        text = read.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidInput("a secret is text in UTF-8: encode bytes, as base64 does") from None
    if not text or len(read) > MAX_BYTES:
        raise InvalidInput("a secret of 1 byte to 32 KiB is expected on the standard input")
    return Secret(text)
