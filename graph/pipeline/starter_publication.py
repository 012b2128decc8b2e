"""A new publication: the files to begin with, in an empty folder. It builds and publishes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from graph.model.errors import Quotation, Sentence, SettingError
from graph.model.publication import SETTINGS_FILE
from graph.model.settings import settings_of

SETTINGS = """\
# All settings and their defaults: docs/settings.md of Hamkor.
base = {base}
languages = [{language}]

[about]
title = {{ {language} = {title} }}
# description = {{ {language} = "…" }}
# publisher = {{ {language} = "…" }}
# contact = "mailto:…"
"""
DATA = """\
# One file, one named graph: <{base}graph/organisations>.
@prefix id: <{base}id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<{base}id/organisation/example> a org:Organization ;
    rdfs:label "An example organisation"@{tag} .
"""
SHAPES = """\
# What a valid graph is, and how pages show it: one property shape for each property.
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <{base}shape/> .

shape:Organization a sh:NodeShape ;
    rdfs:label "Organisation"@{tag} ;
    sh:targetClass org:Organization ;
    sh:property shape:Organization-label .

shape:Organization-label a sh:PropertyShape ;
    rdfs:label "Name of an organisation"@{tag} ;
    sh:path rdfs:label ;
    sh:name "Name"@{tag} ;
    sh:order 1 ;
    sh:minCount 1 ;
    sh:datatype rdf:langString ;
    sh:message "An organisation has a name with a language."@{tag} .
"""
FILES = {
    "data/organisations.ttl": DATA,
    "shapes/organisations.ttl": SHAPES,
    ".gitignore": ".hamkor/\n",
}


def begin(folder: Path, base: str, title: str, language: str) -> list[Path]:
    """Write the files of a new publication; return them.

    Args:
        folder: empty but for hidden files; made where it is not there.
        base: the IRI below which its things are named; ends in a slash.
        title: what it is called.
        language: the language tag of its texts.

    Raises:
        SettingError: the folder is in use or cannot be written, or what is asked for is not usable; nothing is left
            behind.
    """
    files = _files(base, title, language)
    made: list[Path] = []
    try:
        if _is_in_use(folder):
            raise SettingError(str(folder), Sentence("not an empty folder; begin in a new one"))
        for name, text in files.items():
            path = folder / name
            if not path.exists():
                made += _made_folders(path.parent)
                made.append(path)
                path.write_text(text, encoding="utf-8")
    except OSError as problem:
        _take_away(made)
        raise SettingError(
            str(folder), Sentence("cannot be written: %(words)s", words=Quotation(problem.strerror))
        ) from problem
    except RecursionError as problem:
        raise SettingError(
            f"{str(folder)[:100]}…", Sentence("cannot be written: too many folders in each other")
        ) from problem
    return [each for each in made if each.is_file()]


def _files(base: str, title: str, language: str) -> dict[str, str]:
    """Return what is to be written, by name.

    Raises:
        SettingError: base, title or language are not usable.
    """
    tag = json.dumps(language)
    settings = {"base": json.dumps(base), "title": json.dumps(title, ensure_ascii=False), "language": tag}
    files = {SETTINGS_FILE: SETTINGS.format(**settings)}
    try:
        files[SETTINGS_FILE].encode()
    except UnicodeEncodeError as problem:
        raise SettingError("init", Sentence("the title is not UTF-8")) from problem
    settings_of(files[SETTINGS_FILE], "init")
    values = {"base": base, "tag": language}  # it is a language, as the settings have been found to say
    return files | {name: text.format(**values) for name, text in FILES.items()}


def _is_in_use(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(not each.name.startswith(".") for each in folder.iterdir()))


def _made_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it that are not there; return them, the uppermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
