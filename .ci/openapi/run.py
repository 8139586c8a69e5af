"""Gives our OpenAPI documents, 3.1 and 3.0, to the tools that people use.

Linters and contract test tools accept them; clients in seven languages are generated. Those in
Python and TypeScript play the whole sequence against `mock-p1 serve`; those in Java and Go are
compiled where a compiler is at hand. README.md beside this file says what each tool is for. Usage:
run.py FOLDER, where the packages of package.json are installed. Exit 0 if nothing fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from served import served

from mock_p1.contract.openapi_document import VERSIONS

HERE: Final = Path(__file__).parent
SECRET, KEY = "demo-secret", "demo-key"
LONGEST_SECONDS: Final = 300
TSC: Final = (
    *("--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", "node"),
    *("--module", "commonjs", "--moduleResolution", "node10", "--esModuleInterop"),
)
ERROR_FIELDS: Final = {
    "java": ("Error.java", "Long code", "String error", "String message"),
    "go": ("model_error.go", "Code int64", "Error string", "Message string"),
    "csharp": ("Error.cs", "long Code", "string VarError", "string Message"),
    "kotlin": ("Error.kt", "code: kotlin.Long", "error: kotlin.String", "message: kotlin.String"),
    "rust": ("error.rs", "code: i64", "error: String", "message: String"),
}
"""The file of the model of errors in each language, and what it must say."""


class FailedError(Exception):
    """A tool did not accept the document; what it said."""


@dataclass(frozen=True)
class Work:
    """A document, the folder where tools work on it, and the server it is about."""

    version: str
    folder: Path
    url: str

    def run(self, tool: str | Path, *arguments: str | Path, **environment: str) -> None:
        """Run a tool of Python, Node or the system in the folder; FailedError if it fails."""
        python = Path(sys.executable).with_name(str(tool))
        node = self.folder.parent / "node_modules" / ".bin" / tool
        found = next((path for path in (python, node) if path.is_file()), tool)
        done = subprocess.run(
            [found, *arguments], cwd=self.folder, check=False, timeout=LONGEST_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            env=os.environ | {"REDOCLY_TELEMETRY": "off", "NO_PROXY": "*"} | environment,
        )  # fmt: skip
        if done.returncode:
            raise FailedError(f"{tool}: exit {done.returncode}\n{done.stdout}")


def lint(work: Work) -> None:
    """Neither an error nor a warning."""
    work.run("openapi-spec-validator", "openapi.json")
    rules = HERE / "spectral.yaml"
    work.run("spectral", "lint", "--ruleset", rules, "--fail-severity", "hint", "openapi.json")
    work.run("redocly", "lint", "--extends", "recommended-strict", "openapi.json")


def typescript(work: Work) -> None:
    """Four generated clients pass the compiler, strictly, and play the whole sequence."""
    output = {"target": "orval.ts", "client": "fetch", "baseUrl": work.url}
    config = json.dumps({"api": {"input": "openapi.json", "output": output}})
    (work.folder / "orval.config.cjs").write_text(f"module.exports = {config}", encoding="utf-8")
    shutil.copy(HERE / "play.ts", work.folder)
    work.run("openapi-typescript", "openapi.json", "-o", "openapi-typescript.ts")
    work.run("openapi-ts", "-i", "openapi.json", "-o", "hey-api")
    work.run("orval", "--config", "orval.config.cjs")
    work.run("swagger-typescript-api", "generate", "-p", "openapi.json",
             "-o", "swagger-typescript-api")  # fmt: skip
    work.run("tsc", *TSC, "--outDir", "played", "play.ts")
    work.run("node", "played/play.js", work.url, SECRET)


def python(work: Work) -> None:
    """Two generated clients play the whole sequence."""
    work.run("openapi-generator-cli", "generate", "-g", "python", "-i", "openapi.json",
             "-o", ".")  # fmt: skip
    work.run("openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none",
             "--output-path", "openapi_python_client_made")  # fmt: skip
    work.run("python", HERE / "play.py", work.url, SECRET)


def other_languages(work: Work) -> None:
    """The model of errors has typed fields; what there is a compiler for is compiled."""
    for language in ERROR_FIELDS:
        config = {"generatorName": language, "inputSpec": "openapi.json", "outputDir": language}
        if language == "java":
            config |= {"library": "native", "additionalProperties": {"openApiNullable": False}}
        (work.folder / f"{language}.json").write_text(json.dumps(config), encoding="utf-8")
    work.run("openapi-generator-cli", "batch", *(f"{language}.json" for language in ERROR_FIELDS))
    for language, (name, *fields) in ERROR_FIELDS.items():
        (model,) = (work.folder / language).rglob(name)
        missing = [field for field in fields if field not in model.read_text(encoding="utf-8")]
        if missing:
            raise FailedError(f"{language}: {name} lacks {missing}")
    if shutil.which("javac"):
        import openapi_generator_cli  # noqa: PLC0415 -- its jar has the libraries of the client

        libraries = Path(openapi_generator_cli.__file__).with_name("openapi-generator.jar")
        sources = (work.folder / "java" / "src" / "main").rglob("*.java")
        work.run("javac", "-nowarn", "-cp", libraries, "-d", "compiled",
                 HERE / "Generated.java", *sources)  # fmt: skip
    if shutil.which("go"):
        made = replace(work, folder=work.folder / "go")
        made.run("go", "build", "-mod=mod", ".", GOPROXY="off", GOFLAGS="-buildvcs=false")


def contract_tools(work: Work) -> None:
    """Each call that a tool makes of the examples is answered as the document says."""
    work.run("openapi2postmanv2", "-s", "openapi.json", "-o", "postman.json",
             "-O", "parametersResolution=Example,folderStrategy=Tags")  # fmt: skip
    _with_a_check_and_a_secret(work.folder / "postman.json")
    work.run("newman", "run", "postman.json",
             "--env-var", f"baseUrl={work.url}", "--env-var", f"apiKey={KEY}")  # fmt: skip
    work.run("dredd", "openapi.json", work.url, "--header", f"x-api-key: {KEY}",
             "--hookfiles", HERE / "dredd-hooks.cjs", SECRET_KEY=SECRET)  # fmt: skip
    _with_named_examples(work.folder)
    work.run("specmatic", "test", "named.json", f"--testBaseURL={work.url}",
             apiKey=KEY, secretKey=SECRET)  # fmt: skip


def _with_a_check_and_a_secret(collection: Path) -> None:
    """Let Postman expect a 200 of every call, and send the secret key where that is needed."""
    made = json.loads(collection.read_text(encoding="utf-8"))
    check = 'pm.test("200", () => pm.response.to.have.status(200));'
    made["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": [check]}}]
    (retrain,) = made["item"]
    for call in retrain["item"]:
        if call["request"]["url"]["path"][-1] == "api-key":
            call["request"]["auth"]["apikey"][1]["value"] = SECRET
    collection.write_text(json.dumps(made), encoding="utf-8")


def _with_named_examples(folder: Path) -> None:
    """Write the document as Specmatic plays it: examples of parameters under a response's name.

    Dredd and Postman read only the one ``example``; OpenAPI allows one or the other.
    """
    document = json.loads((folder / "openapi.json").read_text(encoding="utf-8"))
    for operation in (each for path in document["paths"].values() for each in path.values()):
        names = operation["responses"]["200"]["content"]["application/json"]["examples"]
        for parameter in operation["parameters"]:
            example = {"value": parameter.pop("example")}
            parameter["examples"] = dict.fromkeys(names, example)
    (folder / "named.json").write_text(json.dumps(document), encoding="utf-8")


PARTS = (typescript, contract_tools, other_languages, python, lint)


def main(tools: Path) -> int:
    """Run all parts with both documents; return the exit status."""
    with served(HERE / "scenario.yaml", "--speed", "3600") as url, ThreadPoolExecutor(2) as pool:
        works = [_work(version, tools, url) for version in VERSIONS]
        return max(pool.map(_done, [partial(part, work) for part in PARTS for work in works]))


def _work(version: str, tools: Path, url: str) -> Work:
    folder = tools / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = [sys.executable, "-m", "mock_p1", "openapi", "--spec", version]
    (folder / "openapi.json").write_bytes(subprocess.check_output(command))
    return Work(version, folder, url)


def _done(part: partial[None]) -> int:
    """Run a part; say how it went, and return an exit status."""
    began = time.monotonic()
    name = f"OpenAPI {part.args[0].version}, {part.func.__name__}"
    try:
        part()
    except (FailedError, subprocess.TimeoutExpired) as failed:
        print(f"{name}: FAILED\n{failed}", flush=True)
        return 1
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
