"""Which constructs of SPARQL an engine of others answers otherwise than the embedded one, found out by asking both.

Small queries over a few triples, each of one construct or two: where the answers differ, every query that has these
constructs is answered by the embedded engine. So an engine is asked what it answers exactly, as
far as small queries tell, and nothing else. The list holds what some engine is known to answer otherwise; who meets
another difference adds a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pyoxigraph as ox

from graph.model.errors import EngineUnavailableError
from graph.model.formats import RESULTS_JSON
from graph.query.embedded import evaluate
from graph.query.engine import QueryRequest
from graph.query.sparql.rewriting import by_specification, counted_values
from graph.query.sparql.tokens import KEYWORDS, TokenKind
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, tree_of, walk

# The features of a query: the words that it has, and what no word tells.

COMPARING = ("=", "!=", "<", ">", "<=", ">=")
ADDING = ("+", "-", "*", "/")
NO_OPERAND = frozenset([*COMPARING, *ADDING, "(", ",", "&&", "||", "!"])
TRUE_OR_FALSE = frozenset(
    ["BOUND", "EXISTS", "IN", "REGEX", "CONTAINS", "STRSTARTS", "STRENDS", "LANGMATCHES", "SAMETERM", "ISIRI", "ISURI",
     "ISBLANK", "ISLITERAL", "ISNUMERIC", "TRUE", "FALSE"]
)  # fmt: skip
OF_PATTERN = frozenset(["OPTIONAL", "MINUS", "VALUES", "BIND", "FILTER"])
OF_ONE_NODE = {"PathSequence": "path /", "Path": "path |", "SubSelect": "subquery", "ArgList": "call"}
NAMED = (TokenKind.IRI, TokenKind.PREFIXED_NAME)


def features_of(tree: SyntaxTree) -> frozenset[str]:
    """Return the features of a query: words in capitals; in small letters what is made of several."""
    words = [tree.word(number) for number in range(len(tree.tokens))]
    found = set(KEYWORDS.intersection(words))
    if ("VALUES", "(") in pairwise(words):
        found.add("values of several")
    if _has_unbound(tree):
        found.add("unbound variable")
    for node in walk(tree.root):
        found.update(_features(tree, node))
    return frozenset(found)


def _features(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    if node.name.startswith("Path"):
        yield from _of_path(tree, node)
    elif node.name in ("Expression", "Constraint"):
        yield from _of_expression(tree, node)
    elif node.name == "GraphPatternNotTriples":
        yield from _of_pattern(tree, node)
    elif node.name == "GroupGraphPattern" and node.parts and tree.word(node.parts[0].first) == "OPTIONAL":
        yield "optional first"
    elif node.name == "ValuesClause" and node.first < node.last:
        yield "values at the end"
    elif node.name == "SameSubjectPath" and _has_likes(tree, node):
        yield "variable twice"
    elif node.name in OF_ONE_NODE:
        yield OF_ONE_NODE[node.name]


def _has_unbound(tree: SyntaxTree) -> bool:
    """Whether a condition speaks of a variable that no pattern, no VALUES and no BIND has."""
    where = tree.query.part("WhereClause")
    if where is None:
        return False
    is_condition = [False] * len(tree.tokens)
    for node in walk(where):  # from outside to inside: EXISTS has patterns in a condition
        if node.name in ("Expression", "Constraint", "GroupGraphPattern"):
            is_condition[node.first : node.last] = [node.name != "GroupGraphPattern"] * (node.last - node.first)
    names: tuple[set[str], set[str]] = set(), set()
    for number in range(where.first, where.last):
        if tree.is_variable(number):
            names[is_condition[number]].add(tree.name(number))
    return not names[True] <= names[False]


def _has_likes(tree: SyntaxTree, node: SyntaxNode) -> bool:
    """Whether a subject, or a property that is a variable, stands elsewhere in its own triples, too."""
    names = [tree.name(number) for number in range(node.first, node.last) if tree.is_variable(number)]
    heads = {tree.name(node.first)} if tree.is_variable(node.first) else set[str]()
    heads |= {tree.name(each.first) for each in walk(node) if each.name == "VerbPath" and tree.is_variable(each.first)}
    return any(names.count(each) > 1 for each in heads)


def _of_path(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    if node.name == "PathStep":
        yield from (f"path {word}" for word in (tree.word(node.first), tree.word(node.last - 1)) if word in "^?*+")
    elif node.name == "PathPrimary" and tree.word(node.first) == "!":
        yield "path !"
    elif node.name == "Path" and len({tree.written(each) for each in node.parts}) < len(node.parts):
        yield "path | twice"
        yield "path |"
    elif node.name in OF_ONE_NODE:
        yield OF_ONE_NODE[node.name]


def _of_expression(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    numbers = range(node.first, node.last)
    texts = [tree.word(number) for number in numbers]
    is_named = tree.word(node.last) == "AS"
    for number, text in zip(numbers, texts, strict=True):
        if text in COMPARING:
            around = (tree.tokens[number - 1], tree.tokens[number + 1])
            is_iri = any(each.kind in NAMED for each in around) and tree.word(number + 2) != "("
            yield f"{text} iri" if is_iri else f"{text} value"
            if all(each.kind is TokenKind.VARIABLE for each in around):
                yield f"{text} of two"
        elif _is_arithmetic(tree, node, number):
            yield "arithmetic"
        elif text in ("&&", "||", "!"):
            yield f"logic {text}"
        if tree.is_variable(number) and tree.word(number - 1) in ("(", "!", "&&", "||"):
            is_alone = (
                tree.word(number - 2) in ("FILTER", "HAVING", "(", "!", "&&", "||") or tree.word(number - 1) != "("
            )
            if is_alone and tree.word(number + 1) in (")", "&&", "||"):
                yield "variable as truth"
    if is_named and (TRUE_OR_FALSE.intersection(texts) or any(each in (*COMPARING, "&&", "||", "!") for each in texts)):
        yield "boolean as value"
    if is_named:
        yield "value"


def _is_arithmetic(tree: SyntaxTree, node: SyntaxNode, number: int) -> bool:
    text, before = tree.word(number), tree.word(number - 1)
    if text in ADDING:
        return text != "*" or before not in ("(", "DISTINCT")
    return text[0] in "+-" and number > node.first and before not in NO_OPERAND  # in ?n+1 the sign is the number's


def _of_pattern(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    word = tree.word(node.first)
    inner = [each for part in node.parts for each in walk(part)]
    words = {tree.word(each.first) for each in inner if each.name == "GraphPatternNotTriples"}
    if word in ("OPTIONAL", "MINUS", "GRAPH"):
        yield from (
            f"{word.lower()} of {each.lower()}" for each in words & {"OPTIONAL", "MINUS", "VALUES", "BIND", "FILTER"}
        )
        if any(each.name == "SubSelect" for each in inner):
            yield f"{word.lower()} of subquery"
    if word == "FILTER" and any(each.name == "GroupGraphPattern" for each in inner):
        yield "filter of pattern"
    if word == "GRAPH" and (group := node.part("GroupGraphPattern")) is not None:
        if not any(each.name == "SameSubjectPath" for each in group.parts):
            yield "graph without triples"
        if tree.is_variable(node.first + 1):
            name = tree.name(node.first + 1)
            rest = range(node.first + 2, len(tree.tokens))
            if any(tree.is_variable(number) and tree.name(number) == name for number in rest):
                yield "graph's variable again"


# What is asked, over what.

P = "urn:x-hamkor:probe:"
XSD = "http://www.w3.org/2001/XMLSchema#"
TRIPLES = f"""<{P}a> <{P}p> <{P}b> .
<{P}b> <{P}p> <{P}c> .
<{P}c> <{P}p> <{P}a> .
<{P}a> <{P}q> <{P}c> .
<{P}b> <{P}q> <{P}c> .
<{P}a> <{P}n> "1"^^<{XSD}integer> .
<{P}b> <{P}n> "2"^^<{XSD}integer> .
<{P}c> <{P}n> "1.5"^^<{XSD}decimal> .
<{P}a> <{P}m> "1"^^<{XSD}integer> .
<{P}b> <{P}m> "x" .
<{P}c> <{P}m> <{P}a> .
<{P}d> <{P}m> "2014-11-01"^^<{XSD}date> .
<{P}e> <{P}m> "x"@en .
<{P}f> <{P}m> "y"^^<{P}type> .
<{P}a> <{P}l> "Alpha"@en .
<{P}a> <{P}l> "\u0410\u043b\u044c\u0444\u0430"@ru .
<{P}b> <{P}l> "beta" .
<{P}c> <{P}l> "gamma-3"@en-gb .
<{P}a> <{P}e> "z" .
<{P}b> <{P}e> "z"^^<{P}type> .
<{P}c> <{P}e> "1" .
<{P}d> <{P}e> "1"^^<{XSD}integer> .
<{P}e> <{P}e> "1"^^<{XSD}double> .
<{P}f> <{P}e> <{P}z> .
<{P}a> <{P}k> "b" .
<{P}b> <{P}k> "C" .
<{P}c> <{P}k> <{P}k> .
<{P}d> <{P}k> <mailto:a> .
<{P}a> <{P}d> "2014-11-01T09:30:15"^^<{XSD}dateTime> .
<{P}b> <{P}d> "2014-12-31T23:59:59+05:00"^^<{XSD}dateTime> .
"""
TRIPLES += re.sub(rf"<{P}[ml]>", f"<{P}v>", "".join(re.findall(rf".*<{P}[ml]> .*\n", TRIPLES)))
IN_GRAPHS = (f"<{P}a> <{P}g> <{P}b> .\n<{P}a> <{P}p> <{P}b> .\n", f"<{P}a> <{P}g> <{P}c> .\n<{P}c> <{P}p> <{P}b> .\n")
CONSTRUCTS: tuple[tuple[str, str], ...] = (
    # paths
    ("path *", "SELECT * { :a :p* ?x }"),
    ("path *", "SELECT * { ?x :p* ?y }"),
    ("path *", "SELECT * { :a :p* :c }"),
    ("path *", "SELECT * { ?x :q* :c . ?x :n ?n }"),
    ("path *", "SELECT ?x ?y { ?x :l ?n ; (:p|:q)* ?y }"),
    ("path *", "SELECT ?x { :nowhere :p* ?x }"),
    ("path +", "SELECT * { :a :p+ ?x }"),
    ("path +", "SELECT * { ?x :p+ ?y }"),
    ("path +", "SELECT * { :a (:p|:q)+ ?x }"),
    ("path +", "SELECT * { :a (:p/:p)+ ?x }"),
    ("path ?", "SELECT * { :a :p? ?x }"),
    ("path ?", "SELECT * { ?x :q? ?y }"),
    ("path ?", "SELECT * { :a (:p/:p)? ?x }"),
    ("path ?", "SELECT * { :a (:p/(:p|:q))? ?x }"),
    ("path ?", "SELECT * { ?x :l ?l ; (:p/:q)? ?y }"),
    ("path ^", "SELECT * { ?x ^:p ?y }"),
    ("path /", "SELECT * { ?x :p/:q ?y }"),
    ("path |", "SELECT * { ?x :p|:q ?y }"),
    ("path |", "SELECT * { ?x (:p|:q)/:p ?y }"),
    ("path | twice", "SELECT * { ?x :q|:q ?y }"),
    ("path !", "SELECT * { ?x !(:p|:q|^:p) ?y }"),
    # joins
    ("OPTIONAL", "SELECT * { ?x :l ?l OPTIONAL { ?x :q ?y } }"),
    ("OPTIONAL", "SELECT * { ?x :l ?l OPTIONAL { ?x :q ?y } OPTIONAL { ?x :p ?y } }"),
    ("OPTIONAL",
     'SELECT * { ?x :n ?n OPTIONAL { ?x :l ?l FILTER(LANGMATCHES(LANG(?l), "ru")) } OPTIONAL { ?x :l ?l } }'),
    ("OPTIONAL", "SELECT * { ?x :n ?n OPTIONAL { ?x :q ?y FILTER(?n > 1) } }"),
    ("optional first", "SELECT * { OPTIONAL { ?x :nowhere ?y } ?x :q ?z }"),
    ("optional of optional", "SELECT * { ?x :n ?n OPTIONAL { ?x :q ?y OPTIONAL { ?y :l ?z } } }"),
    ("optional of optional", "SELECT * { ?x :n ?n OPTIONAL { ?y :q ?z OPTIONAL { ?x :p ?z } } }"),
    ("optional of values", 'SELECT * { ?x :n ?n OPTIONAL { VALUES ?l { "beta" } ?x :l ?l } }'),
    ("optional of values",
     'SELECT ?x ?w ?y { VALUES ?v { 1 } ?x :n ?n OPTIONAL { VALUES (?v ?w) { (1 "a") (2 "b") } VALUES ?r { :p :q } '
     "?x ?r ?y FILTER(?y != :b) OPTIONAL { ?y :nowhere ?z } } }"),
    # what is no triple's is known in an OPTIONAL, also where nobody asks for it
    *((f"{features},optional of filter",
       f"SELECT ?x ?y {{ {known} ?x :n ?n OPTIONAL {{ ?x :l ?y FILTER(LANG(?y) = ?t) }} }}")
      for features, known in (("VALUES", 'VALUES ?t { "ru" "en" }'), ("BIND", 'BIND("ru" AS ?t)'),
                              ("subquery", '{ SELECT ("ru" AS ?t) { } }'))),
    ("optional of bind", "SELECT * { ?x :n ?n OPTIONAL { ?x :q ?y BIND(STR(?y) AS ?z) } }"),
    ("optional of minus", "SELECT * { ?x :n ?n OPTIONAL { ?x :p ?y MINUS { ?y :q ?z } } }"),
    ("optional of subquery", "SELECT * { ?x :n ?n OPTIONAL { SELECT ?x (COUNT(*) AS ?c) { ?x :q ?y } GROUP BY ?x } }"),
    ("variable twice", "SELECT * { ?x :p ?x }"),
    ("variable twice", "SELECT ?n { ?x :p ?x . ?y :n ?n }"),
    ("variable twice", "SELECT ?n { ?x ?p ?p . ?y :n ?n }"),
    ("UNION", "SELECT * { { ?x :p ?y } UNION { ?x :q ?z } }"),
    ("UNION", "SELECT * { ?x :n ?n { ?x :p ?y } UNION { ?x :q ?y } UNION { } }"),
    ("MINUS", "SELECT * { ?x :n ?n MINUS { ?x :q ?y } }"),
    ("MINUS", "SELECT * { ?x :n ?n MINUS { ?y :q ?z } }"),
    ("MINUS", "SELECT * { ?x :p ?y OPTIONAL { ?x :q ?z } MINUS { ?x :n ?n . ?x :q ?z } }"),
    ("minus of optional",
     "SELECT * { ?x :p ?y ; :n ?n MINUS { ?z :l ?k OPTIONAL { ?z :q ?y } OPTIONAL { ?z :nowhere ?n } } }"),
    ("filter of pattern", "SELECT * { ?x :n ?n FILTER NOT EXISTS { ?x :q ?y } }"),
    ("filter of pattern", "SELECT * { ?x :n ?n FILTER EXISTS { ?x :q ?y . ?y :n ?m FILTER(?m < ?n) } }"),
    ("filter of pattern", "SELECT * { ?x :p ?y FILTER(?y = :a || EXISTS { ?x :q ?z }) }"),
    ("VALUES", "SELECT * { VALUES (?x ?y) { (:a UNDEF) (UNDEF :c) } ?x :p ?y }"),
    ("values of several", 'SELECT ?y { VALUES (?x ?z) { ("x" :b) ("y" :c) } ?x :n ?y }'),
    ("values of several", "SELECT ?x { ?x :n ?n FILTER(BOUND(?y)) VALUES (?x ?y) { (:a :c) (:b UNDEF) } }"),
    ("VALUES", 'SELECT * { VALUES ?l { "Alpha"@en "beta" "1" } ?x :l ?l }'),
    ("VALUES", 'SELECT * { VALUES ?v { "en" } VALUES (?v ?w) { ("en" "x") ("ru" "y") ("en" "z") } ?x :n ?n }'),
    ("values at the end", "SELECT * { ?x :p ?y } VALUES (?x ?y) { (:a :b) (:b UNDEF) }"),
    ("values at the end,OPTIONAL",
     "SELECT * { ?x :p ?y OPTIONAL { ?x :q ?z } } VALUES (?x ?z) { (:a :c) (:c :b) (:c UNDEF) }"),
    ("BIND", "SELECT * { ?x :n ?n BIND(STR(?x) AS ?y) }"),
    ("BIND", "SELECT * { ?x :n ?n BIND(?n AS ?m) ?y :n ?m }"),
    ("BIND,OPTIONAL", 'SELECT * { ?x :n ?n OPTIONAL { ?x :q ?z } BIND(COALESCE(?z, "") AS ?k) OPTIONAL { ?k :l ?l } }'),
    ("BIND,UNION", "SELECT * { { ?x :q ?y BIND(1 AS ?k) } UNION { ?x :l ?y BIND(2 AS ?k) } }"),
    ("BIND,FILTER", "SELECT * { BIND(1 AS ?z) { ?x :n ?v FILTER(BOUND(?z)) } }"),
    ("BIND,= value", "SELECT * { BIND(1 AS ?z) { ?x :n ?v FILTER(?v = ?z) } }"),
    ("BIND,arithmetic", "SELECT ?z ?y { ?x :n ?o BIND(?o + 1 AS ?z) ?y :n ?z }"),
    ("subquery", "SELECT * { ?x :l ?l { SELECT ?x (COUNT(?y) AS ?n) { ?x :p ?y } GROUP BY ?x } }"),
    ("subquery,LIMIT", "SELECT * { { SELECT ?x { ?x :n ?n } ORDER BY ?n LIMIT 2 } ?x :p ?y }"),
    ("subquery,DISTINCT", "SELECT * { { SELECT DISTINCT ?y { ?x :q ?y } } ?y :n ?n }"),
    ("subquery,OPTIONAL", "SELECT * { ?x :n ?n { SELECT ?x ?z { ?x :p ?y OPTIONAL { ?y :q ?z } } } }"),
    ("subquery,GRAPH", "SELECT * { GRAPH ?g { SELECT (COUNT(*) AS ?c) { ?s :g ?x FILTER(?x != :b) } } }"),
    ("DISTINCT", "SELECT DISTINCT ?y { ?x :q ?y }"),
    ("DISTINCT", "SELECT DISTINCT ?m { ?x :v ?m }"),
    ("REDUCED", "SELECT REDUCED ?y { ?x :n ?y }"),
    # graphs
    ("GRAPH", "SELECT * { GRAPH ?g { ?x :g ?y } }"),
    ("GRAPH", "SELECT * { ?x :p ?y GRAPH ?g { ?x :g ?z } }"),
    ("GRAPH,UNION", "SELECT * { { GRAPH ?g { ?x :g ?y } } UNION { GRAPH ?g { ?x :p ?y } } }"),
    ("GRAPH,OPTIONAL", "SELECT * { ?x :l ?l OPTIONAL { GRAPH ?g { ?x :g ?y } } }"),
    ("graph of optional", "SELECT * { GRAPH ?g { ?x :g ?y OPTIONAL { ?y :p ?z } } }"),
    ("graph of minus", "SELECT ?x { GRAPH ?g { ?x :g ?y MINUS { ?z :g ?y } } }"),
    ("graph of values", 'SELECT * { GRAPH ?g { VALUES ?y { :b } ?x :g ?y } }'),
    ("GRAPH,filter of pattern", "SELECT * { GRAPH ?g { ?x :g ?y FILTER EXISTS { ?y :p ?z } } }"),
    ("GRAPH,filter of pattern", "SELECT * { GRAPH ?g { ?x :g :b FILTER EXISTS { ?x :g :c } } }"),
    ("GRAPH,filter of pattern", "SELECT * { ?x :p ?y FILTER EXISTS { GRAPH ?g { ?x :g ?z } } }"),
    ("GRAPH,filter of pattern", "SELECT * { GRAPH <named> { ?x ?p :b FILTER EXISTS { ?x ?p :c } } }"),
    ("GRAPH,filter of pattern", "SELECT * { GRAPH <named> { ?x ?p :b FILTER EXISTS { ?x :q :c } } }"),
    ("GRAPH,filter of pattern", "SELECT ?x { ?x :p :b VALUES ?g { <named> } FILTER EXISTS { GRAPH ?g { ?y :g ?z } } }"),
    ("GRAPH,VALUES", 'SELECT * { VALUES ?y { :b } GRAPH ?g { ?x :g ?y } }'),
    ("graph without triples", "SELECT * { GRAPH ?g { } }"),
    ("graph without triples", "SELECT * { GRAPH ?g { FILTER(BOUND(?g)) } }"),
    ("graph without triples", 'SELECT * { GRAPH ?g { VALUES (?g ?t) { (UNDEF "x") } } }'),
    ("graph's variable again", "SELECT ?g ?x { GRAPH ?g { ?x ?p ?y OPTIONAL { ?x ?p ?g } } }"),
    ("GRAPH,filter of pattern", "SELECT ?x { ?x :p ?g FILTER EXISTS { GRAPH ?g { ?y :g ?z } } }"),
    # comparisons and logic, where terms are of many kinds
    *((f"{sign} iri", f"SELECT * {{ ?x :v ?v FILTER(?v {sign} :a) }}") for sign in COMPARING),
    *((f"{sign} value", f"SELECT * {{ ?x :m ?v FILTER(?v {sign} 1) }}") for sign in COMPARING),
    *((f"{sign} value", f'SELECT * {{ ?x :m ?v FILTER(?v {sign} "x") }}') for sign in COMPARING),
    *((f"{sign} of two", f"SELECT * {{ ?x :m ?v . ?y :v ?w FILTER(?v {sign} ?w) }}") for sign in COMPARING),
    *((f"{sign} of two", f"SELECT * {{ ?x :e ?v . ?y :e ?w FILTER(?v {sign} ?w) }}") for sign in COMPARING),
    *((f"{sign} value", f"SELECT * {{ ?x :n ?v FILTER(?v {sign} 1.5) }}") for sign in COMPARING),
    *((f"{sign} value", f'SELECT * {{ ?x :d ?v FILTER(?v {sign} "2014-12-01T00:00:00"^^xsd:dateTime) }}')
      for sign in COMPARING),
    ("= value", 'SELECT * { ?x :m ?v FILTER(?v = "z"^^:type) }'),
    ("!= value", 'SELECT * { ?x :m ?v FILTER(?v != "z"^^:type) }'),
    ("IN", 'SELECT * { ?x :m ?v FILTER(?v IN (1, "x", :a)) }'),
    ("NOT,IN", 'SELECT * { ?x :m ?v FILTER(?v NOT IN (1, "x", :a)) }'),
    ("unbound variable", "SELECT ?x { ?x :l ?l FILTER(?l = ?nothing) }"),
    ("logic ||", "SELECT * { ?x :m ?v FILTER(?nothing > 0 || ISIRI(?v)) }"),
    ("logic &&", "SELECT * { ?x :m ?v FILTER(!(?nothing > 0 && ISIRI(?v))) }"),
    ("logic !", "SELECT * { ?x :m ?v FILTER(!BOUND(?nothing)) }"),
    ("boolean as value", "SELECT ?x (?n = 1 AS ?y) { ?x :n ?n }"),
    ("boolean as value", "SELECT ?x (ISIRI(?n) AS ?y) { ?x :m ?n }"),
    ("arithmetic", "SELECT ?x (?v + 1 AS ?y) { ?x :m ?v }"),
    ("arithmetic", "SELECT ?x (?v+1 AS ?y) { ?x :m ?v }"),
    ("arithmetic", "SELECT ?x (?v / 2 AS ?y) (?v * 2 AS ?z) (-?v AS ?w) { ?x :n ?v }"),
    ("arithmetic", "SELECT ?x { ?x :n ?v FILTER(?v - 1 < 1) }"),
    ("TRUE", "SELECT (true AS ?x) { }"),
    ("FALSE", "SELECT (false AS ?x) { }"),
    ("variable as truth", "SELECT * { ?x :m ?v FILTER(?v) }"),
    ("variable as truth", "SELECT * { ?x :m ?v FILTER(!?v) }"),
    ("FILTER,OPTIONAL", "SELECT * { ?x :n ?n OPTIONAL { ?x :q ?y } FILTER(!BOUND(?y)) }"),
    # functions
    *((name, f"SELECT ?x ({name}(?v) AS ?y) {{ ?x :v ?v }}")
      for name in ("STR", "LANG", "DATATYPE", "STRLEN", "UCASE", "LCASE", "ENCODE_FOR_URI")),
    *((name, f"SELECT ?x ?v {{ ?x :v ?v FILTER({name}(?v)) }}")
      for name in ("ISIRI", "ISURI", "ISLITERAL", "ISBLANK", "ISNUMERIC", "BOUND")),
    *((name, f"SELECT ?x ({name}(?v) AS ?y) {{ ?x :n ?v }}") for name in ("ABS", "CEIL", "FLOOR", "ROUND")),
    *((name, f"SELECT ?x ({name}(?v) AS ?y) {{ ?x :d ?v }}")
      for name in ("YEAR", "MONTH", "DAY", "HOURS", "MINUTES", "SECONDS", "TZ", "TIMEZONE")),
    *((name, f"SELECT ?x ({name}(?v) AS ?y) {{ ?x :l ?v FILTER(LANG(?v) != 'en') }}")
      for name in ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")),
    *((name, f'SELECT ?x ?v {{ ?x :v ?v FILTER({name}(?v, "a")) }}')
      for name in ("CONTAINS", "STRSTARTS", "STRENDS")),
    *((name, f'SELECT ?x ?v {{ ?x :v ?v FILTER({name}(STR(?v), "a")) }}')
      for name in ("CONTAINS", "STRSTARTS", "STRENDS")),
    *((name, f'SELECT ?x ({name}(?v, "a") AS ?y) {{ ?x :v ?v }}') for name in ("STRBEFORE", "STRAFTER")),
    ("LANG", 'SELECT ?x ?v { ?x :l ?v FILTER(LANG(?v) = "") }'),
    ("LANG", 'SELECT ?x ?v { ?x :l ?v FILTER(LANG(?v) = "en") }'),
    ("LANGMATCHES", 'SELECT ?x ?v { ?x :v ?v FILTER(LANGMATCHES(LANG(?v), "en")) }'),
    ("LANGMATCHES", 'SELECT ?x ?v { ?x :v ?v FILTER(LANGMATCHES(LANG(?v), "*")) }'),
    ("LANGMATCHES", 'SELECT ?x ?v { VALUES ?t { "en-gb" } ?x :v ?v FILTER(LANGMATCHES(?t, LANG(?v))) }'),
    ("SAMETERM", "SELECT ?x ?y { ?x :m ?v . ?y :m|:n ?w FILTER(SAMETERM(?v, ?w)) }"),
    ("SAMETERM", 'ASK { FILTER(SAMETERM("x", "x"^^xsd:string)) }'),
    ("CONCAT",
     'SELECT ?x (CONCAT("a", STR(?v)) AS ?y) (CONCAT(?v, ?v) AS ?z) (CONCAT("a", ?nothing) AS ?w) { ?x :v ?v }'),
    ("SUBSTR", "SELECT ?x (SUBSTR(?v, 2) AS ?y) (SUBSTR(?v, 2, 1) AS ?z) { ?x :l ?v }"),
    ("REPLACE", 'SELECT ?x (REPLACE(?v, "[^a-z0-9]", "-") AS ?y) { ?x :l ?v }'),
    ("REGEX", 'SELECT ?x { ?x :v ?v FILTER(REGEX(?v, "^[a-z]{2,4}")) }'),
    ("REGEX", 'SELECT ?x { ?x :l ?v FILTER(REGEX(STR(?v), "A L", "ix")) }'),
    ("IF", 'SELECT ?x (IF(?v = 1, "one", IF(?v = 2, :two, ?nothing)) AS ?y) { ?x :n ?v }'),
    ("IF", 'SELECT ?x (IF(?nothing, "one", "two") AS ?y) { ?x :n ?v }'),
    ("COALESCE", 'SELECT ?x (COALESCE(?y, ?v) AS ?z) { ?x :n ?v OPTIONAL { ?x :q ?y } }'),
    ("COALESCE", 'SELECT ?x (COALESCE(STRLANG(?nothing, "en"), :a) AS ?z) { ?x :n ?v }'),
    ("COALESCE", 'SELECT ?x (COALESCE(?y, "") AS ?z) { ?x :n ?v OPTIONAL { ?x :q ?y } }'),
    ("STRLANG", 'SELECT ?x (STRLANG(STR(?v), "en") AS ?y) (STRLANG(?v, "en") AS ?z) { ?x :v ?v }'),
    ("STRDT", "SELECT ?x (STRDT(STR(?v), :type) AS ?y) (STRDT(?v, xsd:string) AS ?z) { ?x :v ?v }"),
    ("DATATYPE", 'SELECT (DATATYPE("x") AS ?y) (DATATYPE("x"@en) AS ?z) { }'),
    ("IRI", 'SELECT ?x (IRI(STR(?v)) AS ?y) { ?x :p ?v }'),
    ("URI", 'SELECT ?x (URI(STR(?v)) AS ?y) { ?x :p ?v }'),
    ("BNODE", "SELECT ?x (ISBLANK(BNODE()) AS ?y) { ?x :p ?v }"),
    ("UUID", "ASK { BIND(UUID() AS ?x) BIND(UUID() AS ?y) FILTER(?x != ?y) }"),
    ("STRUUID", "SELECT (STRLEN(STRUUID()) AS ?x) { }"),
    *(("call", f"SELECT ?x (xsd:{name}(?v) AS ?y) {{ ?x :v ?v }}")
      for name in ("string", "boolean", "integer", "decimal", "double")),
    ("call", 'SELECT ?x (xsd:integer(SUBSTR(STR(?v), 1, 4)) AS ?y) { ?x :d ?v }'),
    # groups
    ("COUNT",
     "SELECT (COUNT(*) AS ?c) (COUNT(?y) AS ?d) (COUNT(DISTINCT ?y) AS ?e) { ?x :p ?z OPTIONAL { ?x :q ?y } }"),
    ("COUNT", "SELECT (COUNT(*) AS ?c) { ?x :nowhere ?y }"),
    ("GROUP", "SELECT ?y (COUNT(*) AS ?c) { ?x :q ?y } GROUP BY ?y"),
    ("GROUP", "SELECT ?y (COUNT(*) AS ?c) { ?x :p ?z OPTIONAL { ?x :q ?y } } GROUP BY ?y"),
    ("GROUP", "SELECT ?y (COUNT(*) AS ?c) { ?x :nowhere ?y } GROUP BY ?y"),
    ("GROUP", "SELECT ?k (COUNT(*) AS ?c) { ?x :l ?l } GROUP BY (LANG(?l) AS ?k)"),
    ("HAVING", "SELECT ?y (COUNT(*) AS ?c) { ?x :q ?y } GROUP BY ?y HAVING(COUNT(*) > 1)"),
    ("SUM", "SELECT (SUM(?n) AS ?s) { ?x :n ?n }"),
    ("SUM", "SELECT (SUM(?n) AS ?s) { ?x :m ?n }"),
    ("SUM", "SELECT (SUM(?n) AS ?s) { ?x :nowhere ?n }"),
    ("AVG", "SELECT (AVG(?n) AS ?s) (AVG(DISTINCT ?n) AS ?t) { ?x :n ?n }"),
    ("AVG", "SELECT (AVG(?n) AS ?s) { ?x :m ?n }"),
    ("AVG", "SELECT (AVG(?n) AS ?s) { ?x :nowhere ?n }"),
    ("MIN", "SELECT (MIN(?n) AS ?s) { ?x :n ?n }"),
    ("MAX", "SELECT (MAX(?n) AS ?s) { ?x :n ?n }"),
    *((f"{name},DISTINCT", f"SELECT ?y ({name}(DISTINCT ?nothing) AS ?s) {{ ?x :q ?y }} GROUP BY ?y")
      for name in ("MIN", "MAX", "COUNT", "SUM", "AVG", "SAMPLE", "GROUP_CONCAT")),
    ("MIN", "SELECT (MIN(STR(?n)) AS ?s) { ?x :l ?n }"),
    ("MAX", "SELECT (MAX(?n) AS ?s) { ?x :d ?n }"),
    ("SAMPLE", "SELECT (SAMPLE(?n) AS ?s) { :a :n ?n }"),
    ("GROUP_CONCAT", "SELECT (GROUP_CONCAT(?n) AS ?s) { :a :n ?n }"),
    ("GROUP_CONCAT", 'SELECT (GROUP_CONCAT(STR(?n); SEPARATOR=", ") AS ?s) { :a :n ?n }'),
    # orders, of which the first are asked for
    ("ORDER", "SELECT ?v { ?x :k ?v } ORDER BY ?v LIMIT 2"),
    ("ORDER", "SELECT ?v { ?x :k ?v } ORDER BY DESC(?v) LIMIT 2"),
    ("ORDER,LIMIT", "SELECT ?n { ?x :n ?n } ORDER BY ?n LIMIT 2"),
    ("ORDER,LIMIT", "SELECT ?n { ?x :n ?n } ORDER BY DESC(?n) LIMIT 2"),
    ("ORDER,OFFSET", "SELECT ?n { ?x :n ?n } ORDER BY ?n OFFSET 1"),
    ("ORDER,LIMIT", "SELECT ?v { ?x :p ?v } ORDER BY ?v LIMIT 2"),
    ("ORDER,LIMIT", 'SELECT ?v { VALUES ?v { "x" :a "a" :b } } ORDER BY ?v LIMIT 3'),
    ("ORDER,OFFSET", 'SELECT ?v { VALUES ?v { "x" :a "a" :b } } ORDER BY ?v OFFSET 3'),
)  # fmt: skip
"""What is probed: the features, and a query that has them; where it fails, queries with all of these are not asked."""
A_GRAPH = "<named>"
"""It stands for the first of the named graphs."""
PREFIXED = f"PREFIX : <{P}>\nPREFIX xsd: <{XSD}>\n"
NUMBERS = frozenset(f"{XSD}{name}" for name in ("integer", "decimal", "double", "float"))

Asking = Callable[[str, Sequence[str], Sequence[str]], list[tuple[Any, ...]]]


def unreliable(asking: Asking, product: str, default: str, named: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the constructs that an engine answers otherwise than the embedded one: each the features that it takes.

    Args:
        asking: asks the engine a query over a default graph and named graphs; an ASK gives a truth value.
        product: what it calls itself.
        default: the graph in the engine that holds ``TRIPLES``.
        named: those that hold ``IN_GRAPHS``, in order.
    """
    store = _store(named)
    found = dict[tuple[str, ...], None]()
    for features, query in CONSTRUCTS:
        key = tuple(features.split(","))
        if key not in found and _differs(asking, product, store, PREFIXED + query, default, named):
            found[key] = None
    return tuple(found)


