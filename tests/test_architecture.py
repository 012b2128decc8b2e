"""The house keeps its order: which package may import which, how long things are, and what never gets into a file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from endpoint.served_parts import SERVED
from graph.pipeline.parts import CONTRIBUTION, LINKING, PARTS, PROPOSALS, SPREADSHEETS

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("graph", "endpoint")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
FLOORS = (
    "graph.model", "graph.sources.csvw", "graph.sources", "graph.export", "graph.entailment",
    "graph.releases", "graph.validation", "graph.query", "graph.catalogue", "graph.withholding",
    "graph.parts.linking", "graph.parts.linksets", "graph.parts.templates", "graph.pipeline",
    "graph.parts.contribution", "graph.parts.proposals", "graph.parts.replication", "graph.parts.harvest",
    "graph.parts.spreadsheets",
    "endpoint.urls", "endpoint.current", "endpoint.http", "endpoint.pages", "endpoint.things", "endpoint.sparql",
    "endpoint.graphs", "endpoint.versions", "endpoint.proposals", "endpoint.spreadsheets", "endpoint.reconcile",
    "endpoint.discovery",
    "endpoint.served_parts", "endpoint.replication", "endpoint.harvested", "endpoint.app", "endpoint.threads",
    "endpoint.gateway", "endpoint.server", "endpoint.commands", "endpoint.cli", "endpoint.catalogues",
)  # fmt: skip
"""Every room of the house, in the order in which data flows: each may import those before it, and none behind it."""
SHARED_NAMES = {"__init__"}
"""File names that stand more than once; this list may only shrink. Folders may be named as a file is."""
LEAST_COMMENTS = 0.02
"""The share of lines that are comments: why, beside the line that surprises. It may only grow."""
OF_PARTS = {
    LINKING: (
        "endpoint.things.search",
        "endpoint.reconcile.reconciled_properties",
    ),
    CONTRIBUTION: ("endpoint.graphs.graph_writing",),
    PROPOSALS: ("endpoint.proposals.filled_form", "endpoint.proposals.placing", "endpoint.proposals.signed_in"),
    SPREADSHEETS: ("endpoint.spreadsheets.kept_uploads",),
}
"""What the routes of a part stand on, in ``endpoint``."""
LISTS = {"graph.pipeline.parts", "endpoint.served_parts"}
"""Where the parts are listed, with their steps."""
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


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a module's syntax tree, its own first."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imported(path: Path) -> tuple[tuple[str, ...], ...]:
    """The modules that a module imports anywhere, as their parts; those for type checking only included."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, ...]]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (tuple(each.name.split(".")) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (tuple(f"{node.module}.{each.name}".split(".")) for each in node.names)


def room(module: str) -> str:
    """The room in which a module is: the longest name on the list that it is, or stands below; itself where none is."""
    return max((each for each in FLOORS if f"{module}.".startswith(f"{each}.")), key=len, default=module)


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_graph_never_imports_endpoint() -> None:
    assert not [name_of(path) for path in (REPOSITORY / "graph").rglob("*.py") for parts in imported(path)
                if parts[0] in ("endpoint", "flask", "werkzeug", "granian", "click")]  # fmt: skip


def test_every_module_is_in_a_room_of_the_list_and_every_room_is_there() -> None:
    modules = {module_of(path) for path in MODULES} - {*PACKAGES, "graph.parts"}
    assert {room(each) for each in modules} == {*FLOORS}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_arrows_run_one_way(path: Path) -> None:
    floor = {each: number for number, each in enumerate(FLOORS)}
    here = floor.get(room(module_of(path)), 0)
    there = {room(".".join(parts)) for parts in imported(path)}
    assert not {each for each in there if floor.get(each, -1) > here}


def test_every_folder_of_modules_says_what_it_is() -> None:
    folders = {path.parent for path in MODULES}
    assert not [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_no_file_name_stands_twice() -> None:
    names = Counter(path.stem for path in MODULES)
    assert {name for name, times in names.items() if times > 1} == SHARED_NAMES


def test_no_file_name_of_tests_stands_twice() -> None:
    """pytest takes two of one name for one module, and reads only one of them."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert not {name for name, times in names.items() if times > 1}


def test_no_class_name_stands_twice() -> None:
    names = Counter(node.name for path in MODULES for node in nodes_of(path) if isinstance(node, ast.ClassDef))
    assert not {name for name, times in names.items() if times > 1}


def test_reasons_stand_beside_lines() -> None:
    lines = [line.strip() for path in MODULES for line in path.read_text(encoding="utf-8").splitlines()]
    assert sum(line.startswith("#") for line in lines) / len(lines) >= LEAST_COMMENTS


def package_of_part(module: str) -> str:
    """The package below ``graph.parts`` in which a module is, or nothing."""
    return "".join(module.split(".")[2:3]) if module.startswith("graph.parts.") else ""


def test_each_package_of_a_part_belongs_to_just_one() -> None:
    there = {path.name for path in (REPOSITORY / "graph" / "parts").iterdir() if next(path.glob("*.py"), None)}
    assert sorted(package for part in PARTS for package in part.packages) == sorted(there - {"parts"})


def test_the_core_imports_no_part_and_a_part_only_what_it_needs() -> None:
    """What is served of a part is imported by its routes and commands alone."""
    home = {package: part for part in PARTS for package in part.packages}
    served = {f"endpoint.{each.partition(':')[0]}": served.part for served in SERVED for each in served.blueprints}
    served |= {f"endpoint.commands.{each}": served.part for served in SERVED for each in served.commands.values()}
    served |= {each: part for part, modules in OF_PARTS.items() for each in modules}
    wrong = set()
    for path in MODULES:
        module = module_of(path)
        here = home.get(package_of_part(module)) or served.get(module)
        allowed = {here.name, *here.needs} if here is not None else set[str]()
        for parts in imported(path):
            there = (
                home.get(package_of_part(".".join(parts)))
                or served.get(".".join(parts))
                or served.get(".".join(parts[:-1]))
            )
            if there is not None and there.name not in allowed and module not in LISTS:
                wrong.add(f"{module} imports {'.'.join(parts)}")
    assert not wrong


def test_no_room_imports_itself_through_another() -> None:
    """No two modules import each other, at whatever distance."""
    arrows = {
        module_of(path): {".".join(parts[:end]) for parts in imported(path) for end in range(1, len(parts) + 1)}
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
    assert ast.get_docstring(nodes_of(path)[0]), "no docstring"
    assert text.count("\n") <= 800


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_is_no_longer_than_60_lines(path: Path) -> None:
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_functions_are_short_at_the_median() -> None:
    functions = sorted(
        (node.end_lineno or 0) - node.lineno
        for path in MODULES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert functions[len(functions) // 2] <= 12


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_catches_everything_but_where_it_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in nodes_of(path):
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
    left_out = {"charset_normalizer", "csvw", "httpx", "openpyxl", "pyld", "pyshacl"}
    assert not loaded("endpoint.app", "graph.query.holder") & {*left_out, "rdflib"}
    assert not loaded(*(f"endpoint.{name.partition(':')[0]}" for each in SERVED for name in each.blueprints)) & left_out


def test_a_build_without_shapes_and_rules_does_without_those_who_judge_and_read_them() -> None:
    """A quarter of what a command takes to start would be theirs."""
    commands = "endpoint.commands.releasing", "endpoint.commands.contributing"
    assert not loaded("graph.pipeline.build", "graph.pipeline.write", *commands) & {"pyshacl", "rdflib.plugins.sparql"}


def loaded(*modules: str) -> set[str]:
    """All modules that these load."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split())
