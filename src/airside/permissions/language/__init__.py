"""The modelling language: OpenFGA's, schema 1.1 and 1.2 with modules, as text and as JSON, both ways.

Owns reading, writing and judging models. Doesn't evaluate conditions and doesn't store anything.
"""

from airside.permissions.language.from_json import from_json
from airside.permissions.language.manifest import Manifest, read_manifest
from airside.permissions.language.modules import ModuleFile, combine
from airside.permissions.language.parser import parse
from airside.permissions.language.problems import ModelProblems, Problem, SyntaxProblem
from airside.permissions.language.to_json import to_json
from airside.permissions.language.to_text import rule_of, to_text
from airside.permissions.language.validate import problems_of, validate

__all__ = [
    "Manifest",
    "ModelProblems",
    "ModuleFile",
    "Problem",
    "SyntaxProblem",
    "combine",
    "from_json",
    "parse",
    "problems_of",
    "read_manifest",
    "rule_of",
    "to_json",
    "to_text",
    "validate",
]
