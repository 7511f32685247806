"""The verbs. Each imports its own module when it is called, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.app_alerts import alerts
from airside.cli.app_apikeys import apikeys
from airside.cli.app_assurance import deps, sql, threats
from airside.cli.app_audit import audit
from airside.cli.app_backup import backup
from airside.cli.app_checklist import checklist
from airside.cli.app_clients import client
from airside.cli.app_erasure import erasure
from airside.cli.app_factors import factors
from airside.cli.app_federation import connections, domains
from airside.cli.app_named_keys import named
from airside.cli.app_pins import pins
from airside.cli.app_plans import plan, tenant_plan
from airside.cli.app_policy import policy
from airside.cli.app_response import incident, respond
from airside.cli.app_scim import scim
from airside.cli.app_scopes import scope
from airside.cli.app_secrets import run_with_secrets, secret
from airside.cli.app_setup import setup
from airside.cli.app_streams import streams
from airside.cli.app_tenant_transfer import tenant_transfer
from airside.cli.app_transfer import transfer
from airside.cli.app_vault_keys import keys
from airside.cli.app_webhooks import webhook
from airside.cli.words import Email, Person, Slug

app = typer.Typer(
    name="airside",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tenant = typer.Typer(help="Tenants: make, list, shred; plan; certificates; export, import.", no_args_is_help=True)
user = typer.Typer(
    help="People of a tenant: make, list, disable, enable, erase, set a password; import, export; factors.",
    no_args_is_help=True,
)
role = typer.Typer(
    help="Roles of a tenant's own: list, make, delete, give, take away; list permissions.", no_args_is_help=True
)
invitation = typer.Typer(help="Invitations to a tenant: make, list, revoke.", no_args_is_help=True)
fga = typer.Typer(
    help="Permission models and stores, in OpenFGA's store files: validate, test, check, import, export.",
    no_args_is_help=True,
)
tenant.add_typer(tenant_transfer)
tenant.add_typer(tenant_plan)
app.add_typer(tenant, name="tenant")
app.add_typer(plan, name="plan")
user.add_typer(erasure)
user.add_typer(factors)
user.add_typer(transfer)
app.add_typer(user, name="user")
app.add_typer(role, name="role")
app.add_typer(invitation, name="invitation")
app.add_typer(client, name="client")
app.add_typer(scope, name="scope")
app.add_typer(scim, name="scim")
app.add_typer(secret, name="secret")
app.command("run")(run_with_secrets)
app.command("checklist")(checklist)
app.add_typer(setup, name="setup")
app.add_typer(policy, name="policy")
app.add_typer(connections, name="connections")
app.add_typer(domains, name="domains")
app.add_typer(audit, name="audit")
app.add_typer(backup, name="backup")
keys.add_typer(named, name="app")
app.add_typer(keys, name="keys")
app.add_typer(pins, name="pins")
app.add_typer(alerts, name="alert")
app.add_typer(apikeys, name="apikeys")
app.add_typer(incident, name="incident")
app.add_typer(respond, name="respond")
app.add_typer(webhook, name="webhook")
app.add_typer(streams, name="streams")
app.add_typer(sql, name="sql")
app.add_typer(deps, name="deps")
app.command("threats")(threats)
app.add_typer(fga, name="fga")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"airside {version('airside')}")
        raise typer.Exit


@app.callback()
def options(
    _wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Everything past the checkpoint is verified: identity, access, data protection and audit in one server."""


@app.command()
def dev() -> None:
    """Start a development server with everything it needs: database, certificates, a demonstration tenant."""
    from airside.cli.dev import run

    run()


@app.command()
def serve() -> None:
    """Start the server as the environment says. Refuses weak, unknown or contradictory settings by name."""
    from airside.cli.serve import run

    run()


@app.command()
def migrate() -> None:
    """Bring the database of AIRSIDE_DATABASE_OWNER_URL up to this version."""
    from airside.cli.migrate import run

    run()


@app.command()
def tour() -> None:
    """Walk the main job against the running development server, and say each step. Exit 1 if any step differs."""
    from airside.cli.tour import run

    run()


@tenant.command("create")
def create_tenant(slug: Slug, name: Annotated[str, typer.Argument(help="What people call the company.")]) -> None:
    """Make a tenant."""
    from airside.cli.manage import create_tenant as run

    run(slug, name)


@tenant.command("list")
def list_tenants() -> None:
    """List every tenant."""
    from airside.cli.manage import list_tenants as run

    run()


@tenant.command("shred")
def shred_tenant(
    slug: Slug,
    days: Annotated[int, typer.Option(help="Until its keys are destroyed; with 0, now.", min=0, max=365)] = 30,
    cancel: Annotated[bool, typer.Option("--cancel", help="Think better of it, while there is time.")] = False,
) -> None:
    """Let nobody into a tenant any more, and destroy its keys and data when the days have passed."""
    from airside.cli.shred import cancel as undo
    from airside.cli.shred import shred as run

    undo(slug) if cancel else run(slug, days)


@tenant.command("certificate")
def certificate(
    target: Annotated[str, typer.Argument(help="A shredded tenant's slug, or a file with its certificate.")],
    key: Annotated[
        str, typer.Option(help="The thumbprint of the operators' key: whatever another signed is refused.")
    ] = "",
) -> None:
    """Print a shredded tenant's certificate, or verify one from a file, offline."""
    from airside.cli.shred import certificate as run

    run(target, key)


