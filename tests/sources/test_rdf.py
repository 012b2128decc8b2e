"""RDF files: every format, and every bad input an error that names the place and the remedy."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import create_server, socket

import pytest

from graph.model.errors import SourceError
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.sources.reader import WatchedXml, read_source

BASE = "https://example.org/"
GRAPH = f"{BASE}graph/a"
TRIPLE = b"<http://e/a> <http://e/p> <http://e/b> .\n"
XML = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">{}</rdf:RDF>'
XML_TRIPLE = XML.format('<rdf:Description rdf:about="http://e/a"><e:p rdf:resource="http://e/b"/></rdf:Description>')
REPOSITORY = Path(__file__).resolve().parent.parent.parent


def read(path: Path) -> dict[str, bytes]:
    """The triples of a file by graph."""
    found: dict[str, bytes] = {}
    for chunk in read_source(SourceFile(path, path.name, "data", GRAPH), base=BASE, limits=LimitSettings()):
        found[chunk.graph] = found.get(chunk.graph, b"") + chunk.triples
    return found


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def error(folder: Path, name: str, content: str | bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(write(folder, name, content))
    assert caught.value.path == name
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ttl", "@prefix e: <http://e/> . e:a e:p e:b ."),
        ("a.nt", TRIPLE),
        ("a.nq", TRIPLE),
        ("a.trig", "@prefix e: <http://e/> . { e:a e:p e:b }"),
        ("a.jsonld", '{"@id": "http://e/a", "http://e/p": {"@id": "http://e/b"}}'),
        ("a.rdf", XML_TRIPLE),
    ],
)
def test_reads_each_format_into_the_graph_of_the_file(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert read(write(tmp_path, name, content)) == {GRAPH: TRIPLE}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.nq", "<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n<http://e/a> <http://e/p> <http://e/b> .\n"),
        ("a.trig", "@prefix e: <http://e/> . e:g { e:a e:p e:b } { e:a e:p e:b }"),
        ("a.jsonld", '[{"@id":"http://e/g","@graph":{"@id":"http://e/a","http://e/p":{"@id":"http://e/b"}}},'
                     '{"@id":"http://e/a","http://e/p":{"@id":"http://e/b"}}]'),
    ],
)  # fmt: skip
def test_keeps_a_file_s_own_graph_names(tmp_path: Path, name: str, content: str) -> None:
    assert read(write(tmp_path, name, content)) == {"http://e/g": TRIPLE, GRAPH: TRIPLE}


@pytest.mark.parametrize("name", ["a.ttl", "a.nt", "a.nq", "a.trig"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path, name, b"\xef\xbb\xbf" + TRIPLE)) == {GRAPH: TRIPLE}


def test_a_byte_order_mark_before_json_and_xml(tmp_path: Path) -> None:
    jsonld = b'\xef\xbb\xbf{"@id": "http://e/a", "http://e/p": {"@id": "http://e/b"}}'
    assert read(write(tmp_path, "a.jsonld", jsonld)) == {GRAPH: TRIPLE}
    assert read(write(tmp_path, "a.rdf", b"\xef\xbb\xbf" + XML_TRIPLE.encode())) == {GRAPH: TRIPLE}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ttl", "<a> <http://e/p> <#b> ."),
        ("a.trig", "<a> <http://e/p> <#b> ."),
        ("a.jsonld", '{"@id": "a", "http://e/p": {"@id": "#b"}}'),
        ("a.rdf", XML.format('<rdf:Description rdf:about="a"><e:p rdf:resource="#b"/></rdf:Description>')),
    ],
)
def test_relative_iris_are_resolved_against_the_publication_s_base(tmp_path: Path, name: str, content: str) -> None:
    expected = b"<https://example.org/a> <http://e/p> <https://example.org/#b> .\n"
    assert read(write(tmp_path, name, content)) == {GRAPH: expected}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ('"01"^^<http://www.w3.org/2001/XMLSchema#integer>',) * 2,
        ('"1."^^<http://www.w3.org/2001/XMLSchema#decimal>',) * 2,
        ('"x"^^<http://www.w3.org/2001/XMLSchema#nonNegativeInteger>',) * 2,
        ('"+7"^^<http://www.w3.org/2001/XMLSchema#byte>',) * 2,
        ('"TRUE"^^<http://www.w3.org/2001/XMLSchema#boolean>',) * 2,
        ('"2014-11-31"^^<http://www.w3.org/2001/XMLSchema#date>',) * 2,
        ('"a"^^<http://www.w3.org/2001/XMLSchema#string>', '"a"'),
        ('"Oʻzbekiston"@uz-Latn', '"Oʻzbekiston"@uz-latn'),  # tags have no case (RDF 1.1 Concepts 3.3)
        ('"a\\u0301"', '"a\u0301"'),
    ],
)
def test_lexical_forms_stay_as_written(tmp_path: Path, form: str, expected: str) -> None:
    found = read(write(tmp_path, "a.nt", f"<http://e/a> <http://e/p> {form} .\n"))
    assert found == {GRAPH: f"<http://e/a> <http://e/p> {expected} .\n".encode()}


SYNTAX = [
    ("a.ttl", "<http://e/a> <http://e/p> .\n", 1, 27),
    ("a.ttl", "@prefix e: <http://e/> .\ne:a e:p e:b ;\n  f:q 1 .\n", 3, 3),
    ("a.trig", "@prefix e: <http://e/> .\ne:g { e:a e:p }\n", 2, 15),
    ("a.nt", TRIPLE + b'<http://e/a> <http://e/p> "open .\n', 2, None),
    ("a.nt", TRIPLE * 70_000 + b"<http://e/a> what <http://e/b> .\n", 70_001, 14),
    ("a.nq", TRIPLE + b"<http://e/a> <http://e/p> .\n", 2, 27),
    ("a.jsonld", '{"@id": "http://e/a",\n "http://e/p" 1}', 2, 15),
    ("a.jsonld", '{"@id": "http://e/a",\n "http://e/p": 1', 2, None),
    ("a.rdf", XML.format("\n<rdf:Description><e:p>1</e:q></rdf:Description>"), 2, None),
    ("a.rdf", XML.format("\n\n<rdf:Description rdf:about='a b'/>"), 3, None),
    ("a.rdf", XML_TRIPLE.removesuffix("</rdf:RDF>"), 1, None),
    ("a.rdf", "<html><body>404</body></html>", 1, None),
]


@pytest.mark.parametrize(("name", "content", "line", "column"), SYNTAX)
def test_a_syntax_error_names_file_line_and_column(
    tmp_path: Path, name: str, content: str | bytes, line: int, column: int | None
) -> None:
    problem = error(tmp_path, name, content)
    assert problem.line == line
    assert isinstance(problem.column, int)
    if column is not None:
        assert problem.column == column


REFUSED = [
    ("an empty file", "a.ttl", b"", "the file is empty"),
    ("an empty file", "a.rdf", b"", "the file is empty"),
    ("only comments", "a.ttl", b"# nothing to see\n", "holds no triple"),
    ("only comments", "a.nq", b"# nothing to see\n", "holds no triple"),
    ("only a comment", "a.rdf", b"<!-- nothing -->", "no element found"),
    ("an empty object", "a.jsonld", b"{}", "holds no triple"),
    ("UTF-16 with its mark", "a.ttl", TRIPLE.decode().encode("utf-16"), "save the file as UTF-8"),
    ("UTF-16 without", "a.nt", TRIPLE.decode().encode("utf-16-le"), "UTF-16"),
    ("UTF-16", "a.nq", TRIPLE.decode().encode("utf-16"), "save the file as UTF-8"),
    ("UTF-16", "a.jsonld", '{"@id":"http://e/a"}'.encode("utf-16"), "save the file as UTF-8"),
    ("UTF-16", "a.rdf", XML_TRIPLE.encode("utf-16"), "save the file as UTF-8"),
    ("Latin-1", "a.ttl", '<http://e/a> <http://e/p> "é" .'.encode("latin-1"), "save the file as UTF-8"),
    ("Latin-1", "a.jsonld", '{"@id":"http://e/a","http://e/p":"é"}'.encode("latin-1"), "save the file as UTF-8"),
    ("Latin-1, said", "a.rdf", b'<?xml version="1.0" encoding="ISO-8859-1"?>' + XML_TRIPLE.encode(), "as UTF-8"),
    ("Windows-1251", "a.trig", '<http://e/a> <http://e/p> "дети" .'.encode("cp1251"), "save the file as UTF-8"),
    ("a raw NUL", "a.ttl", b'<http://e/a> <http://e/p> "a\0b" .', "NUL"),
    ("a raw NUL", "a.nq", b'<http://e/a> <http://e/p> "a\0b" .', "NUL"),
    ("a raw NUL", "a.jsonld", b'{"@id":"http://e/a","http://e/p":"a\0b"}', "not allowed in JSON strings"),
    ("a raw NUL", "a.rdf", XML_TRIPLE.replace("<e:p", "\0<e:p").encode(), "no well-formed XML"),
    ("an escaped NUL", "a.ttl", b'<http://e/a> <http://e/p> "a\\u0000b" .', "NUL"),
    ("an escaped NUL", "a.nt", b'<http://e/a> <http://e/p> "a\\U00000000b" .', "a literal of <http://e/a>"),
    ("an escaped NUL", "a.jsonld", b'{"@id":"http://e/a","http://e/p":"a\\u0000b"}', "NUL"),
    ("an escaped NUL", "a.rdf", XML.format("<e:T e:p='a&#0;b'/>").encode(), "invalid character number"),
    ("a NUL in an IRI", "a.ttl", b"<http://e/a\0> <http://e/p> 1 .", "Invalid IRI"),
    ("an escaped NUL in an IRI", "a.nt", b"<http://e/a\\u0000> <http://e/p> <http://e/b> .", "Invalid IRI"),
    ("a NUL in an IRI", "a.jsonld", b'{"@id":"http://e/a\\u0000","http://e/p":1}', "is no IRI"),
    ("a relative IRI", "a.nt", b"<a> <http://e/p> <http://e/b> .", "write absolute IRIs"),
    ("a relative IRI", "a.nq", b"<http://e/a> <http://e/p> <http://e/b> <g> .", "write absolute IRIs"),
    ("a blank node as graph", "a.nq", b"<http://e/a> <http://e/p> <http://e/b> _:g .", "name graphs by IRIs"),
    ("a blank node as graph", "a.trig", b"[] { <http://e/a> <http://e/p> 1 }", "name graphs by IRIs"),
    ("a blank node as graph", "a.jsonld", b'[{"@id":"_:g","@graph":[{"@id":"http://e/a","http://e/p":1}]}]',
     "name graphs by IRIs"),
    ("a literal as graph", "a.nq", b'<http://e/a> <http://e/p> <http://e/b> "g" .', "must be an IRI"),
    ("a literal as graph", "a.trig", b'"g" { <http://e/a> <http://e/p> 1 }', "not a valid subject or graph name"),
    ("a graph that is no IRI", "a.trig", b"<http://e/g g> { <http://e/a> <http://e/p> 1 }", "Invalid IRI"),
    ("a graph that is no IRI", "a.jsonld", b'[{"@id":"g g","@graph":[{"@id":"http://e/a","http://e/p":1}]}]',
     "is no IRI"),
    ("a node under an alias that is no IRI", "a.jsonld",
     b'{"@context":{"id":"@id"},"id":"http://e/{a}","http://e/p":1}', "is no IRI"),
    ("an undeclared prefix", "a.ttl", b"e:a e:p 1 .", "declare it with @prefix"),
    ("a bad language tag", "a.rdf", XML.format("<e:T><e:p xml:lang='ru_RU'>a</e:p></e:T>").encode(), "language tag"),
    ("a blank in an IRI", "a.rdf", XML.format("<e:T><e:p rdf:resource='tel:+9 9'/></e:T>").encode(), "Invalid IRI"),
    ("a parse type", "a.rdf", XML.format("<e:T><e:p rdf:parseType='literal'>a</e:p></e:T>").encode(), "parseType"),
    ("a bag", "a.rdf", XML.format("<e:T rdf:bagID='b'><e:p>a</e:p></e:T>").encode(), "rdf:bagID"),
    ("a resource with a datatype", "a.rdf",
     XML.format("<e:T><e:p rdf:resource='http://e/b' rdf:datatype='http://e/d'/></e:T>").encode(), "beside it"),
    ("a bad language tag", "a.ttl", b'<http://e/a> <http://e/p> "a"@toolongatag .', "subtag"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    assert words in str(error(tmp_path, name, content))


ENTITIES = [
    ("markup", '<!ENTITY e "<b/>">'),
    ("long", f'<!ENTITY e "{"x" * 1001}">'),
    ("nested", '<!ENTITY a "lol"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">'),
    ("external", '<!ENTITY e SYSTEM "file:///etc/hostname">'),
    ("public", '<!ENTITY e PUBLIC "x" "http://127.0.0.1/x">'),
    ("parameter", "<!ENTITY % e \"<!ENTITY f 'x'>\"> %e;"),
    ("unparsed", '<!ENTITY e SYSTEM "x" NDATA n>'),
]


@pytest.mark.parametrize("declaration", [row[1] for row in ENTITIES], ids=[row[0] for row in ENTITIES])
def test_entity_declarations_are_refused(tmp_path: Path, declaration: str) -> None:
    document = f"<!DOCTYPE r [\n{declaration}]>{XML.format('<e:T e:p=&quot;1&quot;/>')}"
    problem = error(tmp_path, "a.rdf", document)
    assert problem.line == 2
    assert "XML entity declarations are not read" in str(problem)


PROTEGE = """<?xml version="1.0"?>
<!-- <!DOCTYPE no> -->
<!DOCTYPE rdf:RDF [
    <!ENTITY e "http://e/" ><!ENTITY e "http://second/">
    <!ENTITY quoted 'a "b" &#62; c' > <!-- ]> -->
]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="&e;">
<rdf:Description rdf:about="&e;a"><e:p>&e;&#x41;&amp;</e:p>
<e:p><![CDATA[&e;]]></e:p><e:q e:r="&quoted;"/></rdf:Description>
{}
</rdf:RDF>"""


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_entities_that_are_plain_texts_are_written_out(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.sources.reader.BLOCK", block)
    (tmp_path / "a.rdf").write_text(PROTEGE.format(""))
    (found,) = read(tmp_path / "a.rdf").values()
    assert b'<http://e/a> <http://e/p> "http://e/A&" .' in found
    assert b'<http://e/a> <http://e/p> "&e;" .' in found
    assert b'<http://e/r> "a \\"b\\" > c" .' in found


def test_a_document_with_entities_is_wrong_in_its_own_line(tmp_path: Path) -> None:
    assert error(tmp_path, "a.rdf", PROTEGE.format('<e:T rdf:about="&e;b c"/>')).line == 10


def test_entities_make_no_document_grow_without_end(tmp_path: Path) -> None:
    document = f'<!DOCTYPE r [<!ENTITY e "{"x" * 100}">]>' + XML.format(f"<e:T><e:p>{'&e;' * 100_000}</e:p></e:T>")
    assert "more than 8 times as long" in str(error(tmp_path, "a.rdf", document))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-7"])
def test_entity_declarations_are_refused_in_disguise(tmp_path: Path, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE r [<!ENTITY e "text">]>{XML_TRIPLE}'
    assert error(tmp_path, "a.rdf", text.encode(encoding))


def test_the_word_entity_in_a_text_is_no_declaration(tmp_path: Path) -> None:
    found = read(write(tmp_path, "a.rdf", XML.format("<e:T><e:p><![CDATA[<!ENTITY x]]></e:p></e:T>")))
    assert b'"<!ENTITY x"' in found[GRAPH]


@pytest.fixture
def listener() -> Iterator[socket]:
    """A listening socket that nobody is expected to connect to."""
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


REMOTE = {
    "a context": {"@context": "URL", "@id": "http://e/a", "p": 1},
    "a context in a list": {"@context": [{"q": "http://e/q"}, "URL"], "@id": "http://e/a", "q": 1},
    "an import": {"@context": {"@version": 1.1, "@import": "URL"}, "@id": "http://e/a", "p": 1},
    "a property's context": {
        "@context": {"p": {"@id": "http://e/p", "@context": "URL"}}, "@id": "http://e/a", "p": {"q": 1},
    },
    "a type's context": {
        "@context": {"T": {"@id": "http://e/T", "@context": ["URL"]}}, "@id": "http://e/a", "@type": "T",
    },
    "a context inside": {"@id": "http://e/a", "http://e/p": {"@context": ["URL"], "q": 1}},
}  # fmt: skip


@pytest.mark.parametrize("document", REMOTE.values(), ids=REMOTE.keys())
def test_remote_contexts_are_refused_and_never_fetched(
    tmp_path: Path, listener: socket, document: dict[str, object]
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/context.jsonld"
    problem = error(tmp_path, "a.jsonld", json.dumps(document, indent=1).replace("URL", url))
    assert "write the context into the file" in str(problem)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_dtd_elsewhere_is_never_fetched(tmp_path: Path, listener: socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/dtd"
    read(write(tmp_path, "a.rdf", f'<!DOCTYPE rdf:RDF SYSTEM "{url}">{XML_TRIPLE}'))
    with pytest.raises(TimeoutError):
        listener.accept()


DEEP = 100_000
NESTED = {
    "triple terms in Turtle": ("a.ttl", "<http://e/a> <http://e/p> " + "<<( <http://e/a> <http://e/p> " * DEEP),
    "triple terms in N-Triples": ("a.nt", "<http://e/a> <http://e/p> " + "<<( <http://e/a> <http://e/p> " * DEEP),
    "reified triples in TriG": ("a.trig", "<< " * DEEP + "<http://e/a> <http://e/p> 1"),
    "triple terms after many strings": (
        "a.ttl",
        '<http://e/a> <http://e/p> "<<" , """ " >> \\""" , \'\\\'\' . # "\n' * 40_000
        + "<http://e/a> <http://e/p> "
        + "<<( <http://e/a> <http://e/p> " * DEEP,
    ),
    "objects": ("a.jsonld", '{"http://e/p":' * DEEP),
    "arrays": ("a.jsonld", '{"http://e/p":' + "[" * DEEP),
    "contexts": ("a.jsonld", '{"@context":' + '{"a":{"@id":"http://e/a","@context":' * DEEP),
    "elements": ("a.rdf", XML.format("<rdf:Description><e:p>" * DEEP)),
    "elements of an XML literal": ("a.rdf", XML.format("<e:T><e:p rdf:parseType='Literal'>" + "<b>" * DEEP)),
}


