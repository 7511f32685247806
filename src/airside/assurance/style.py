"""How a report looks, in light and in dark, on a desk and on a phone."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d6dbe1; --card: #f6f8fa;
  --critical: #8f1239; --high: #cf222e; --medium: #c2560a; --low: #9a7b00; --info: #3566c4; --failed: #7a3fb5;
  --accepted: #0f7d8a; --passed: #1a7f37; --none: #c3cad2; }
@media (max-width: 30rem) { .areas { gap: .45rem .6rem; font-size: .85rem; } .areas dd { gap: .4rem; } }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1318; --ink: #e7ebf0; --soft: #a2adb9; --line: #303841;
  --card: #181e25; --critical: #ff6f91; --high: #ff7b72; --medium: #f5a35c; --low: #e3c13b; --info: #82aaff;
  --failed: #c79bff; --accepted: #56c7d4; --passed: #4cc265; --none: #46505c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
header p { margin: 0; color: var(--soft); }
h1 { margin: .2rem 0; font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .8rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: 1.05rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.picture { display: flex; flex-wrap: wrap; gap: 1.5rem 3rem; align-items: center; margin-top: 1.5rem; }
figure { margin: 0; display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
figure svg { width: 12rem; height: 12rem; }
figure ul { list-style: none; margin: 0; padding: 0; }
figure i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .5rem; }
.arc { fill: none; stroke-width: 24; }
.number { font-size: 46px; font-weight: 650; text-anchor: middle; fill: var(--ink); }
.words { font-size: 15px; text-anchor: middle; fill: var(--soft); }
.areas { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: .45rem 1rem; align-items: center; }
.areas dt { color: var(--soft); }
.areas dd { margin: 0; display: flex; gap: .7rem; align-items: center; flex-wrap: wrap; }
.areas span { color: var(--soft); font-size: .85rem; }
article { border: 1px solid var(--line); border-left: .35rem solid var(--line); border-radius: .4rem;
  background: var(--card); padding: .9rem 1.1rem; margin: 0 0 .9rem; }
article p, article ul { margin: .45rem 0 0; }
article ul, td ul { padding-left: 1.1rem; }
.id { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; border-top: 0; }
td:last-child { color: var(--soft); font-size: .8rem; min-width: 11rem; }
td code { white-space: nowrap; }
""" + "".join(
    f"""
rect.{name} {{ fill: var(--{name}); }} .arc.{name} {{ stroke: var(--{name}); }}
i.{name} {{ background: var(--{name}); }}
article.{name} {{ border-left-color: var(--{name}); }}
article.{name} .id b, td.state.{name} {{ color: var(--{name}); }}
"""
    for name in ("critical", "high", "medium", "low", "info", "failed", "accepted", "passed", "none")
)