@user.command("create")
def create_user(
    slug: Slug,
    email: Email,
    name: Annotated[str, typer.Option(help="The user's name.")] = "",
    role: Annotated[str, typer.Option(help="member, administrator, or none.")] = "member",
) -> None:
    """Make a user with a random password, printed once."""
    from airside.cli.manage import create_user as run

    run(slug, email, name, role)


@user.command("list")
def list_users(
    slug: Slug,
    email_domain: Annotated[str | None, typer.Option(help="Only those whose address is at this domain.")] = None,
) -> None:
    """List a tenant's users."""
    from airside.cli.manage import list_users as run

    run(slug, email_domain)


@user.command("disable")
def disable_user(slug: Slug, person: Person) -> None:
    """Disable a user: sessions and tokens end."""
    from airside.cli.manage import set_user_state as run

    run(slug, person, "disabled")


@user.command("enable")
def enable_user(slug: Slug, person: Person) -> None:
    """Bring a disabled user back."""
    from airside.cli.manage import set_user_state as run

    run(slug, person, "active")


@user.command("password")
def reset_password(slug: Slug, person: Person) -> None:
    """Give a user a new random password, printed once. Every session of theirs ends."""
    from airside.cli.manage import reset_password as run

    run(slug, person)


RoleName = Annotated[str, typer.Argument(help="The role's name.")]


@role.command("list")
def list_roles(slug: Slug) -> None:
    """List the roles that a tenant has of its own."""
    from airside.cli.roles import list_roles as run

    run(slug)


@role.command("permissions")
def list_permissions(slug: Slug) -> None:
    """List every permission that a role may hold."""
    from airside.cli.roles import list_permissions as run

    run(slug)


@role.command("create")
def create_role(
    slug: Slug,
    name: RoleName,
    permission: Annotated[list[str] | None, typer.Option(help="What it may; may be repeated.")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a role, which nobody has yet."""
    from airside.cli.roles import create_role as run

    run(slug, name, permission or [], description)


@role.command("delete")
def delete_role(slug: Slug, name: RoleName) -> None:
    """Delete a role: what it gave is gone at once."""
    from airside.cli.roles import delete_role as run

    run(slug, name)


@role.command("give")
def give_role(slug: Slug, person: Person, name: RoleName) -> None:
    """Give a user a role."""
    from airside.cli.roles import give_role as run

    run(slug, person, name)


@role.command("take")
def take_role(slug: Slug, person: Person, name: RoleName) -> None:
    """Take a role from a user: their access tokens end."""
    from airside.cli.roles import take_role as run

    run(slug, person, name)


@invitation.command("create")
def create_invitation(
    slug: Slug,
    email: Email,
    name: Annotated[str, typer.Option(help="Their name, as far as it is known.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="member (unless another is named), administrator, or a role's name.")
    ] = None,
) -> None:
    """Mail an invitation to join: good for a week, and for no more than its inviter may give then."""
    from airside.cli.invitations import create_invitation as run

    run(slug, email, name, role or ["member"])


@invitation.command("list")
def list_invitations(slug: Slug) -> None:
    """List a tenant's invitations, open and settled."""
    from airside.cli.invitations import list_invitations as run

    run(slug)


@invitation.command("revoke")
def revoke_invitation(slug: Slug, email: Email) -> None:
    """Take back the open invitation of an address."""
    from airside.cli.invitations import revoke_invitation as run

    run(slug, email)


StoreId = Annotated[str, typer.Argument(help="The store's id.")]
External = Annotated[
    bool, typer.Option("--allow-external-files", help="Let the file name files outside its own folder.")
]


@fga.command("validate")
def validate_model(
    file: Annotated[Path, typer.Argument(help="A model (.fga, .json, fga.mod) or a store file (.fga.yaml).")],
) -> None:
    """Say what is wrong with a model, with line and column. Exit 1 if anything is."""
    from airside.cli.fga import validate as run

    run(file)


@fga.command("test")
def run_tests(
    files: Annotated[list[Path], typer.Argument(help="Store files (.fga.yaml).")], external: External = False
) -> None:
    """Run the tests of store files in memory, with no server and no database. Exit 1 if an answer differs."""
    from airside.cli.fga import test as run

    run(files, external)


@fga.command("check")
def check_permission(
    slug: Slug,
    store: StoreId,
    user: Annotated[str, typer.Argument(help="Who: user:anne, user:*, group:eng#member.")],
    relation: Annotated[str, typer.Argument(help="As what.")],
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="On what: document:1.")],
    context: Annotated[str, typer.Option(help="Values for conditions, as a JSON object.")] = "",
) -> None:
    """Ask a tenant's store: yes, or no and exit 1."""
    from airside.cli.fga_store import check as run

    run(slug, store, user, relation, object_, context)


@fga.command("import")
def import_store(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="A store file (.fga.yaml), or a model alone (.fga, .json, fga.mod).")],
    store: Annotated[str, typer.Option(help="The store to write to. Without one: a new one.")] = "",
    external: External = False,
) -> None:
    """Write a store file's model and tuples to a tenant's store, all or nothing."""
    from airside.cli.fga_store import import_store as run

    run(slug, file, store, external)


@fga.command("export")
def export_store(
    slug: Slug,
    store: StoreId,
    file: Annotated[Path | None, typer.Argument(help="Where to write it. Without one: the standard output.")] = None,
) -> None:
    """Write a store's latest model and every tuple as a store file."""
    from airside.cli.fga_store import export_store as run

    run(slug, store, file)