@pytest.mark.parametrize(("name", "content"), NESTED.values(), ids=NESTED.keys())
def test_what_nests_too_deeply_is_refused_before_it_hurts(tmp_path: Path, name: str, content: str) -> None:
    problem = error(tmp_path, name, content)
    assert re.search(r"nest more than \d+ deep", problem.problem)
    assert problem.line is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ttl", "<http://e/a> <http://e/p> " + "[ <http://e/p> " * 20_000 + "1" + "]" * 20_000 + " ."),
        ("a.trig", "<http://e/a> <http://e/p> " + "(" * 20_000 + "1" + ")" * 20_000 + " ."),
    ],
    ids=["blank nodes", "lists"],
)
def test_blank_nodes_and_lists_of_turtle_may_nest_as_deeply_as_they_like(
    tmp_path: Path, name: str, content: str
) -> None:
    assert read(write(tmp_path, name, content))[GRAPH].count(b"\n") > 20_000


def test_nested_triple_terms_within_the_bound_are_read(tmp_path: Path) -> None:
    text = "<http://e/a> <http://e/p> " + "<<( <http://e/a> <http://e/p> " * 90 + "_:b" + " )>>" * 90 + " .\n"
    assert read(write(tmp_path, "a.nt", text * 2))[GRAPH].count(b"<<(") == 90


