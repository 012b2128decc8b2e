"""The house keeps its order: which package may import which, how long things are, and what never gets into a file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("graph", "endpoint")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
ROOMS = ("publication", "sources", "entailment", "validation", "releases", "linking", "query", "linksets")
"""In the order in which data flows: each may import those before it, and none behind it."""
GROUND = {"change", "errors", "namespaces", "formats", "settings", "labels", "description", "jsonld"}
"""Rooms on which all others stand, and which may import only each other, ``releases`` and ``sources``."""
TOP = {"build", "publish", "check", "export", "catalogue", "contributors", "completion", "gate", "privacy", "templates"}
"""Modules that put the rooms together; no room imports them."""
MEANT = {
    ("releases", "publication"),  # a release belongs to one
    ("validation", "sources"), ("entailment", "sources"), ("releases", "sources"),  # chunks are what flows
    ("query", "releases"), ("query", "sources"), ("query", "settings"),
    ("query", "export"), ("releases", "export"),  # answers and downloads are written as exports are
}  # fmt: skip
NEVER = {
    "a path of this machine": re.compile(
        rf"{re.escape(str(REPOSITORY))}(?![\w.-])|(?<![\w.])/(?:root|home/\w+|Users/\w+)/"
    ),
    "a package registry": re.compile(
        r"https?://[\w.:-]*(?:pypi|artifactory|nexus|devpi|registry\.npmjs)[\w.:-]*/", re.I
    ),
    "an index of packages": re.compile(r"^\s*--(?:extra-)?index-url", re.M),
}

COMES_WITH = {"werkzeug": "flask", "jinja2": "flask", "pyparsing": "rdflib", "uritemplate": "csvw",
              "babel": "flask_babel", "markupsafe": "flask"}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules that a module imports anywhere, as their parts; those for type checking only included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(each.name.split(".")) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (tuple(f"{node.module}.{each.name}".split(".")) for each in node.names)


def room(parts: tuple[str, ...]) -> str:
    return parts[1].removesuffix(".py") if len(parts) > 1 else ""


def test_graph_never_imports_endpoint() -> None:
    assert not [name_of(path) for path in (REPOSITORY / "graph").rglob("*.py") for parts in imported(path)
                if parts[0] in ("endpoint", "flask", "werkzeug", "granian", "click")]  # fmt: skip


def test_the_arrows_inside_graph_run_one_way() -> None:
    backwards = set()
    for path in sorted((REPOSITORY / "graph").rglob("*.py")):
        here = room(path.relative_to(REPOSITORY).parts)
        for parts in imported(path):
            there = room(parts) if parts[0] == "graph" else ""
            if here in ROOMS and there in ROOMS and ROOMS.index(there) > ROOMS.index(here):
                backwards.add(f"{name_of(path)} imports graph.{there}")
            if here in ROOMS and there in TOP and (here, there) not in MEANT:
                backwards.add(f"{name_of(path)} imports graph.{there}")
            if here in GROUND and there in (*ROOMS, *TOP) and there not in ("sources", "releases", "publication"):
                backwards.add(f"{name_of(path)} imports graph.{there}")
    assert not backwards


def test_no_room_imports_itself_through_another() -> None:
    """No two modules import each other, at whatever distance."""
    arrows = {
        name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): {
            ".".join(parts[:end]) for parts in imported(path) for end in range(1, len(parts) + 1)
        }
        for path in MODULES
    }
    arrows = {module: (targets & arrows.keys()) - {module} for module, targets in arrows.items()}
    packages = {module for module in arrows if any(each.startswith(f"{module}.") for each in arrows)}
    left = {module: targets - packages for module, targets in arrows.items() if module not in packages}
    while free := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in free:
            del left[module]
    assert not left


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_is_no_longer_than_800_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= 800


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_is_no_longer_than_60_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_functions_are_short_at_the_median() -> None:
    functions = sorted(
        (node.end_lineno or 0) - node.lineno
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert functions[len(functions) // 2] <= 12


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_catches_everything_but_where_it_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"a bare except in line {node.lineno}"
            if isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"):
                around = lines[node.lineno - 2 : node.lineno + 1]
                raises = any(isinstance(each, ast.Raise) for each in ast.walk(node))
                assert raises or any("#" in line or '"""' in line for line in around) or _is_logged(node), (
                    f"line {node.lineno} says no reason"
                )


def _is_logged(node: ast.ExceptHandler) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr in ("exception", "error") for each in ast.walk(node))


def tracked() -> list[Path]:
    """The files that git knows; where this is no clone, those that are not hidden."""
    answer = subprocess.run(["git", "ls-files", "-z"], check=False, capture_output=True, text=True, cwd=REPOSITORY)
    if answer.returncode:
        pytest.skip("this is no git clone")
    return [REPOSITORY / name for name in answer.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


@pytest.mark.parametrize("what", NEVER)
def test_no_tracked_file_holds(what: str) -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__):
            found += [f"{name_of(path)}: {match[0].strip()}" for match in NEVER[what].finditer(text)]
    assert not found


def test_the_lock_files_pin_every_package_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        entries = re.findall(r"^[A-Za-z0-9].*", text.replace("\\\n", " "), re.MULTILINE)
        assert entries
        assert not [entry[:60] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_the_packages_that_are_imported_are_declared() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[=<>\[]", each)[0].lower().replace("-", "_") for each in project["dependencies"]}
    missing = set()
    for path in MODULES:
        for top in {parts[0] for parts in imported(path)} - sys.stdlib_module_names - {*PACKAGES, "_typeshed"}:
            if COMES_WITH.get(top, top) not in declared:
                missing.add(f"{name_of(path)} imports {top}")
    assert not missing


def test_the_service_starts_without_what_only_builds_and_tables_need() -> None:
    """Each takes a tenth of a second or more to import, with every start of the service and of its workers."""
    code = "import sys, endpoint.app, graph.query.holder; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert not loaded & {"csvw", "openpyxl", "pyld", "pyshacl", "rdflib"}
