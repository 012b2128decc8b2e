"""What problems say, told in the language of a page; the sentences of ``graph`` are recognised by their templates."""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType

from flask import Flask
from flask_babel import format_decimal
from markupsafe import Markup, escape

from endpoint.http.languages import N_, page_language, translated
from graph.model.errors import Quotation, Sentence

# The sentences with which the package ``graph`` refuses: as templates, so that pages can say them in their language.
#
# An error keeps a finished English text, also when it comes from another process; ``endpoint.http.wordings`` finds here
# what the text was made of. ``%(words)s`` stands for what a library has said. tests/endpoint/test_telling.py compares
# them with the source.

NAMES = MappingProxyType({
    "line": N_("line"), "column": N_("column"), "token": N_("at"), "limit": N_("limit"), "value": N_("its value"),
    "remedy": N_("remedy"), "document": N_("document"), "alternatives": N_("there is"), "example": N_("example"),
    "parameter": N_("parameter"), "privacy": N_("privacy"), "memento": N_("as it was"), "cluster": N_("all of them"),
    "or": N_("or"), "pointer": N_("JSON pointer"), "others": N_("further mistakes"), "more": N_("and more of them"),
    "the document": N_("the document"),
})  # fmt: skip
"""What the members of a problem object are called on a page, and a document that has no name."""

