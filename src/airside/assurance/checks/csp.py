"""The Content-Security-Policy of each page: whether it is there, and whether it holds (CSP Level 3)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from airside.assurance.checks.pages import on_documents
from airside.assurance.model import Check, Ids, Severity
from airside.assurance.site import Page

AREA: Final = "content security policy"
_EVAL: Final = frozenset({"'unsafe-eval'", "'unsafe-hashes'"})
_WIDE: Final = frozenset({"*", "http:", "https:", "data:", "blob:", *_EVAL})
_TRUSTED: Final = ("'nonce-", "'sha256-", "'sha384-", "'sha512-")


def directives(policy: str) -> Mapping[str, tuple[str, ...]]:
    """The directives of `policy`, lower-case; of one that is named twice the first counts (CSP §2.2.1)."""
    found: dict[str, tuple[str, ...]] = {}
    for part in policy.split(";"):
        words = part.lower().split()
        if words:
            found.setdefault(words[0], tuple(words[1:]))
    return found


def missing(policy: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Whether scripts are spoken of at all."""
    if "script-src" not in policy and "default-src" not in policy:
        yield "no Content-Security-Policy that speaks of scripts"


def scripts(policy: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Sources of scripts by which anybody's script gets in."""
    name = "script-src" if "script-src" in policy else "default-src"
    sources = policy.get(name, ())
    pinned = any(source.startswith(_TRUSTED) for source in sources)
    if "'unsafe-inline'" in sources and not pinned:  # with a nonce or a hash, browsers ignore it
        yield f"{name} allows 'unsafe-inline'"
    # With 'strict-dynamic' and a nonce, lists of hosts and schemes are ignored too.
    bound = pinned and "'strict-dynamic'" in sources
    for source in sources:
        if source in (_EVAL if bound else _WIDE) or (source.startswith("*.") and source.count(".") == 1 and not bound):
            yield f"{name} allows {source}"


def bounds(policy: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What isn't covered by `default-src`, or what it leaves open: plug-ins, base address, targets of forms."""
    if policy and "base-uri" not in policy:
        yield "no base-uri"
    if policy and "form-action" not in policy:
        yield "no form-action"
    if policy and set(policy.get("object-src", policy.get("default-src", ("*",)))) != {"'none'"}:
        yield "object-src isn't 'none'"


def trusted_types(policy: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Whether scripts of the page may write markup from text (Trusted Types)."""
    if policy and "'script'" not in policy.get("require-trusted-types-for", ()):
        yield "no require-trusted-types-for 'script'"


def _of(judge: Callable[[Mapping[str, tuple[str, ...]]], Iterator[str]]) -> Callable[[Page], Iterator[str]]:
    return lambda page: judge(directives(page.answer.headers.get("content-security-policy", "")))


CHECKS: Final = (
    Check(
        "csp",
        AREA,
        "Every page says from where scripts may come",
        "One place where text isn't escaped is enough for a stranger's script to act as whoever looks at the page.",
        "Send a Content-Security-Policy with default-src 'none' or 'self' and a script-src.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A05"), ("v5.0.0-3.4.3",)),
        on_documents(_of(missing)),
    ),
    Check(
        "csp-scripts",
        AREA,
        "No source of scripts is open to everybody",
        "A policy with 'unsafe-inline', a wildcard or a whole scheme stops no injected script.",
        "Allow scripts from 'self', by nonce or by hash; move inline handlers into files.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A05"), ("v5.0.0-3.4.3",)),
        on_documents(_of(scripts)),
    ),
    Check(
        "csp-bounds",
        AREA,
        "Base address, targets of forms and plug-ins are bounded",
        "Injected markup without any script sends a form's password elsewhere, or turns relative addresses to another "
        "site: default-src covers neither.",
        "Add base-uri 'none'; form-action 'self'; object-src 'none'.",
        Severity.LOW,
        Ids(("API8",), ("A02", "A05"), ("v5.0.0-3.4.3",)),
        on_documents(_of(bounds)),
    ),
    Check(
        "trusted-types",
        AREA,
        "Scripts of the page can't turn text into markup by mistake",
        "DOM injection happens in the browser, where no escaping of the server's helps.",
        "Add require-trusted-types-for 'script', and a policy for what must write markup.",
        Severity.INFO,
        Ids(("API8",), ("A05",)),
        on_documents(_of(trusted_types)),
    ),
)
