"""The verbs of `airside client`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.app_registration import token
from airside.cli.words import Slug

client = typer.Typer(
    help="Applications of a tenant: register, list, show, change, disable, enable; their secrets; tokens to register.",
    no_args_is_help=True,
)
client.add_typer(token, name="token")

ClientId = Annotated[str, typer.Argument(help="The client's id, cli_….")]
RedirectUri = Annotated[
    list[str] | None, typer.Option("--redirect-uri", help="Where people come back to, exactly; may be repeated.")
]
Scope = Annotated[list[str] | None, typer.Option("--scope", help="A scope it may ask for; may be repeated.")]
AuthMethod = Annotated[
    str | None,
    typer.Option(
        "--auth-method",
        help="client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth or "
        "self_signed_tls_client_auth.",
    ),
]
ThirdParty = Annotated[
    bool | None,
    typer.Option("--third-party/--first-party", help="Whether it is somebody else's, so that each user is asked."),
]
Fapi2 = Annotated[
    bool | None,
    typer.Option("--fapi2/--no-profile", help="Hold it to the whole of the FAPI 2.0 Security Profile."),
]
Settings = Annotated[
    Path | None,
    typer.Option("--settings", help="A file with any of its settings as one JSON object; options come before it."),
]


@client.command("create")
def create_client(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="What people call the application.")],
    redirect_uri: RedirectUri = None,
    scope: Scope = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(help="Whom its tokens are for; may be repeated. Without one: the tenant's issuer."),
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option(
            help="authorization_code, refresh_token, client_credentials, device_code, token_exchange or jwt_bearer; "
            "may be repeated. Without one: the first two where there is a redirect URI, else the third."
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="An application that can't keep a secret: it gets none.")
    ] = False,
    auth_method: AuthMethod = None,
    third_party: ThirdParty = None,
    fapi2: Fapi2 = None,
    settings: Settings = None,
) -> None:
    """Register an application; its secret is printed once."""
    from airside.cli.clients import Said, create

    said = Said(name, redirect_uri, scope, audience, grant, auth_method, third_party, fapi2, settings)
    create(slug, said, public)


@client.command("list")
def list_clients(slug: Slug) -> None:
    """List a tenant's applications."""
    from airside.cli.clients import list_all as run

    run(slug)


@client.command("show")
def show_client(slug: Slug, client_id: ClientId) -> None:
    """Print an application and all its settings as JSON."""
    from airside.cli.clients import show as run

    run(slug, client_id)


@client.command("change")
def change_client(
    slug: Slug,
    client_id: ClientId,
    name: Annotated[str | None, typer.Option(help="What people call the application.")] = None,
    redirect_uri: RedirectUri = None,
    scope: Scope = None,
    audience: Annotated[list[str] | None, typer.Option(help="Whom its tokens are for; may be repeated.")] = None,
    grant: Annotated[list[str] | None, typer.Option(help="How it gets tokens; may be repeated.")] = None,
    auth_method: AuthMethod = None,
    third_party: ThirdParty = None,
    fapi2: Fapi2 = None,
    settings: Settings = None,
) -> None:
    """Change an application: each option takes the place of what was there, and a setting that the file says is null
    has its default. What it holds and no longer fits ends."""
    from airside.cli.clients import Said, change

    change(slug, client_id, Said(name, redirect_uri, scope, audience, grant, auth_method, third_party, fapi2, settings))


@client.command("disable")
def disable_client(slug: Slug, client_id: ClientId) -> None:
    """Disable an application: its tokens end."""
    from airside.cli.clients import set_state as run

    run(slug, client_id, "disabled")


@client.command("enable")
def enable_client(slug: Slug, client_id: ClientId) -> None:
    """Bring a disabled application back."""
    from airside.cli.clients import set_state as run

    run(slug, client_id, "active")


@client.command("secret")
def rotate_secret(slug: Slug, client_id: ClientId) -> None:
    """Give an application a new secret, printed once; the old one stays good for a day."""
    from airside.cli.clients import rotate as run

    run(slug, client_id)