def _store(named: Sequence[str]) -> ox.Store:
    store = ox.Store()
    store.load(TRIPLES.encode(), ox.RdfFormat.N_TRIPLES, lenient=True)
    for graph, triples in zip(named, IN_GRAPHS, strict=True):
        store.load(triples.encode(), ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph), lenient=True)
    return store


def _differs(asking: Asking, product: str, store: ox.Store, query: str, default: str, named: Sequence[str]) -> bool:
    query = query.replace(A_GRAPH, f"<{named[0]}>")
    tree = tree_of(query)
    assert tree is not None  # noqa: S101  it is one of the list
    try:
        found = asking(for_product(tree, product, named).text, (default,), named)
    except EngineUnavailableError:  # what it does not take, the embedded engine is asked at once
        return False
    wanted = evaluate(store, QueryRequest(query, "SELECT", RESULTS_JSON, P), frozenset())
    if isinstance(wanted, ox.QueryBoolean):
        return found != [(bool(wanted),)]
    assert isinstance(wanted, ox.QuerySolutions)  # noqa: S101  none of them is a CONSTRUCT
    names = [each.value for each in wanted.variables]
    rows = Counter(tuple(_plain(row[name]) for name in names) for row in wanted)
    return rows != Counter(tuple(_plain(_of(row, name)) for name in names) for row in found)


