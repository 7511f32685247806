"""Inputs: types that an application's models name, so that what is in a field has been judged once, where it came in.

Owns words with a rule (slug, e-mail, local path, https address, sanitised HTML), a password's least strength, and the
bases that refuse unknown fields, for pydantic and msgspec alike. It does not own whether an address may be connected to
(`fetch` judges that when it connects), nor whose a mailbox is. Needs the extra `inputs`.
"""

from airside.shield.inputs.html import Html
from airside.shield.inputs.models import Body, Form, msgspec_hook
from airside.shield.inputs.password import MAX_PASSWORD, MIN_PASSWORD, Password
from airside.shield.inputs.words import Email, HttpsUrl, LocalPath, Slug, Word

__all__ = [
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "Body",
    "Email",
    "Form",
    "Html",
    "HttpsUrl",
    "LocalPath",
    "Password",
    "Slug",
    "Word",
    "msgspec_hook",
]
