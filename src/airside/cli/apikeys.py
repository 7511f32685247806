"""`airside apikeys`: keys of programs and the accounts that own them, said as the local operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from airside.apikeys import AccountState, KeyDraft, read_owner
from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import KEY, ROLE, SERVICE_ACCOUNT, parse_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key as it is asked for."""

    owner: str
    name: str
    scopes: Sequence[str]
    stores: Sequence[str] | None
    networks: Sequence[str] | None
    days: int
    per_minute: int | None
    publishable: bool
    test: bool

    def draft(self) -> KeyDraft:
        """Raises: InvalidInput."""
        return KeyDraft(
            name=self.name,
            owner=read_owner(self.owner),
            lifetime=timedelta(days=self.days),
            kind="publishable" if self.publishable else "secret",
            mode="test" if self.test else "live",
            scopes=frozenset(self.scopes),
            stores=None if self.stores is None else frozenset(self.stores),
            networks=None if self.networks is None else tuple(self.networks),
            per_minute=self.per_minute,
        )


def create(slug: str, wanted: Wanted) -> None:
    """A new key."""

    async def main() -> None:
        draft = wanted.draft()
        async with operating(slug) as (services, ctx):
            try:
                made, secret = await services.api_key_admin.create(ctx, draft)
            except NotFound:
                raise NotFound(f"{slug} has no user or service account {wanted.owner}") from None
        out.print(f"{made.word}  API key (shown once): {secret.reveal()}")

    run(main())


def list_all(slug: str) -> None:
    """Every key."""

    async def main() -> None:
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            after: UUID | None = None
            while found := await services.api_key_admin.list(ctx, after):
                after = found[-1].key_id
                for key in found:
                    used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
                    words = " ".join(sorted(key.scopes)) or key.kind
                    until = f"{key.expires_at:%Y-%m-%d}"
                    rows.append(
                        (key.word, key.lookup, key.state(ctx.now), until, used, key.owner.word, key.name, words)
                    )
        table(("id", "lookup", "state", "until", "last used", "owner", "name", "scopes"), rows)

    run(main())


def rotate(slug: str, word: str, hours: int) -> None:
    """Another key in its place."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            overlap = timedelta(hours=hours)
            made, secret = await services.api_key_admin.rotate(ctx, _id(KEY, word, slug), overlap=overlap)
        out.print(f"{made.word}  API key (shown once): {secret.reveal()}")
        out.print(f"{word} works for {hours} more hours at most")

    run(main())


def revoke(slug: str, word: str) -> None:
    """A key, taken back."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.api_key_admin.revoke(ctx, _id(KEY, word, slug), reason="operator")
            except NotFound:
                raise NotFound(f"{slug} has no API key {word}: `airside apikeys list {slug}` shows them") from None
        out.print(f"{word} is revoked")

    run(main())


def create_account(slug: str, name: str) -> None:
    """A new service account."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            account = await services.service_account_admin.create(ctx, name)
        out.print(f"{account.word}  {account.name}")

    run(main())


def list_accounts(slug: str) -> None:
    """Every service account and its roles."""

    async def main() -> None:
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            after: UUID | None = None
            while found := await services.service_account_admin.list(ctx, after):
                after = found[-1].account_id
                for each in found:
                    roles = await services.service_account_admin.roles_of(ctx, each.account_id)
                    rows.append((each.word, each.state, each.name, " ".join(role.name for role in roles)))
        table(("id", "state", "name", "roles"), rows)

    run(main())


def set_account_state(slug: str, word: str, state: AccountState) -> None:
    """Disable or enable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.service_account_admin.set_state(ctx, _id(SERVICE_ACCOUNT, word, slug), state)
        out.print(f"{word} is {state}")

    run(main())


def give(slug: str, word: str, role: str) -> None:
    """A role, given."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            account, given = _id(SERVICE_ACCOUNT, word, slug), _id(ROLE, role, slug)
            await services.service_account_admin.assign(ctx, account, given)
        out.print(f"{word} has {role}")

    run(main())


def take(slug: str, word: str, role: str) -> None:
    """A role, taken."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            account, taken = _id(SERVICE_ACCOUNT, word, slug), _id(ROLE, role, slug)
            await services.service_account_admin.unassign(ctx, account, taken)
        out.print(f"{word} has {role} no more")

    run(main())


def _id(prefix: str, word: str, slug: str) -> UUID:
    try:
        return parse_id(prefix, word)
    except InvalidInput:
        raise NotFound(f"{slug} has no {prefix}_… that is called {word}") from None