def test_a_hundred_signs_in_strings_and_comments_are_no_nesting(tmp_path: Path) -> None:
    text = '<http://e/a> <http://e/p> "' + "<<" * 300 + "\" , '''" + "<< '' " * 300 + "''' . # " + "<<" * 300 + "\n"
    assert read(write(tmp_path, "a.ttl", text))[GRAPH].count(b"\n") == 2


HEAD_AND_TAIL = {
    "a.ttl": ('<http://e/a> <http://e/p> """', '""" .'),
    "a.trig": ("<http://e/g> { <http://e/a> <http://e/p> '", "' }"),
    "a.nt": ('<http://e/a> <http://e/p> "', '" .\n'),
    "a.nq": ('<http://e/a> <http://e/p> "', '" <http://e/g> .\n'),
    "a.jsonld": ('{"@id":"http://e/a","http://e/p":"', '"}'),
    "a.rdf": tuple(XML.format("<e:T><e:p>|</e:p></e:T>").split("|")),
    "b.rdf": tuple(XML.format("<e:T e:p='|'/>").split("|")),
    "c.rdf": tuple(XML.format("<e:T><e:p rdf:parseType='Literal'>|</e:p></e:T>").split("|")),
    "b.ttl": ("# ", "\n<http://e/a> <http://e/p> <http://e/b> ."),
}
READ = """
import resource, sys
from pathlib import Path
from graph.model.errors import SourceError
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.sources.reader import WatchedXml
from graph.sources.reader import read_source
path = Path(sys.argv[1])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
try:
    for _ in read_source(SourceFile(path, path.name, "data", "http://e/g"), base="http://e/", limits=LimitSettings()):
        pass
except SourceError as problem:
    print(problem)
print(peak() - before)
"""


