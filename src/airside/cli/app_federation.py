"""The verbs of `airside connections` and `airside domains`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import WHO, Person, Slug

connections = typer.Typer(
    help="Connections to foreign identity providers: make, list, show, disable, delete, map; who people are by them.",
    no_args_is_help=True,
)
domains = typer.Typer(
    help="Domains of a tenant's own: add, verify, bind, enforce, delete; break-glass administrators.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="What people call the provider.")]
ConnectionId = Annotated[str, typer.Argument(help="The connection's id, con_….")]
DomainName = Annotated[str, typer.Argument(help="The domain, as in example.com.")]
CreatesUsers = Annotated[bool, typer.Option("--creates-users", help="Who isn't here yet gets an account.")]
SecretFile = Annotated[Path | None, typer.Option("--secret", help="A file with the client secret.")]
KeysFile = Annotated[Path | None, typer.Option("--keys", help="A file with private keys as PEM, the newest first.")]
Off = Annotated[bool, typer.Option("--off", help="Not any more.")]


@connections.command("create-saml")
def create_saml(
    slug: Slug,
    name: Name,
    metadata: Annotated[str, typer.Argument(help="The provider's metadata: a file, or its https address.")],
    creates_users: CreatesUsers = False,
) -> None:
    """Connect a SAML identity provider."""
    from airside.cli.connections import create_saml as run

    run(slug, name, metadata, creates_users=creates_users)


@connections.command("create-oidc")
def create_oidc(
    slug: Slug,
    name: Name,
    settings: Annotated[Path, typer.Argument(help="A JSON file of settings: issuer and client_id at least.")],
    secret: SecretFile = None,
    keys: KeysFile = None,
    creates_users: CreatesUsers = False,
) -> None:
    """Connect an OpenID Connect issuer."""
    from airside.cli.connections import Keeps
    from airside.cli.connections import create_oidc as run

    run(slug, name, settings, keeps=Keeps(secret, keys, creates_users))


@connections.command("create-preset")
def create_preset(
    slug: Slug,
    name: Name,
    preset: Annotated[str, typer.Argument(help="google, entra, okta, apple or github.")],
    client_id: Annotated[str, typer.Argument(help="What the provider calls us.")],
    given: Annotated[
        list[str] | None, typer.Option("--input", help="What it has to be told, as in tenant=…; several times.")
    ] = None,
    secret: SecretFile = None,
    keys: KeysFile = None,
    creates_users: CreatesUsers = False,
) -> None:
    """Connect a well-known provider."""
    from airside.cli.connections import Keeps
    from airside.cli.connections import create_preset as run

    run(slug, name, preset, client_id, given or [], keeps=Keeps(secret, keys, creates_users))


@connections.command("list")
def list_connections(slug: Slug) -> None:
    """List a tenant's connections."""
    from airside.cli.connections import list_all as run

    run(slug)


@connections.command("show")
def show_connection(slug: Slug, connection: ConnectionId) -> None:
    """Show a connection's settings, and when its certificates end."""
    from airside.cli.connections import show as run

    run(slug, connection)


@connections.command("disable")
def disable_connection(slug: Slug, connection: ConnectionId) -> None:
    """Disable a connection: it opens nothing, and sessions that began through it end."""
    from airside.cli.connections import set_state as run

    run(slug, connection, active=False)


@connections.command("enable")
def enable_connection(slug: Slug, connection: ConnectionId) -> None:
    """Let a disabled connection open again."""
    from airside.cli.connections import set_state as run

    run(slug, connection, active=True)


@connections.command("delete")
def delete_connection(slug: Slug, connection: ConnectionId) -> None:
    """Delete a connection, with whom it named here and the roles it gave. Users stay."""
    from airside.cli.connections import delete as run

    run(slug, connection)


@connections.command("mapping")
def map_connection(
    slug: Slug,
    connection: ConnectionId,
    rules: Annotated[
        Path | None, typer.Argument(help="A JSON file of rules to save. Without one: print those saved.")
    ] = None,
) -> None:
    """Save or print what is made of a provider's words."""
    from airside.cli.connections import mapping as run

    run(slug, connection, rules)


@connections.command("refresh")
def refresh_connection(slug: Slug, connection: ConnectionId) -> None:
    """Follow the address of a SAML provider's metadata now."""
    from airside.cli.connections import refresh as run

    run(slug, connection)


@connections.command("renew-keys")
def renew_keys(slug: Slug, connection: ConnectionId) -> None:
    """Sign with a new key from now on; those before it stay published."""
    from airside.cli.connections import renew_keys as run

    run(slug, connection)


@connections.command("secret")
def set_secret(
    slug: Slug, connection: ConnectionId, file: Annotated[Path, typer.Argument(help="A file with the client secret.")]
) -> None:
    """Give a connection another client secret."""
    from airside.cli.connections import set_secret as run

    run(slug, connection, file)


@connections.command("identities")
def list_identities(slug: Slug, person: Person) -> None:
    """List who a user is elsewhere."""
    from airside.cli.connections import identities as run

    run(slug, person)


@connections.command("unlink")
def unlink_identity(
    slug: Slug, person: Person, identity: Annotated[str, typer.Argument(help="The identity's id, ext_….")]
) -> None:
    """Take who a user is elsewhere from them; sessions that it proved end."""
    from airside.cli.connections import unlink as run

    run(slug, person, identity)


@domains.command("add")
def add_domain(slug: Slug, domain: DomainName) -> None:
    """Add a domain, and print the DNS record that proves it."""
    from airside.cli.domains import add as run

    run(slug, domain)


@domains.command("list")
def list_domains(slug: Slug) -> None:
    """List a tenant's domains."""
    from airside.cli.domains import list_all as run

    run(slug)


@domains.command("verify")
def verify_domain(slug: Slug, domain: DomainName) -> None:
    """Look for a domain's record now. Exit 1 if it isn't there."""
    from airside.cli.domains import verify as run

    run(slug, domain)


@domains.command("bind")
def bind_domain(slug: Slug, domain: DomainName, connection: ConnectionId) -> None:
    """Lead people of a proven domain to a connection, which may then speak for their addresses."""
    from airside.cli.domains import bind as run

    run(slug, domain, connection)


@domains.command("enforce")
def enforce_domain(slug: Slug, domain: DomainName, off: Off = False) -> None:
    """Let people of a domain sign in only through its connection."""
    from airside.cli.domains import enforce as run

    run(slug, domain, off=off)


@domains.command("delete")
def delete_domain(slug: Slug, domain: DomainName) -> None:
    """Delete a domain: what it led to and enforced ends."""
    from airside.cli.domains import delete as run

    run(slug, domain)


@domains.command("break-glass")
def break_glass(
    slug: Slug,
    person: Annotated[str, typer.Argument(help=f"{WHO} Without one: who is named.")] = "",
    off: Off = False,
) -> None:
    """Name who may sign in by their own means though their domain is enforced; each use is told to administrators."""
    from airside.cli.domains import break_glass as run

    run(slug, person, off=off)
