"""Notes: an ordinary FastAPI application, protected by Airside. See README.md beside it."""

import os
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import uuid4  # noqa: TID251  # an application's own ids are its own affair

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field

from airside.sdk import TupleKey, VerifiedToken
from airside.sdk.frameworks.fastapi import Airside
from airside.shield import Policy

AUDIENCE = "https://notes.example"
HOST = os.environ.get("NOTES_HOST", "localhost:8000")
PROXIES = tuple(os.environ.get("NOTES_PROXIES", "").split())  # what ends TLS before this: addresses or CIDRs

airside = Airside.from_environment(audience=AUDIENCE)
app = FastAPI(title="Notes", openapi_url=None)
airside.protect(app, Policy(allowed_hosts=frozenset({HOST}), trusted_proxies=PROXIES, https_redirect=bool(PROXIES)))

Author = Annotated[VerifiedToken, Depends(airside.require(scope="notes:write"))]
Reader = Annotated[VerifiedToken, Depends(airside.require(scope="notes:read", permission="note:{note_id}#viewer"))]
Editor = Annotated[VerifiedToken, Depends(airside.require(scope="notes:write", permission="note:{note_id}#editor"))]
Owner = Annotated[VerifiedToken, Depends(airside.require(scope="notes:write", permission="note:{note_id}#owner"))]


class Draft(BaseModel, extra="forbid"):
    """What a person writes."""

    text: str = Field(max_length=10_000)


class Share(BaseModel, extra="forbid"):
    """With whom, and how far."""

    user: str = Field(pattern=r"^usr_[0-9a-z]{26}$")
    relation: Literal["viewer", "editor"]


@dataclass
class Note:
    """A note as it is kept."""

    id: str
    text: str


notes: dict[tuple[str, str], Note] = {}  # by tenant and id: a real application keeps them in its database


def find(token: VerifiedToken, note_id: str) -> Note:
    """The note of the caller's own tenant."""
    note = notes.get((token.tenant_id, note_id))
    if note is None:
        raise HTTPException(404)
    return note


@app.get("/me")
async def me(token: Annotated[VerifiedToken, Depends(airside.user)]) -> dict[str, str]:
    """Who is asking."""
    return {"subject": token.subject, "tenant": token.tenant_id}


@app.post("/notes", status_code=201)
async def create(draft: Draft, token: Author) -> Note:
    """A new note; its author owns it."""
    note = Note(str(uuid4()), draft.text)
    await airside.permissions.write([TupleKey(token.actor, "owner", f"note:{note.id}")])
    notes[token.tenant_id, note.id] = note
    return note


@app.get("/notes/{note_id}")
async def read(note_id: str, token: Reader) -> Note:
    """A note, for who may see it."""
    return find(token, note_id)


@app.put("/notes/{note_id}")
async def update(note_id: str, draft: Draft, token: Editor) -> Note:
    """Other words, by who may edit."""
    note = find(token, note_id)
    note.text = draft.text
    return note


@app.post("/notes/{note_id}/shares", status_code=204)
async def share(note_id: str, share: Share, token: Owner) -> None:
    """Let somebody else see or edit it; only the owner may."""
    find(token, note_id)
    await airside.permissions.write([TupleKey(f"user:{share.user}", share.relation, f"note:{note_id}")])