QUERIES = (
    N_("SERVICE <%(iri)s> at line %(line)s, column %(column)s is not among the endpoints that may be called from here"),
    N_("query that endpoint yourself, or ask the operator to allow it"),
    N_("SERVICE %(name)s at line %(line)s, column %(column)s leaves open which endpoint is called"),
    N_("write the endpoint's IRI"),
    N_("a SERVICE clause may be hidden in this query"),
    N_("write names with it as full IRIs"),
    N_("the host %(host)s of a SERVICE clause has no address"),
    N_("check its name"),
    N_("the host %(host)s of a SERVICE clause has the address %(address)s, which is not public"),
    N_("only the operator can allow private addresses, by a setting"),
    N_("ask that endpoint for less, or query it yourself"),
    N_("the query took too long and was stopped"),
    N_("make it more selective, or page it with ORDER BY, LIMIT and OFFSET"),
    N_("the query needs more memory than it may have"),
    N_("ask for less: a LIMIT, fewer patterns without a shared variable, no sorting of everything"),
    N_("the engine gave up on this query: %(words)s"),
    N_("write the query in another way"),
    N_("what stands in GRAPH %(name)s would have to be asked of each of %(number)s graphs; name one"),
    N_("the answer is too large"),
    N_("the document about <%(iri)s> would have more than %(number)s statements"),
    N_("ask for less of it at /sparql"),
    N_("page it with LIMIT"),
    N_("the query has too many tokens"),
    N_("brackets nest too deeply"),
    N_("flatten the query"),
    N_("divide it"),
    N_("the query is larger than %(number)s MiB"),
    N_("the engine has no function <%(iri)s>; the service description lists those it has"),
    N_("the function <%(iri)s> takes another number of arguments"),
    N_("%(form)s cannot hold a graph"),
    N_("ask for Turtle, JSON-LD …"),
    N_("%(form)s cannot hold this answer"),
    N_("ask for JSON or XML"),
    N_("a query that is kept has at most %(number)s characters"),
    N_("%(number)s queries are kept already"),
    N_("send it with each request instead"),
    N_("the query could not be kept: %(words)s"),
    N_("the kept queries cannot be read: %(words)s"),
    N_("the answer could not be made: %(words)s"),
    N_("ask for less, which needs no room on the disk, or try again later"),
    N_("try again"),
)
SYNTAX = (
    N_("this cannot stand here; expected: %(words)s"),
    N_("the query is not complete; expected: %(words)s"),
    N_("the prefix %(prefix)s: is not declared; add PREFIX %(same)s: <…> at the top"),
    N_("this is no word of SPARQL"),
    N_("this bracket is never closed"),
    N_("this brace is never closed"),
    N_("this does not close %(bracket)s of line %(line)s, column %(column)s"),
    N_("nothing is open"),
    N_("there is no query; SELECT, ASK, CONSTRUCT or DESCRIBE is missing"),
    N_("a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE"),
    N_("this begins an update, and a query is needed: SELECT, ASK, CONSTRUCT or DESCRIBE"),
    N_("only one query at a time, and nothing after it"),
    N_("this cannot stand inside a query"),
    N_("FROM cannot stand within brackets; it belongs before WHERE"),
    N_("FROM needs the absolute IRI of a graph, and <%(text)s> is none"),
    N_("an IRI in angle brackets must follow %(word)s"),
    N_("an IRI in angle brackets must follow %(word)s and the prefix"),
    N_("a prefix with its colon must follow PREFIX"),
    N_("an IRI in angle brackets must follow the prefix"),
    N_("a version in quotes must follow VERSION"),
    N_("an IRI must follow SERVICE"),
    N_("an IRI, or NAMED and an IRI, must follow FROM"),
    N_("an IRI must follow FROM NAMED"),
    N_("this string does not end, or holds a line break or an escape that SPARQL does not have"),
    N_("a backslash may stand only in strings, IRIs and the local part of prefixed names"),
    N_("no token of SPARQL begins with this character"),
    N_("this is no absolute IRI, and there is no BASE that would make it one"),
    N_("this name stands for <%(text)s>, which is no legal IRI"),
    N_("this is no legal language tag"),
    N_("a base direction is ltr or rtl"),
    N_("a codepoint escape needs four hexadecimal digits after \\u, eight after \\U"),
    N_("there is no character with this codepoint"),
    N_("codepoint escapes may stand in strings and IRIs only"),
    N_("no IRI may have this character; percent-encode it"),
    N_("an aggregate cannot stand inside another one"),
    N_("a brace { must open here"),
    N_("a surrogate is no character"),
    N_("the engine cannot read the query: %(words)s"),
    N_("the engine cannot read the query about here"),
)
BUSY = (
    N_("the query engine is starting"),
    N_("the service is stopping"),
    N_("the query engine is starting: %(words)s"),
    N_("the query engine did not start"),
    N_("the query engine does not answer"),
    N_("all workers are busy and the queue is full; try again in a moment"),
    N_("the query's process was ended from outside; try again"),
    N_("too many requests of yours wait already"),
    N_("too many documents are being read already"),
    N_("nobody waits for the answer any more"),
    N_("other releases are being asked"),
    N_("another file of this release is being made"),
    N_("ask again in a moment"),
    N_("another process is making a release"),
    N_("wait until it is done"),
    N_("the body breaks off"),
)
WRITES = (
    N_("LOAD in line %(line)s, column %(column)s would fetch a document from elsewhere"),
    N_("send the document yourself, by PUT or POST to the graph"),
    N_("the update has too many tokens"),
    N_("flatten the update"),
    N_("there is no graph <%(graph)s>"),
    N_("say SILENT where that is no matter"),
    N_("the graph <%(graph)s> is there already"),
    N_("say CREATE SILENT"),
    N_("the graph <%(graph)s> is not yours to write"),
    N_("it is left open which graphs this writes; name them by their IRIs"),
    N_("using-graph-uri and USING or WITH exclude each other (SPARQL 1.1 Protocol 2.2.3)"),
    N_("a blank node cannot stand in DELETE; it would match nothing"),
    N_("these are no triples: %(words)s"),
    N_("the IRI of a graph must stand here"),
    N_("DELETE or INSERT must follow WITH"),
    N_("WHERE must stand here"),
    N_("TO must stand here"),
    N_("GRAPH and an IRI, DEFAULT, NAMED or ALL must follow %(word)s"),
    N_("GRAPH and an IRI must follow CREATE"),
    N_("a variable cannot stand in DATA"),
    N_("this label stands in an earlier INSERT DATA, too"),
    N_("<%(text)s> is no absolute IRI"),
    N_("the graph <%(graph)s> is computed and cannot be written"),
    N_("the graph <%(graph)s> is filled by a file and cannot be written"),
    N_("the graph <%(graph)s> is filled by a file and cannot be written (change %(file)s and run hamkor build)"),
    N_("the graph <%(graph)s> would hold what is withheld and cannot be written (ask the publisher)"),
    N_("the graph <%(graph)s> exists already"),
    N_("the graph <%(graph)s> has changed meanwhile"),
    N_("it is longer than %(number)s characters"),
    N_("it holds a blank, a backslash, # or ?, or is no UTF-8"),
    N_("it holds an empty segment, or one of dots"),
    N_("it is no absolute IRI"),
)
RELEASES = (
    N_("there is no release yet"),
    N_("run hamkor build"),
    N_("no graph <%(graph)s> in release %(release)s"),
    N_("there are %(names)s"),
    N_("no release %(release)s"),
    N_("the link %(place)s leads to no release"),
    N_("%(place)s is no link to a release"),
    N_("there are releases, but no link %(place)s to one of them"),
    N_("the newest whole release is %(release)s: run hamkor releases recover"),
    N_("no release is whole: hamkor releases recover says what can be done"),
    N_("%(release)s is not whole: %(words)s"),
    N_("%(name)s: the file is not the one that was written (SHA-256)"),
    N_("hamkor releases list shows what there is"),
    N_("%(name)s cannot be read: %(words)s"),
    N_("%(name)s is of another version"),
    N_("the store is closed"),
    N_("the release could not be written: %(words)s"),
    N_("the current one stays"),
    N_("the folder of releases cannot be written: %(words)s"),
    N_("the store could not be written: %(words)s"),
    N_("%(name)s could not be written: %(words)s"),
    N_("is the disk full?"),
    N_("the lists cannot be kept: %(words)s"),
    N_("%(name)s cannot be written: %(words)s"),
    N_("the machine does not do what is needed: %(words)s"),
    N_("the process that did the work was ended from outside, or the machine has no memory left"),
    N_("the process that made the file was ended from outside, or the machine has no memory left"),
    N_("a write is done whole or not at all: see whether it is, and if not, send it again"),
    N_("what is withheld has changed since the current release was made"),
    N_("the base is <%(now)s> now, and was <%(base)s> in release %(release)s"),
    N_("the file is gone already"),
    N_("ask again"),
    N_("nothing can be kept: %(words)s"),
    N_("the file cannot be kept: %(words)s"),
    N_("take N-Quads, or use hamkor export"),
    N_("this table would have %(number)s"),
    N_("the class has more things than a table holds"),
    N_("take a download, or ask for the properties you need by SPARQL and take the answer as CSV"),
    N_("the publication cannot be used: %(words)s"),
    N_("no more is known"),
    N_("the predicate <%(iri)s>"),
    N_("a control character"),
    N_("a triple as a term"),
)
DOCUMENTS = (
    N_("it speaks of the graph <%(other)s>, and this is about <%(graph)s>"),
    N_("send each graph by itself"),
    N_("written out, it takes more than %(number)s MiB"),
    N_("what was sent takes too long to read and to check"),
    N_("what was sent takes too much memory to read and to check"),
    N_("the body is larger than %(number)s MiB"),
    N_("the file is empty"),
    N_("write at least one triple, or remove it"),
    N_("the file holds no triple"),
    N_("write at least one, or remove the file"),
    N_("a literal of %(size)s bytes is longer than the limit of %(number)s"),
    N_("shorten it, or raise limits.literal_mb in hamkor.toml"),
    N_("a literal of %(thing)s holds the character NUL (U+0000)"),
    N_("remove it: no format carries it"),
    N_("a literal or another token is too long"),
    N_("split it: 8 MiB are taken in JSON-LD, 16 MiB elsewhere"),
    N_("the graph %(name)s has no IRI"),
    N_("name graphs by IRIs"),
    N_("it holds no triple"),
    N_("all of the update is a comment: curl -d takes line ends out, send it with --data-binary"),
    N_("curl -d takes line ends out, so that all is one comment: send it with --data-binary"),
    N_("DELETE, or hamkor withdraw, takes a graph away; PUT without a body empties it"),
    N_("%(text)s is no IRI"),
    N_("%(text)s is no IRI: %(words)s"),
    N_("percent-encode what an IRI may not hold"),
    N_("what looks like a keyword names nothing"),
    N_("%(text)s is no language tag: %(words)s"),
    N_('write it as BCP 47 has it, such as "uz-Latn" or "ru-RU"'),
    N_("%(text)s is no value of %(key)s"),
    N_("write an IRI, or a term of the context"),
    N_("write a string"),
    N_('write "ltr" or "rtl"'),
    N_("a text with @direction and without @language would lose its direction"),
    N_("say its @language, too"),
    N_("no statement is left: it has no @context, and its keys stand for no IRIs: %(names)s"),
    N_("write a @context into it"),
    N_("no statement is left: its keys stand for no IRIs in its @context: %(names)s"),
    N_("declare it in @context, or remove it"),
    N_("%(text)s is a remote JSON-LD context"),
    N_("none is ever fetched; write the context into the file"),
    N_("triple terms nest more than %(number)s deep"),
    N_("objects and arrays nest more than %(number)s deep"),
    N_("elements nest more than %(number)s deep"),
    N_("an element with more than %(number)s attributes"),
    N_("write properties as elements"),
    N_("more than %(number)s prefixes at once"),
    N_("declare fewer"),
    N_("%(text)s is no rdf:parseType"),
    N_("write Literal, Resource, Collection or Triple"),
    N_("rdf:bagID is no longer in RDF/XML, and would be left out"),
    N_("remove it"),
    N_("a property has rdf:resource, and a literal's attribute beside it"),
    N_("remove one of them"),
    N_("XML entity declarations are not read"),
    N_("its XML entities make it more than %(number)s times as long"),
    N_("write the text out in full"),
    N_("a text of more than %(number)s bytes"),
    N_("split it"),
    N_("no well-formed XML: %(words)s"),
    N_("the file is in %(encoding)s, not in UTF-8"),
    N_("save the file as UTF-8"),
    N_("is the file UTF-8, and not UTF-16?"),
    N_("write absolute IRIs, between < and >"),
    N_("declare it with @prefix"),
    N_("%(number)s connected blank nodes cannot be told apart"),
    N_("give them IRIs"),
    N_("not JSON: %(words)s"),
    N_("save it as UTF-8 JSON"),
)
TABLES = (
    N_("the table is empty"),
    N_("write a header and rows, or remove the file"),
    N_("the file is not %(encoding)s"),
    N_('save it as UTF-8, or name its encoding in the metadata: "dialect": {"encoding": …}'),
    N_("the metadata does not know this column"),
    N_("the table lacks this column"),
    N_("make the table and %(file)s agree"),
    N_("column %(number)s is headed %(title)s, the metadata has %(name)s here"),
    N_("put the columns in the order of the metadata, or correct its titles"),
    N_("two columns have this name"),
    N_("rename one of them"),
    N_("the row has %(number)s cells, the table %(columns)s columns"),
    N_("write the delimiters of empty cells too"),
    N_("the row has %(number)s cells, the table %(columns)s columns; the first too many is %(cell)s"),
    N_("put quotation marks around a cell that holds the delimiter"),
    N_("the key %(key)s stands in line %(line)s already"),
    N_("give each row a key of its own"),
    N_("its triple needs %(name)s, which is empty in this row"),
    N_("'%(text)s' is no %(datatype)s"),
    N_("'%(text)s' is no %(datatype)s: %(words)s"),
    N_("'%(text)s' is no %(datatype)s of this column's format"),
    N_("'%(text)s' is no %(datatype)s of this column's format: %(words)s"),
    N_("fill it in"),
    N_("a cell is longer than the limit of %(number)s characters"),
    N_("a line is longer than the limit of %(number)s characters"),
    N_("look for a quotation mark left open"),
    N_("the file holds the character NUL (U+0000)"),
    N_("remove it"),
    N_("the dialect is not usable: %(words)s"),
    N_("correct it in the metadata"),
    N_("the metadata is no JSON object"),
    N_("the context %(name)s is not CSVW's"),
    N_("tables is a list of at least one table description"),
    N_("it describes no table %(name)s"),
    N_("%(name)s is not a file beside the metadata"),
    N_("%(text)s stands where an object belongs"),
    N_("the primary key names %(name)s, which is no column"),
    N_("see the Metadata Vocabulary for Tabular Data"),
    N_("the cell is empty, and the column is required"),
    N_("a cell is longer than the limit"),
    N_("its format is %(form)s"),
    N_('write "@context": "%(iri)s"; other contexts are never fetched'),
    N_("name a text encoding in the metadata's dialect"),
    N_("write it such as %(example)s"),
    N_('give a table "url": "%(name)s"'),
    N_("nothing says what its columns mean: there is no CSVW metadata %(name)s"),
    N_("rename %(name)s to %(wanted)s"),
    N_("%(name)s describes other tables; add this one to it, or write %(wanted)s"),
    N_("write %(name)s beside it, as hamkor template does"),
    N_("the row is one of totals (%(word)s), and no thing of its own"),
    N_("take it out of the table"),
    N_("its header is one cell, which holds %(signs)s"),
    N_('write "delimiter": %(sign)s into the dialect of the metadata'),
    N_('save it as "CSV UTF-8", or write "encoding": "%(encoding)s" into the dialect of the metadata'),
    N_("it is no %(coding)s file: %(words)s"),
    N_("pack it again"),
    N_("the file breaks off"),
    N_("fetch or pack it again"),
    N_("unpacked, it is more than %(number)s MiB"),
    N_("divide it, or raise limits.unpacked_mb in hamkor.toml"),
)
WORDINGS = (*QUERIES, *SYNTAX, *BUSY, *WRITES, *RELEASES, *DOCUMENTS, *TABLES)


