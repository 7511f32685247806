"""`airside policy`: a tenant's policy, read and changed as the local operator."""

import json
from pathlib import Path
from typing import Final

from airside.cli.manage import operating
from airside.cli.session import out, run
from airside.core import strict_json
from airside.core.errors import Conflict, InvalidInput
from airside.tenancy import parse_policy, render_policy

MAX_BYTES: Final = 64 * 1024


def show(slug: str) -> None:
    """What holds now."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            stored = await services.policy_admin.get(ctx)
        shown = {"version": stored.version, "policy": render_policy(stored.policy)}
        out.print(json.dumps(shown, indent=2, ensure_ascii=False))

    run(main())


def change(slug: str, file: Path) -> None:
    """What is to hold from now on."""

    async def main() -> None:
        with file.open("rb") as opened:
            said = strict_json.loads_object(opened.read(MAX_BYTES + 1), max_bytes=MAX_BYTES)
        version = said.get("version")
        if said.keys() != {"version", "policy"} or not isinstance(version, int) or isinstance(version, bool):
            raise InvalidInput(f'{file}: a "version" and a "policy" are expected: `airside policy show {slug}`')
        wanted = parse_policy(said["policy"])
        async with operating(slug) as (services, ctx):
            try:
                stored = await services.policy_admin.change(ctx, version, wanted)
            except Conflict:
                words = f"the policy of {slug} is not version {version} any more: `airside policy show {slug}`"
                raise Conflict(words) from None
        out.print(f"{slug}: policy version {stored.version}")

    run(main())
