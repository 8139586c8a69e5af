"""A hook of mkdocs: pages that stand elsewhere in the repository, and pages that code writes.

Pages in Japanese come from the catalogues below ``docs/ja``.

The reference comes from what it describes: scenario keys from the JSON Schema, the command line
from click, the control API from its OpenAPI document, Python names from their docstrings.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from mkdocs.structure.files import File

import mock_p1
from mock_p1.admin.admin_openapi import document as control_api
from mock_p1.cli import COMMANDS, main
from mock_p1.cli.options import ENVIRONMENT
from mock_p1.contract.openapi_document import openapi as imitated_api
from mock_p1.scenario.json_schema import scenario_schema

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from translations import CATALOGUES, in_japanese  # noqa: E402 -- beside this file, which is no package

ELSEWHERE = {
    "README.md": "index.md",
    "README.ja.md": "ja/index.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages of the repository's top folder, and what the site calls them."""

ONLY_THERE = {"LICENSE", "examples/README.md"}
"""Pages of the repository that the site has not."""

KINDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}
"""What a type of JSON Schema is in words."""

REPOSITORY_LINK = re.compile(r"\]\((?:\.\./|docs/)?([\w./-]+)(#[\w-]*)?\)")

CHART = re.compile(
    r'<picture>.*?alt="(?P<alt>[^"]*)" src="[\w/]*charts/(?P<name>\w+)-light\.svg".*?</picture>'
)
"""A chart, light and dark."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files below ``docs``."""
    pages = {site: (ROOT / name).read_text(encoding="utf-8") for name, site in ELSEWHERE.items()}
    pages |= {
        "reference/scenario.md": scenario_keys(),
        "reference/python.md": python_names(),
        "reference/command-line.md": command_line(),
        "reference/variables.md": variables(),
        "reference/control-api.md": swagger("The control API", "control-api.json"),
        "reference/imitated-api.md": swagger("The imitated API", "imitated-api.json"),
        "reference/control-api.json": json.dumps(control_api()),
        "reference/imitated-api.json": json.dumps(imitated_api()),
    }
    for path in CATALOGUES.glob("*.po"):
        pages[f"ja/{ELSEWHERE.get(f'{path.stem}.md', f'{path.stem}.md')}"] = in_japanese(path)
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:  # noqa: ANN401 -- what mkdocs hands over
    """Let links that are right in the repository be right on the site."""
    folder = page.file.src_uri.rpartition("/")[0]
    if folder == "reference":
        return markdown

    def site_link(link: re.Match[str]) -> str:
        name, anchor = ELSEWHERE.get(link[1], link[1]), link[2] or ""
        is_to_english = link[1] == "README.md" and page.file.src_uri == "ja/index.md"
        has_translation = (CATALOGUES / link[1]).with_suffix(".po").exists() and not is_to_english
        above = "../" if folder == "ja" and not has_translation else ""
        return f"]({above}{name}{anchor})" if name not in ONLY_THERE else "](#)"

    pictures = "../pictures/" if folder == "ja" else "pictures/"
    markdown = CHART.sub(_site_chart, markdown).replace('"docs/pictures/', f'"{pictures}')
    return REPOSITORY_LINK.sub(site_link, markdown)


def on_page_context(
    _context: Any,  # noqa: ANN401 -- what mkdocs hands over
    page: Page,
    config: MkDocsConfig,
    **_: Any,  # noqa: ANN401 -- likewise
) -> None:
    """Let a page say its language, and have the theme's words in it."""
    config.theme["language"] = "ja" if page.file.src_uri.startswith("ja/") else "en"


def _site_chart(chart: re.Match[str]) -> str:
    """Return what shows a chart on the site, where a switch changes the theme."""
    return " ".join(
        f"![{chart['alt']}](charts/{chart['name']}-{theme}.svg#only-{theme})"
        for theme in ("light", "dark")
    )


def scenario_keys() -> str:
    """Return the reference of scenario files: a table for the file, one for each shape in it."""
    schema = scenario_schema()
    shapes = {"The file": schema, **schema["$defs"]}
    parts = ["# Keys of a scenario file", "What `mock-p1 schema` says, as tables."]
    for name, shape in shapes.items():
        if rows := _rows(shape):
            head = "| key | value | meaning |\n|---|---|---|\n"
            parts += [f"## {name}", shape.get("description", ""), head + "\n".join(rows)]
    return "\n\n".join(parts)


def _rows(shape: dict[str, Any]) -> list[str]:
    """Return the rows of a table; with what is needed, and what is taken where it is left out."""
    rows = []
    for key, value in shape.get("properties", {}).items():
        meaning = value.get("description", "").replace("\n", " ").replace("|", "\\|")
        if key in shape.get("required", ()):
            meaning += " **Needed.**"
        if value.get("default") not in (None, "", [], {}):
            meaning += f" Left out: `{json.dumps(value['default'])}`."
        rows.append(f"| `{key}` | {_kind(value)} | {meaning} |")
    return rows


def _kind(value: dict[str, Any]) -> str:
    """Return in words what a value is."""
    name = value.get("$ref", "").rpartition("/")[2]
    choices = [_kind(each) for some in ("anyOf", "oneOf") for each in value.get(some, ())]
    words = value.get("enum", [value["const"]] if "const" in value else [])
    inner = value.get("items") or value.get("additionalProperties")
    if name and name != "JsonValue":
        kind = f"[{name}](#{name.lower()})"
    elif words or choices:
        kind = ", ".join(f"`{word}`" for word in words) or " or ".join(dict.fromkeys(choices))
    elif isinstance(inner, dict):
        kind = f"{'list of' if 'items' in value else 'mapping to'} {_kind(inner)}"
    else:
        kind = KINDS.get(value.get("type"), "anything")
    return kind


def python_names() -> str:
    """Return the reference of what ``import mock_p1`` gives."""
    names = [name for name in mock_p1.__all__ if not name.startswith("_")]
    blocks = [f"::: {_home(name)}.{name}" for name in names]
    return "\n\n".join(["# Python", "All of these are imported from `mock_p1` itself.", *blocks])


def _home(name: str) -> str:
    """Return the module that a public name comes from."""
    homes: dict[str, str] = mock_p1._HOMES  # noqa: SLF001 -- our own
    return f"mock_p1.{homes[name]}"


def command_line() -> str:
    """Return the reference of the commands."""
    options = "module: mock_p1.cli", "command: main", "prog_name: mock-p1", "depth: 1"
    lines = [f"    :{option}" for option in (*options, "list_subcommands: True")]
    return "\n".join(["# Command line\n", "::: mkdocs-click", *lines])


def variables() -> str:
    """Return the reference of the environment: every option is a variable too."""
    uses: dict[str, list[str]] = {}
    meanings: dict[str, str] = {}
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        for option in command.params if command else ():
            if isinstance(option, click.Option) and option.name != "help":
                variable = f"{ENVIRONMENT}_{str(option.name).upper()}"
                uses.setdefault(variable, []).append(f"`{name}`")
                meanings.setdefault(variable, (option.help or "").replace("|", "\\|"))
    rows = [f"| `{name}` | {', '.join(uses[name])} | {meanings[name]} |" for name in sorted(uses)]
    head = "| variable | read by | meaning |\n|---|---|---|\n"
    return f"# Variables of the environment\n\n{head}" + "\n".join(rows)


def swagger(title: str, source: str) -> str:
    """Return a page that shows an OpenAPI document."""
    return f'# {title}\n\n[The document]({source}).\n\n<swagger-ui src="{source}"/>'
