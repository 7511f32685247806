"""Writes the pages that are made from the code; `tests/house` compares them with the tree.

`docs/rooms/`: one page a room, from what its face says of itself. `docs/reference/`: every command from the command
line, every setting from `wiring/settings.py`, every limit, every check of the checklist, every field of a tenant's
policy and of a client's settings, the management API from its routes, our own threat model.

python docs/generate.py
"""

import ast
import json
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "airside"
DOCS = ROOT / "docs"
MADE = ("rooms", "reference")
"""The folders that hold nothing else."""


def page(room: Path) -> str:
    """The page of the room in folder `room`."""
    face = ast.parse((room / "__init__.py").read_text("utf-8"))
    lines = [f"# {room.name}", "", ast.get_docstring(face) or "", ""]
    names = [
        (alias.asname or alias.name, imported.module or "", alias.name)
        for imported in face.body
        if isinstance(imported, ast.ImportFrom)
        for alias in imported.names
    ]
    if names:
        lines += ["| name | what |", "|---|---|"]
        lines += [f"| `{shown}` | {_sentence(module, name)} |" for shown, module, name in sorted(names)]
        lines.append("")
    return "\n".join(lines)


def _sentence(module: str, name: str) -> str:
    """The first sentence of what `name` says of itself in its module."""
    file = ROOT / "src" / Path(*module.split("."))
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    body = ast.parse(file.read_text("utf-8")).body
    for place, node in enumerate(body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return _first(ast.get_docstring(node))
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            return _sentence(node.module or "", name)
        if name in _targets(node):
            after = body[place + 1] if place + 1 < len(body) else None
            said = after.value if isinstance(after, ast.Expr) else None
            return _first(said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None)
    return ""


def _targets(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    return {ast.unparse(target) for target in node.targets} if isinstance(node, ast.Assign) else set()


def _first(docstring: str | None) -> str:
    text = " ".join((docstring or "").split("\n\n")[0].split())
    sentence = text.split(". ")[0].rstrip(".")
    return sentence.replace("|", "\\|")


def commands() -> str:
    """Every command, from the command line itself."""
    from typer.main import get_command

    from airside.cli.app import app

    head = [
        "# The command line",
        "",
        "A verb exits with 0 when it is done, 1 when something differs or is refused, 2 when it can't start as told.",
        "All but `audit verify FILE`, `checklist TARGET`, `keys create`, `pins`, `sql`, `deps` and `threats` speak to",
        "the database that [settings](settings.md) name; without any, to that of `airside dev`, if that runs or not.",
        "",
    ]
    return "\n".join([*head, *_command("airside", get_command(app))])


def _command(name: str, command: Any) -> Iterator[str]:
    children = getattr(command, "commands", {})
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and param.name != "help"]
    if not children or options:
        words = [name, *(param.name.upper() for param in arguments), *(["[OPTIONS]"] if options else [])]
        yield from (f"## `{' '.join(words)}`", "", command.help, "")
        rows = [(f"`{param.name.upper()}`", param) for param in arguments]
        rows += [(f"`{param.opts[0]}`", param) for param in options]
        if rows:
            yield from ("| word | what |", "|---|---|")
            yield from (f"| {word} | {_param(param)} |" for word, param in rows)
            yield ""
    for child in children.values():
        yield from _command(f"{name} {child.name}", child)


def _param(param: Any) -> str:
    default = f" Default: `{param.default}`." if isinstance(param.default, str) and param.default else ""
    most = f" to {param.max}" if getattr(param, "max", None) is not None else " or more"
    bounds = f" {param.min}{most}." if getattr(param, "min", None) is not None else ""
    return param.help.replace("|", "\\|") + bounds + default


def settings() -> str:
    """Every setting, from the table that reads them."""
    from airside.wiring.settings import PREFIX, SETTINGS, Settings

    defaults = {field.name: _shown(field.default) for field in fields(Settings)}
    head = [
        "# Settings",
        "",
        "Read from the environment, once, at the start. A weak, unknown or contradictory one is refused by name.",
        "Lists are separated by commas. All but `airside serve` take `AIRSIDE_MODE=development` and",
        "`https://localhost:PORT` where the environment says nothing else.",
        "",
        "| setting | default | what |",
        "|---|---|---|",
    ]
    rows = [
        f"| `{PREFIX}{name.upper()}` | {defaults[name]} | {setting.description} |" for name, setting in SETTINGS.items()
    ]
    return "\n".join([*head, *rows, ""])


def _shown(default: object) -> str:
    return "" if default in (None, "", ()) else f"`{default}`"


def tenant_policy() -> str:
    """Every field of the one object of what a tenant demands, from the object itself."""
    import msgspec

    from airside.tenancy import TenantPolicy

    head = [
        "# What a tenant demands",
        "",
        "One object, read and written whole: `GET` and `PUT /t/SLUG/api/v1/policies`, `airside policy show` and",
        "`airside policy set`. What isn't named has its default. An unknown field, a value out of range, and demands",
        "that contradict each other or that nobody could meet are refused by name. Each change is a version: one made",
        "on what was read before another change is a conflict. A change holds within five seconds everywhere. Only",
        "administrators change what stands below `administration`; the rest takes `policies:write`.",
        "",
        "While two builds serve side by side, the older one obeys what it understands of a policy that the younger one",
        "wrote, and refuses to change it.",
        "",
        "| field | default | takes | what |",
        "|---|---|---|---|",
    ]
    _, parts = msgspec.json.schema_components([TenantPolicy])
    return "\n".join([*head, *_rows_of_struct(TenantPolicy, parts, ""), ""])


def client_settings() -> str:
    """Every setting of a client, from the object itself."""
    import msgspec

    from airside.oauth import ClientSettings

    head = [
        "# How a client is spoken with",
        "",
        "The `settings` of an application: `POST` and `PATCH /t/SLUG/api/v1/clients`, `airside client create` and",
        "`airside client change` with `--settings FILE`. What isn't named has its default, or stays as it is in a",
        "change, where null is the default. An unknown setting, one that contradicts another, and one that doesn't fit",
        "the rest of the application are refused by name; what doesn't fit `fapi2` is refused with every reason at",
        "once. Names are those of dynamic client registration (RFC 7591, OpenID Connect) where it has one.",
        "",
        "| setting | default | takes | what |",
        "|---|---|---|---|",
    ]
    _, parts = msgspec.json.schema_components([ClientSettings])
    return "\n".join([*head, *_rows_of_struct(ClientSettings, parts, ""), ""])


def limits() -> str:
    """Every limit, from its one row."""
    from airside.limits import LIMITS

    head = [
        "# Limits",
        "",
        "Each lets so many through at once, and then one for each interval (GCRA). Where several are asked for",
        "together, the strictest decides and nothing of the others is spent. A refusal names the limit and when to",
        "come again. How they are counted: [operations](../operations/limits.md).",
        "",
        "| limit | at once | then one every | counted for each | what |",
        "|---|---|---|---|---|",
    ]
    rows = [
        f"| `{limit.name}` | {limit.rate.count:,} | {limit.rate.interval:g} s | {limit.keyed_by} | {_of(limit)} |"
        for limit in LIMITS
    ]
    return "\n".join([*head, *rows, ""])


def checks() -> str:
    """Every check of the checklist, from its one row."""
    from airside.assurance import CHECKS, SELF_CHECKS

    head = [
        "# Checks",
        "",
        "What `airside checklist` looks for, in the order in which it runs; those of the area `inside` with `--self`.",
        "Ids are those of the OWASP API Security Top 10 2023 (`API…`), the OWASP Top 10:2025 (`A…`) and ASVS 5.0.0.",
        "How to use it, and what none of these can see: [the checklist](../checklist.md).",
        "",
        "| check | area | severity | what holds | why | how to mend | ids |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{check.id}` | {check.area} | {check.severity.label} | {check.title} | {check.why} | {check.mend} | "
        f"{' '.join((*check.ids.api, *check.ids.top10, *check.ids.asvs))} |"
        for check in (*CHECKS, *SELF_CHECKS)
    ]
    return "\n".join([*head, *rows, ""])


def _of(limit: Any) -> str:
    return limit.description + (" A success gives its unit back." if limit.failures_only else "")


def _rows_of_struct(kind: type[Any], parts: dict[str, Any], prefix: str) -> Iterator[str]:
    import msgspec

    said = _attributes(kind)
    for field in msgspec.structs.fields(kind):
        if isinstance(field.default, msgspec.Struct):
            yield from _rows_of_struct(type(field.default), parts, f"{prefix}{field.name}.")
            continue
        made = field.default_factory
        value = field.default if made is msgspec.NODEFAULT else made()
        default = json.dumps(msgspec.to_builtins(value, order="sorted"))
        takes = _takes(parts[kind.__name__]["properties"][field.name])
        yield f"| `{prefix}{field.name}` | `{default}` | {takes} | {said[field.name]} |"


def _attributes(kind: type[Any]) -> dict[str, str]:
    """What a class says of each of its attributes."""
    said: dict[str, str] = {}
    name = ""
    for line in (kind.__doc__ or "").partition("Attributes:")[2].splitlines():
        head, colon, rest = line.strip().partition(": ")
        if colon and head.isidentifier() and line.startswith(" " * 8) and line[8] != " ":
            name, said[head] = head, rest
        elif name and line.strip():
            said[name] += f" {line.strip()}"
    return {name: text.replace("|", "\\|") for name, text in said.items()}


def _takes(schema: dict[str, Any]) -> str:
    """What a field takes, in words, from its JSON Schema."""
    if "anyOf" in schema:
        return ", or ".join(_takes(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema["type"] == "array":
        most = f"at most {schema['maxItems']} of " if "maxItems" in schema else "any of "
        return f"a list, {most}{_takes(schema['items'])}"
    if schema["type"] == "integer":
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema["type"] == "string":
        return f"text like `{schema['pattern']}`" if "pattern" in schema else f"text up to {schema['maxLength']}"
    return {"boolean": "`true`, `false`", "null": "`null`", "object": "a JSON object"}[schema["type"]]


def openapi() -> str:
    """The management and operator API, from its routes. Nothing is opened, and nothing listens."""
    from starlette.routing import Mount

    from airside.core.clock import SystemClock
    from airside.core.entropy import SystemEntropy
    from airside.vault import LocalKek
    from airside.wiring.app import routes
    from airside.wiring.build import build
    from airside.wiring.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        kek = LocalKek.create(Path(folder) / "kek", development=True, entropy=SystemEntropy())
        unstarted = Settings(mode="development", public_url="https://id.example.com")
        services = build(unstarted, dsn="", kek=kek, clock=SystemClock(), entropy=SystemEntropy())
        documented: Any = next(route.app for route in routes(services) if isinstance(route, Mount) and not route.path)
        services.hashes.close()
    return json.dumps(documented.openapi(), indent=2, ensure_ascii=False) + "\n"


def threat_model() -> tuple[str, str]:
    """Our own threat model as a page, and its picture."""
    from airside.assurance.threat_page import page as page_of_model
    from airside.assurance.threat_picture import picture
    from airside.assurance.threats import read_model

    model = read_model((DOCS / "threats.toml").read_bytes())
    return page_of_model(model, picture="threat-model.svg"), picture(model)


def pages() -> dict[str, str]:
    """Every page by its path under `docs/`."""
    made = {f"rooms/{face.parent.name}.md": page(face.parent) for face in sorted(SOURCE.glob("*/__init__.py"))}
    made["reference/cli.md"] = commands()
    made["reference/settings.md"] = settings()
    made["reference/tenant-policy.md"] = tenant_policy()
    made["reference/client-settings.md"] = client_settings()
    made["reference/limits.md"] = limits()
    made["reference/checks.md"] = checks()
    made["reference/openapi.json"] = openapi()
    made["reference/threat-model.md"], made["reference/threat-model.svg"] = threat_model()
    return made


def found() -> dict[str, str]:
    """What stands there now, in the same form."""
    files = [file for folder in MADE for file in (DOCS / folder).glob("*") if file.is_file()]
    return {file.relative_to(DOCS).as_posix(): file.read_text("utf-8") for file in files}


if __name__ == "__main__":
    wanted = pages()
    for name in found().keys() - wanted.keys():
        (DOCS / name).unlink()
    for name, text in wanted.items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, "utf-8")