# What problems say, told in the language of a page: sentences of ours translated, words of others quoted as English.
#
# It decides nothing; what libraries and the engine say stays English and is marked so, for screen readers, too.

LONGEST = 2_000
"""Longer texts are not compared with the known wordings: nothing of ours is as long."""
WORDS = "words"
"""The fact of a wording that is a library's words."""
SINGLE = frozenset({"datatype", "number", "size", "line", "column", "columns", "encoding", "iri", "graph"})
"""Facts without blanks; a wording must not take a parser's words for its own."""
PLACE = re.compile(r"(%\(\w+\)s)")


def install(app: Flask) -> None:
    """Let templates tell what problems say: ``{{ problem.detail|told }}``, ``{{ "line"|named }}``."""
    app.jinja_env.filters["told"] = told
    app.jinja_env.filters["named"] = lambda name: translated(NAMES[name]) if name in NAMES else name


def told(text: str) -> Markup:
    """Return a text for a page in the reader's language: a sentence translated, anything else quoted as English."""
    sentence = text if isinstance(text, Sentence) else recognised(text)
    if sentence is None:
        return escape(text) if page_language() == "en" else Markup('<q lang="en">{}</q>').format(text)
    template = escape(translated(sentence.template))
    return template % {name: _fact(fact) for name, fact in sentence.facts.items()} if sentence.facts else template


def _fact(fact: object) -> str:
    if isinstance(fact, Sentence | Quotation):
        return told(fact)
    return str(format_decimal(fact)) if isinstance(fact, int) else str(fact)


def recognised(text: str) -> Sentence | None:
    """Return the sentence that a text is, or None: errors from the packages below have their facts in the text only."""
    if len(text) > LONGEST:
        return None
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            facts = {name: Quotation(fact) if name == WORDS else fact for name, fact in found.groupdict().items()}
            return Sentence(template, **facts)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the known wordings, those with most words of their own first."""
    ranked = sorted(WORDINGS, key=lambda each: -len(PLACE.sub("", each)))
    return tuple((each, re.compile(_pattern(each), re.DOTALL)) for each in ranked)


def _pattern(template: str) -> str:
    return "".join(_group(each[2:-2]) if PLACE.fullmatch(each) else re.escape(each) for each in PLACE.split(template))


def _group(name: str) -> str:
    return f"(?P<{name}>\\S+)" if name in SINGLE else f"(?P<{name}>.+?)"