@pytest.mark.parametrize("name", HEAD_AND_TAIL)
def test_a_literal_of_100_mb_is_refused_within_bounded_memory(tmp_path: Path, name: str) -> None:
    path, (head, tail) = tmp_path / name, HEAD_AND_TAIL[name]
    with path.open("w") as stream:
        stream.write(head)
        for _ in range(100):
            stream.write(("<b/>" if name == "c.rdf" else "дети") * (1 << (18 if name == "c.rdf" else 17)))
        stream.write(tail)
    answer = subprocess.run(
        [sys.executable, "-c", READ, path], check=False, capture_output=True, text=True, cwd=REPOSITORY
    )
    assert answer.returncode == 0, answer.stderr
    message, mebibytes = answer.stdout.splitlines()
    assert message.startswith(f"{name}:1")
    assert "split it" in message
    assert int(mebibytes) < 250
    path.unlink()


def test_the_line_of_a_giant_literal_is_found(tmp_path: Path) -> None:
    content = TRIPLE * 500_000 + b'<http://e/a> <http://e/p> "' + b"x" * (17 << 20) + b'" .\n'
    assert abs((error(tmp_path, "a.nt", content).line or 0) - 500_001) <= 1


def test_a_literal_over_the_setting_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.nt", '<http://e/a> <http://e/p> "' + "x" * (2 << 20) + '" .\n')
    source = SourceFile(path, path.name, "data", GRAPH)
    with pytest.raises(SourceError, match=r"limits\.literal_mb"):
        list(read_source(source, base=BASE, limits=LimitSettings(literal_mb=1)))