def _of(row: Any, name: str) -> object:  # noqa: ANN401  a solution, or the only value of an ASK
    try:
        return row[name]
    except (KeyError, TypeError, IndexError):
        return None


def _plain(term: object) -> object:
    """Return what stands for a term here: a number by its value, since some engines change its digits."""
    if isinstance(term, ox.Literal) and term.datatype.value in NUMBERS:
        try:
            return round(float(term.value), 9), term.datatype.value
        except ValueError:
            return term
    return term


def for_product(tree: SyntaxTree, product: str, graphs: Sequence[str]) -> SyntaxTree:
    """Return a query as an engine has to have it to answer what it means.

    An Oxigraph is the embedded engine elsewhere, and has its faults (``graph.query.embedded.as_meant``).
    """
    if not product.startswith("Oxigraph"):
        return tree
    counted = tree_of(counted_values(tree)) or tree
    return tree_of(by_specification(counted, lambda: list(graphs))) or tree


def has(tree: SyntaxTree, constructs: Sequence[Sequence[str]], more: Sequence[str] = ()) -> bool:
    """Whether a query has any of some constructs, where it gets some more features before it is sent."""
    if not constructs:
        return False
    features = features_of(tree).union(more)
    return any(features.issuperset(each) for each in constructs)


def unfeatured() -> list[str]:
    """Return the queries of the list that have not the features for which they stand: there are none."""
    trees = [(features, query, tree_of(PREFIXED + query)) for features, query in CONSTRUCTS]
    return [query for features, query, tree in trees
            if tree is None or not features_of(tree).issuperset(features.split(","))]  # fmt: skip
