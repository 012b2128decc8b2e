"""A new publication: the files to begin with, in an empty folder. It builds and publishes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from graph.errors import SettingError
from graph.publication import SETTINGS_FILE
from graph.settings import read_settings

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
    SETTINGS_FILE: SETTINGS,
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
        SettingError: the folder is in use, or base or language are not usable; nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(not each.name.startswith(".") for each in folder.iterdir())):
        raise SettingError(str(folder), "not an empty folder; begin in a new one")
    written = {"base": json.dumps(base), "title": json.dumps(title, ensure_ascii=False), "language": f'"{language}"'}
    made: list[Path] = []
    try:
        for name, text in FILES.items():
            values = written if name == SETTINGS_FILE else {"base": base, "tag": language}
            path = folder / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text if name == ".gitignore" else text.format(**values), encoding="utf-8")
                made.append(path)
                if name == SETTINGS_FILE:
                    read_settings(path)
    except (OSError, SettingError) as problem:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(problem, SettingError):
            raise
        raise SettingError(str(folder), f"cannot be written: {problem.strerror}") from problem
    return made
