"""The management API's import and export of users, as NDJSON: one user a line."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response

from airside.admin import LineResult, TransferAdmin
from airside.admin.transfer import EXPORT_PAGE
from airside.admin.userline import lines_of, write_line
from airside.api.cursors import Cursors
from airside.api.strict import Answer
from airside.core.errors import UnsupportedMedia
from airside.core.ids import USER, format_id
from airside.store import RequestContext

NDJSON: Final = "application/x-ndjson"
NEXT: Final = "airside-next-cursor"
"""The header that names where the next page begins; without it there is none."""


class LineAnswer(Answer):
    line: int
    user_id: str | None
    problem: str


class ImportAnswer(Answer):
    """`imported` users are there; each of `refused` says why its line isn't one."""

    imported: int
    refused: int
    lines: list[LineAnswer]


def add(routes: APIRouter, caller: Any, verbs: TransferAdmin, cursors: Cursors) -> None:
    """Both routes."""

    @routes.post("/users/import", tags=["users"])
    async def import_users(body: Annotated[Any, Body(media_type=NDJSON)], ctx: RequestContext = caller) -> ImportAnswer:
        if not isinstance(body, bytes):  # FastAPI reads what says that it is JSON
            raise UnsupportedMedia(f"{NDJSON} is expected")
        results = await verbs.import_users(ctx, lines_of(body))
        made = sum(result.user_id is not None for result in results)
        return ImportAnswer(imported=made, refused=len(results) - made, lines=[_line(each) for each in results])

    @routes.get("/users/export", tags=["users"], response_class=Response)
    async def export_users(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=EXPORT_PAGE)] = EXPORT_PAGE,
        password_hashes: bool = False,
        ctx: RequestContext = caller,
    ) -> Response:
        after = None if cursor is None else await cursors.read(ctx, "users", cursor)
        found = await verbs.export_users(ctx, after, limit, hashes=password_hashes)
        headers = {NEXT: await cursors.make(ctx, "users", found[-1][0])} if len(found) == limit else {}
        return Response(b"".join(write_line(line) for _, line in found), media_type=NDJSON, headers=headers)


def _line(result: LineResult) -> LineAnswer:
    user_id = None if result.user_id is None else format_id(USER, result.user_id)
    return LineAnswer(line=result.line, user_id=user_id, problem=result.problem)
