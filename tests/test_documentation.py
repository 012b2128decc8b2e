"""The documentation names every command, option, setting and route, with its default, and none that is not there."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import get_args

import click
import msgspec
import pytest

from endpoint.cli import ORDER, main
from endpoint.gateway import Gateway
from graph.model.publication import Publication
from graph.model.settings import Section, Settings

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
OUTSIDE_FLASK = {"/metrics"}
PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")]


def rows(page: str, beginning: str = "") -> dict[str, list[str]]:
    """The rows of the tables of a page, or of its section that begins so: code of the first cell → the other cells."""
    text = (DOCS / page).read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    (section,) = (each for each in sections if each.startswith(beginning)) if beginning else (text,)
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)][1:-1]
        if cells and "`" in cells[0]:
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1:]))
    return found


def settings_of(kind: type[Section], prefix: str = "") -> dict[str, object]:
    """Every setting by its name → its default."""
    found: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        kinds = (field.type, *get_args(field.type)[:1])  # one table of the name, or any number of them
        table = next((each for each in kinds if isinstance(each, type) and issubclass(each, Section)), None)
        if table is not None:
            found |= settings_of(table, f"{prefix}{field.name}.")
        elif field.required:
            found[prefix + field.name] = None
        else:
            factory = field.default_factory
            found[prefix + field.name] = field.default if factory is msgspec.NODEFAULT else factory()
    return found


def as_toml(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    documented = {name: cells[0].strip("`") for name, cells in rows("settings.md").items()}
    assert documented == {name: as_toml(value) for name, value in settings_of(Settings).items()}


def test_the_settings_of_the_flagship_are_documented() -> None:
    text = (REPOSITORY / "hamkor.toml").read_text(encoding="utf-8")
    assert msgspec.toml.decode(text, type=Settings)


def every_option(command: click.Command) -> list[click.Option]:
    """The options of a command and of the commands below it; those of ``hamkor`` itself are its own only."""
    found = [each for each in command.params if isinstance(each, click.Option)]
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [*found, *(option for each in below for option in every_option(each))]


def options_of(command: click.Command) -> set[str]:
    return {name for each in every_option(command) for name in (*each.opts, *each.secondary_opts)}


def test_every_option_of_hamkor_itself_is_documented_and_no_other() -> None:
    documented = {name for name in rows("commands.md", "# Commands") if name.startswith("-")}
    assert documented == options_of(main) | {"--help", "-h"}


@pytest.mark.parametrize("name", ORDER)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert set(rows("commands.md", f"hamkor {name}\n")) == options_of(command) - {"--publication"}


@pytest.mark.parametrize("name", ORDER)
def test_defaults_and_choices_are_as_documented(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    documented = rows("commands.md", f"hamkor {name}\n")
    for option in (each for each in every_option(command) if each.name != "publication"):
        default, meaning = documented[option.opts[0]]
        if option.show_default:
            assert default.startswith(f"`{option.default}`")
        if isinstance(option.type, click.Choice):
            assert set(option.type.choices) <= set(re.findall(r"`(\w+)`", meaning))


def test_every_command_is_documented_and_no_other() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert re.findall(r"^## hamkor (\w+)$", text, re.MULTILINE) == list(ORDER)


def test_every_route_is_documented_and_no_other(flagship_publication: Publication) -> None:
    from endpoint.app import create_app  # noqa: PLC0415  what serves is needed here only

    rules = create_app(flagship_publication).url_map.iter_rules()
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", str(rule)).replace("<filename>", "<path>") for rule in rules}
    assert set(rows("http.md")) == routes | OUTSIDE_FLASK


def test_the_routes_that_flask_does_not_know_are_the_gateway_s() -> None:
    source = Path(__import__(Gateway.__module__, fromlist=["x"]).__file__).read_text(encoding="utf-8")
    assert all(f'"{route}"' in source for route in OUTSIDE_FLASK)


@pytest.mark.parametrize("page", [*PAGES, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    if not page.exists():
        pytest.skip(f"{page.name} is not written yet")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@cache
def known_files() -> set[str]:
    """The files of the repository as the documentation may call them: by their path, or by their name alone."""
    found = [path for path in REPOSITORY.rglob("*.py") if not {".venv", "node_modules"} & {*path.parts}]
    return {name for path in found for name in (path.name, path.relative_to(REPOSITORY).as_posix())}


@pytest.mark.parametrize("page", [*PAGES, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")))
    files = known_files()
    assert not {name for name in named if not any(f"/{each}".endswith(f"/{name}") for each in files)}


def section(page: Path, title: str) -> str:
    return re.split(r"^#+ ", page.read_text(encoding="utf-8").partition(f"# {title}\n")[2], maxsplit=1, flags=re.M)[0]


def test_the_three_walks_go_through_files_that_are_there() -> None:
    named = re.findall(r"[\w/]+\.(?:py|html)", section(DOCS / "design.md", "Three walks"))
    templates = {path.name for path in (REPOSITORY / "endpoint" / "templates").iterdir()}
    files = known_files()
    assert named
    assert not {
        name for name in named if name.split("/")[-1] not in templates and not any(f.endswith(name) for f in files)
    }


def test_where_to_change_what_names_files_and_what_stands_in_them() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", section(REPOSITORY / "CONTRIBUTING.md", "Where to change what"), re.M)
    for what, where in rows[1:]:
        for path, names in re.findall(r"`([\w/]+\.py)`(?:: ((?:`\w+`(?:, )?)+))?", where):
            text = (REPOSITORY / path).read_text(encoding="utf-8")
            for name in re.findall(r"`(\w+)`", names):
                assert re.search(rf"^(?:class |def |){name}\b", text, re.M), f"{what}: {path} has no {name}"


def test_the_tour_can_be_read_in_an_hour() -> None:
    files = re.findall(r"`([\w/]+\.py)`", section(REPOSITORY / "CONTRIBUTING.md", "The tour"))
    lines = sum((REPOSITORY / name).read_text(encoding="utf-8").count("\n") for name in files)
    assert 1_500 < lines < 3_000
