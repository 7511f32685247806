"""The Content-Security-Policy of each page: whether it is there, and whether it holds (CSP Level 3)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from airside.assurance.checks.pages import on_documents
from airside.assurance.model import Check, Ids, Severity
from airside.assurance.site import Page

Policy = Mapping[str, tuple[str, ...]]
"""The sources of each directive, lower-case."""

AREA: Final = "content security policy"
_SCHEMES: Final = frozenset({"http:", "https:", "data:", "blob:", "filesystem:"})
_TRUSTED: Final = ("'nonce-", "'sha256-", "'sha384-", "'sha512-")
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/:]*)")
_CALLED: Final = ("script-src", "default-src")
_ELEMENTS: Final = ("script-src-elem", *_CALLED)
_ATTRIBUTES: Final = ("script-src-attr", *_CALLED)
"""Where a directive isn't there, the next one speaks for it (CSP §6.8.3)."""


def directives(value: str) -> tuple[Policy, ...]:
    """The directives of each policy in `value`, which headers that are joined make a list (CSP §2.2); of one that is
    named twice the first counts (CSP §2.2.1)."""
    return tuple(policy for text in value.split(",") if (policy := _policy(text)))


def _policy(text: str) -> Policy:
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        words = part.lower().split()
        if words:
            found.setdefault(words[0], tuple(words[1:]))
    return found


def _anybodys(source: str) -> bool:
    """Whether anybody can have an address that `source` allows: any scheme's, any host's, or a whole top domain's."""
    matched = _HOST.match(source)
    host = matched[1] if matched else ""
    return source in _SCHEMES or host == "*" or (host.startswith("*.") and host.count(".") == 1)


def _left_open(
    policies: Sequence[Policy], names: Sequence[str], judge: Callable[[Sequence[str]], Iterable[str]]
) -> Iterator[str]:
    """Which sources are too much, as `judge` says, in what governs: the first of `names` in each policy. What one
    policy closes is closed (CSP §8.1)."""
    governing = [(name, policy) for policy in policies if (name := _first(policy, names))]
    told = [[f"{name} allows {source}" for source in judge(policy[name])] for name, policy in governing]
    if told and all(told):
        yield from told[0]


def _first(policy: Policy, names: Sequence[str]) -> str:
    return next((name for name in names if name in policy), "")


def missing(policies: Sequence[Policy]) -> Iterator[str]:
    """Whether scripts are spoken of at all."""
    if not any(_first(policy, _CALLED) for policy in policies):
        yield "no Content-Security-Policy that speaks of scripts"


def scripts(policies: Sequence[Policy]) -> Iterator[str]:
    """Sources of scripts by which anybody's script gets in: as elements, as attributes of others, as text."""
    ways = (
        (_ELEMENTS, _inline),
        (_ATTRIBUTES, _inline),
        (_ELEMENTS, _wide_scripts),
        (_CALLED, _allowing("'unsafe-eval'")),
        (_ATTRIBUTES, _allowing("'unsafe-hashes'")),
    )
    yield from dict.fromkeys(text for names, judge in ways for text in _left_open(policies, names, judge))


def _pinned(sources: Sequence[str]) -> bool:
    return any(source.startswith(_TRUSTED) for source in sources)


def _inline(sources: Sequence[str]) -> list[str]:
    # With a nonce or a hash, browsers ignore it.
    return [] if _pinned(sources) else _allowing("'unsafe-inline'")(sources)


def _wide_scripts(sources: Sequence[str]) -> list[str]:
    # With 'strict-dynamic' and a nonce, lists of hosts and schemes are ignored too.
    return [] if _pinned(sources) and "'strict-dynamic'" in sources else _wide(sources)


def _allowing(word: str) -> Callable[[Sequence[str]], list[str]]:
    return lambda sources: [source for source in sources if source == word]


def _wide(sources: Sequence[str]) -> list[str]:
    return [source for source in sources if _anybodys(source)]


def bounds(policies: Sequence[Policy]) -> Iterator[str]:
    """What isn't covered by `default-src`, or what it leaves open: plug-ins, base address, targets of forms."""
    for name in ("base-uri", "form-action") if policies else ():
        if not any(name in policy for policy in policies):
            yield f"no {name}"
        yield from _left_open(policies, (name,), _wide)
    plugins = [policy[name] for policy in policies if (name := _first(policy, ("object-src", "default-src")))]
    if policies and not any(set(sources) <= {"'none'"} for sources in plugins):
        yield "object-src isn't 'none'"


def trusted_types(policies: Sequence[Policy]) -> Iterator[str]:
    """Whether scripts of the page may write markup from text (Trusted Types)."""
    if policies and not any("'script'" in policy.get("require-trusted-types-for", ()) for policy in policies):
        yield "no require-trusted-types-for 'script'"


def ancestors(policies: Sequence[Policy]) -> Iterator[str]:
    """Whether any site may show the page in a frame."""
    if not any("frame-ancestors" in policy for policy in policies):
        yield "no frame-ancestors"
    yield from _left_open(policies, ("frame-ancestors",), _wide)


def of_page(page: Page) -> tuple[Policy, ...]:
    """The policies that came with `page`."""
    return directives(page.answer.headers.get("content-security-policy", ""))


def _of(judge: Callable[[Sequence[Policy]], Iterator[str]]) -> Callable[[Page], Iterator[str]]:
    return lambda page: judge(of_page(page))


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
