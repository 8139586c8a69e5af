"""What ``mock-p1 check`` finds, in the forms that people, GitHub and other tools read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from mock_p1._version import __version__
from mock_p1.base.text import in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
RULES: Final = {
    "error": ("scenario-problem", "The scenario cannot be used."),
    "warning": ("scenario-warning", "The scenario can be used; this was probably not meant."),
}
"""Per severity the rule's id, and its sentence."""


class Finding(NamedTuple):
    """A problem or a lint warning, and where it is; line and column 0 are 'nowhere'."""

    file: str
    line: int
    column: int
    text: str
    is_warning: bool = False

    def for_people(self, said: Callable[[str], str]) -> str:
        """Return it as a line, whose words ``said`` has in the language that is read."""
        place = ":".join([self.file, *map(str, self._numbers().values())])
        line = f"{place}: {'warning: ' * self.is_warning}{said(self.text)}"
        return in_one_line(line)

    def for_github(self) -> str:
        """Return it as a workflow command, which GitHub shows beside the line."""
        where = [f"file={_escaped(self.file).replace(':', '%3A').replace(',', '%2C')}"]
        where += [f"{name}={number}" for name, number in self._numbers().items()]
        return f"::{self.severity} {','.join(where)}::{_escaped(self.text)}"

    def _numbers(self) -> dict[str, int]:
        numbers = {"line": self.line, "col": self.column}
        return {name: number for name, number in numbers.items() if number}

    @property
    def severity(self) -> str:
        """``error`` or ``warning``, as GitHub, SARIF and editors call them."""
        return "warning" if self.is_warning else "error"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def as_json(findings: Sequence[Finding], checked: int) -> str:
    """Return all that was found, and in how many files; an unknown line or column is null."""
    rows = [
        {
            "file": each.file,
            "line": each.line or None,
            "column": each.column or None,
            "severity": each.severity,
            "text": each.text,
        }
        for each in findings
    ]
    warnings = sum(each.is_warning for each in findings)
    counts = {"checked": checked, "problems": len(findings) - warnings, "warnings": warnings}
    return json.dumps({**counts, "findings": rows}, indent=2)


def as_sarif(findings: Sequence[Finding]) -> str:
    """Return it as a log of SARIF 2.1.0, with one run."""
    rules = [
        {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
        for level, (name, text) in RULES.items()
    ]
    run = {
        "tool": {"driver": {"name": "mock-p1 check", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each) for each in findings],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Finding) -> dict[str, Any]:
    path = Path(finding.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding.line:
        column = {"startColumn": finding.column} if finding.column else {}
        place["region"] = {"startLine": finding.line, **column}
    return {
        "ruleId": RULES[finding.severity][0],
        "level": finding.severity,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": place}],
    }
