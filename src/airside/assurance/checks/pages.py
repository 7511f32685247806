"""From a judgement on one answer to a check of every page."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from airside.assurance.model import NotApplicable, Observation
from airside.assurance.site import Page, Site


def on_answers(judge: Callable[[Page], Iterable[str]]) -> Callable[[Site], Awaitable[Sequence[Observation]]]:
    """A check that judges everything a browser met, redirects too."""

    async def look(site: Site) -> Sequence[Observation]:
        return merged(site.answers, judge)

    return look


def on_documents(judge: Callable[[Page], Iterable[str]]) -> Callable[[Site], Awaitable[Sequence[Observation]]]:
    """A check that judges the pages of HTML."""

    async def look(site: Site) -> Sequence[Observation]:
        if not site.documents:
            raise NotApplicable("no HTML page was found: name one by --page")
        return merged(site.documents, judge)

    return look


def merged(pages: Iterable[Page], judge: Callable[[Page], Iterable[str]]) -> list[Observation]:
    """What `judge` says of each page; what it says of several alike is said once, at the first."""
    where: dict[str, list[str]] = {}
    for page in pages:
        for evidence in judge(page):
            where.setdefault(evidence, []).append(page.path)
    return [
        Observation(paths[0], evidence if len(paths) == 1 else f"{evidence} (and on {len(paths) - 1} more)")
        for evidence, paths in where.items()
    ]
