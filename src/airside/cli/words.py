"""Arguments that many verbs take."""

from typing import Annotated, Final

import typer

Slug = Annotated[str, typer.Argument(help="The tenant's slug, as in https://HOST/t/SLUG.")]
Email = Annotated[str, typer.Argument(help="The user's e-mail address.")]
WHO: Final = "Who: their e-mail address, or their id, usr_…."
Person = Annotated[str, typer.Argument(help=WHO)]