def test_a_line_of_fifty_megabytes_of_small_statements_is_read(tmp_path: Path) -> None:
    line = "<http://e/a> <http://e/p> <http://e/b> . " * 400_000
    found = read(write(tmp_path, "a.ttl", line))
    assert found[GRAPH] == TRIPLE * 400_000


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").mkdir()
    with pytest.raises(SourceError, match=r"a\.ttl: Is a directory"):
        read(tmp_path / "a.ttl")


def test_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").symlink_to("nowhere.ttl")
    with pytest.raises(SourceError, match=r"a\.ttl: No such file"):
        read(tmp_path / "a.ttl")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.ttl", TRIPLE)
    path.chmod(0)
    with pytest.raises(SourceError, match=r"a\.ttl: Permission denied"):
        read(path)


@pytest.mark.parametrize(
    "inside",
    ["<x:a xmlns:x='urn:x:' " + " ".join(f"x:a{number}='1'" for number in range(1001)) + "/>",
     "<x:a xmlns:x='urn:x:' " + " ".join(f"xmlns:a{number}='urn:{number}:'" for number in range(1001)) + "/>"],
)  # fmt: skip
def test_elements_that_are_filled_beyond_reason_are_not_read(inside: str) -> None:
    document = f"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>{inside}</rdf:RDF>"
    stream = WatchedXml(io.BytesIO(document.encode()), "a.rdf", 1 << 20)
    with pytest.raises(SourceError, match="more than 1000"):
        list(iter(stream.read, b""))
