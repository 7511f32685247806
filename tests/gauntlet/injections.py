"""What is put where a value is expected, by the language that it tries to break out into.

Whatever calculates, calculates `PRODUCT` or joins to `JOINED`: neither is written anywhere, so an answer, a header, a
mail or a line of a log that holds one was evaluated.
"""

from dataclasses import dataclass
from typing import Final
from unicodedata import is_normalized

SUM: Final = "1000003*1000033"
PRODUCT: Final = "1000036000099"
JOINED: Final = "grzlmorp"
PLANTED: Final = "x-g34-planted"
FORGED: Final = "forged-by-g34"
SLEEP: Final = 5
"""Seconds that each payload with a sleep asks for."""


@dataclass(frozen=True)
class Payload:
    family: str
    text: str


QUOTE: Final = Payload("sql", "g34'\"\\")
"""Every parameter gets this one, in the short form too."""
NUL: Final = Payload("sql", "g34\x00' or 1=1")
"""What no text of PostgreSQL holds, for every value that may reach it."""
TRUE: Final = Payload("boolean", "g34' or 'a'='a' -- ")
FALSE: Final = Payload("boolean", "g34' or 'a'='b' -- ")

_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "sql": (
        "'",
        '"',
        "''",
        "g34' -- ",
        "g34'/**/or/**/1=1#",
        "g34') or ('a'='a",
        "g34'; create table airside.g34_planted (a int); -- ",
        "g34'; create function g34_planted() returns int language sql as 'select 1'; -- ",
        "g34'); drop table airside.account cascade; -- ",
        "g34'; update airside.account set tenant_id = tenant_id; commit; -- ",
        "g34' union select null, null, null -- ",
        "g34' union all select usename, passwd, null from pg_shadow -- ",
        f"g34' || ({SUM.replace('*', '::bigint*')})::text || '",
        "g34'||'grzl'||'morp'||'",
        "g34' and 1 = cast(version() as int) -- ",
        "1::int; select 1",
        "(select current_setting('airside.tenant_id'))",
        "$$g34$$",
        "$g34$ or 1=1 $g34$",
        "E'\\x27 or 1=1'",
        "\\' or 1=1 -- ",
        "\\",
        "%27%20or%201=1%20--%20",
        "\u02bc or 1=1 -- ",
        "\uff07 or 1=1 -- ",
        "%",
        "_",
        "%g34_%",
        "\\%",
        "%s %(name)s %%",
        "$1 :name ?",
        "1 order by 999",
        "0x27",
    ),
    "sleep": (
        f"g34'; select pg_sleep({SLEEP}); -- ",
        f"g34' || pg_sleep({SLEEP}) || '",
        f"1; select pg_sleep({SLEEP})",
        f"g34') or 1=(select 1 from pg_sleep({SLEEP})) -- ",
        f"$(sleep {SLEEP})",
        f"; sleep {SLEEP} #",
    ),
    "filter": (
        "*)(objectClass=*",
        "*)(|(uid=*))",
        "admin)(&)",
        "\\2a\\28\\29",
        'g34" or userName pr or userName eq "g34',
        'userName eq "g34" or (id pr)',
        'userName co "%"',
        'emails[type eq "work" and value co "@"]',
        "userName pr and not (userName eq",
        'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "_"',
    ),
    "template": (
        f"{{{{{SUM}}}}}",
        "{{'grzl'~'morp'}}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{config}}{{self}}",
        "{% for a in [1] %}grzl{% endfor %}{{ 'morp' }}",
        f"${{{SUM}}}",
        f"#{{{SUM}}}",
        f"*{{{SUM}}}",
        f"<%= {SUM} %>",
        f"<script>document.write({SUM})</script>",
        "{0.__class__}",
        "{0.__class__.__init__.__globals__}",
        f"{{{SUM}}}",
        "%(g34)s%s%s%n%x",
        "%p%p%p%n",
        "${jndi:ldap://127.0.0.1:1/g34}",
        f"[[${{{SUM}}}]]",
        f"__import__('os').popen('echo $(({SUM}))').read()",
    ),
    "shell": (f"`expr {SUM}`", f"$(echo $(({SUM})))", "; printf grzl; printf morp #", "| id", "&& cat /etc/passwd"),
    "path": (
        "../../../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "..\\..\\windows\\win.ini",
        "%2e%2e/%2e%2e/",
        "....//....//etc/passwd",
        "file:///etc/passwd",
        "/proc/self/environ",
        "g34/../../platform/v1/tenants",
        ".",
        "..",
    ),
    "lines": (
        f"g34\r\n{PLANTED}: yes",
        f"g34\n{PLANTED}: yes\n\n<h1>",
        f"g34%0d%0a{PLANTED}:%20yes",
        f"g34\u560d\u560a{PLANTED}: yes",
        f"g34\r\n{FORGED} level=info",
        f"g34\n{FORGED}\u2028{FORGED}\u2029{FORGED}\x85{FORGED}",
        f"\x1b[2J\x1b[1;1H{FORGED}\x1b]0;g34\x07",
        "g34\tCEF:0|Airside|Airside|1|forged|forged|10|",
        "g34|a=b\\|act=forged",
    ),
    "xpath": ("' or '1'='1' or ''='", "'] | //* | //*['", "count(//*)", f"']|string({SUM})|//a['"),
    "condition": (
        f"{SUM} > 0 || true",
        "true || ip.in_cidr('0.0.0.0/0')",
        "[1,2].map(x, [1,2].map(y, x))",
        "user:*",
        "user:g34#viewer@doc:*",
        "doc:g34#viewer with g34(x: int) { x == x }",
        "type user\n  relations\n    define viewer: [user:*]",
    ),
    "long": ("A" * 3_000, "'" * 2_000, "(" * 1_000, "\u00e9" * 1_000, "{{" * 500),
    "unicode": (
        "\u202eg34\u202d",
        "\ufeffg34",
        "g34\u200b\u200d",
        "\ud800",
        "\U0001f469\u200d\U0001f4bb",
        "a" + "\u0301" * 60,
        "\u0130\u0131\ufb03\u1e9e",
        "\uffff\ufffe",
        "\U000e0041",
        "\u0000",
    ),
}

PAYLOADS: Final = (
    QUOTE,
    NUL,
    TRUE,
    FALSE,
    *(Payload(family, text) for family, texts in _FAMILIES.items() for text in texts),
)
STORABLE: Final = tuple(
    each
    for each in PAYLOADS
    if each.text.isprintable()
    and each.text == each.text.strip()
    and len(each.text) <= 90
    and is_normalized("NFC", each.text)
)
"""What is a lawful name, in its one spelling."""
