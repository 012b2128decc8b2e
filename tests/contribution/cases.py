"""SPARQL 1.1 Update as a table: what was, what is asked, what is then. The groups are those of W3C's test suite.

Graphs are TriG; what stands outside braces is the default graph. ``:`` is ``http://example.org/``, but ``:g1`` to
``:g9`` are graphs of the case, below ``g:``.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIXES = """PREFIX : <http://example.org/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""


@dataclass(frozen=True)
class Case:
    """One update: the graphs before it, its text, and the graphs after it."""

    before: str
    update: str
    after: str


FRIENDS = """:a foaf:name "Alan" ; foaf:knows :b . :b foaf:name "Bob" ; foaf:mbox :b1 ."""
TWO = ":a foaf:knows :b . :b foaf:name 'Bob' . :g2 { :b foaf:knows :c . :c foaf:name 'Chris' . }"
THREE = ":d :p 'd' . :g1 { :s :p 'one' . } :g2 { :s :p 'two' . } :g3 { :s :p 'one' , 'three' . }"


def same(before: str, update: str) -> Case:
    """An update after which all is as before."""
    return Case(before, update, before)


INSERT_DATA = {
    "insert-data-spo1": Case("", "INSERT DATA { :s :p :o }", ":s :p :o ."),
    "insert-data-spo-named1": Case("", "INSERT DATA { GRAPH :g1 { :s :p :o } }", ":g1 { :s :p :o }"),
    "insert-data-spo-named2": Case(
        ":g1 { :s :p :o }", "INSERT DATA { GRAPH :g1 { :s :p :o2 } }", ":g1 { :s :p :o , :o2 }"
    ),
    "insert-data-spo-named3": same(":g1 { :s :p :o }", "INSERT DATA { GRAPH :g1 { :s :p :o } }"),
    "insert-data-same-bnode": Case(
        "", "INSERT DATA { GRAPH :g1 { _:b :p :o } GRAPH :g2 { _:b :p :o } }",
        ":g1 { _:b :p :o } :g2 { _:b :p :o }",
    ),
    "mixed graphs": Case(
        "", "INSERT DATA { :s :p 1 GRAPH :g1 { :s :p 2 ; :q 3 , 4 . } . :s :p 5 . GRAPH :g2 { [] :p () } :x :y :z }",
        ":s :p 1 , 5 . :x :y :z . :g1 { :s :p 2 ; :q 3 , 4 } :g2 { [] :p () }",
    ),
    "lexical forms": Case(
        "", "INSERT DATA { :s :p 01 , +1 , 1.0 , 1.00 , 1e0 , '01'^^xsd:byte , 'x'@en , 'x'@en--ltr , '''a\n\"b''' }",
        ":s :p 01 , +1 , 1.0 , 1.00 , 1e0 , '01'^^xsd:byte , 'x'@en , 'x'@en--ltr , '''a\n\"b''' .",
    ),
    "relative names": Case("", "BASE <http://example.org/x/> INSERT DATA { <s> :p <#o> }",
                           "<http://example.org/x/s> :p <http://example.org/x/#o> ."),
    "comments and keywords in any case": Case("", "insert # in\nData{#<\n:s :p'}'}", ":s :p '}' ."),
    "booleans in capitals and escapes": Case(
        "", "INSERT DATA { :s :p TRUE , False , 'a\\u003Cb\\u0022' , <http://example.org/\\u0061> }",
        ":s :p true , false , 'a<b\"' , <http://example.org/a> .",
    ),
    "nothing": same(THREE, "INSERT DATA { }"),
    "an empty graph block": same(THREE, "INSERT DATA { GRAPH :g1 {} }"),
    "no operation at all": same(THREE, "# nothing"),
}  # fmt: skip

INSERT = {
    "insert-where-01": Case(":s :p 'o' .", "INSERT { ?s ?p 'q' } WHERE { ?s ?p ?o }", ":s :p 'o' , 'q' ."),
    "insert-where-02": Case(
        ":s :p 'o' .", "INSERT { GRAPH :g1 { ?s ?p 'q' } } WHERE { ?s ?p ?o }", ":s :p 'o' . :g1 { :s :p 'q' }"
    ),
    "insert-where-03": Case(
        ":d :p 'd' . :g1 { :s :p 'o' }", "WITH :g1 INSERT { ?s ?p 'z' } WHERE { ?s ?p ?o }",
        ":d :p 'd' . :g1 { :s :p 'o' , 'z' }",
    ),
    "insert-where-04": Case(
        ":d :p 'd' . :g1 { :s :p 'o' }", "INSERT { ?s ?p 'q' } USING :g1 WHERE { ?s ?p ?o }",
        ":d :p 'd' . :s :p 'q' . :g1 { :s :p 'o' }",
    ),
    "insert-using-01": Case(
        ":d :p 'd' . :g1 { :s :p 'o' } :g2 { :t :p 'o' }",
        "INSERT { ?s ?p 'q' } USING :g1 USING :g2 WHERE { ?s ?p ?o }",
        ":d :p 'd' . :s :p 'q' . :t :p 'q' . :g1 { :s :p 'o' } :g2 { :t :p 'o' }",
    ),
    "insert-05a": Case(
        ":g1 { :s :p [] , [ :q 1 ] }",
        "INSERT { GRAPH :g2 { ?s ?p ?o } } WHERE { GRAPH :g1 { ?s ?p ?o } } ;"
        "INSERT { GRAPH :g2 { ?s ?p ?o } } WHERE { GRAPH :g1 { ?s ?p ?o } } ;"
        "INSERT { GRAPH :g3 { :s :p ?n } } WHERE { SELECT (COUNT(*) AS ?n) { GRAPH :g2 { ?s ?p ?o } } } ;"
        "DROP GRAPH :g1 ; DROP GRAPH :g2",
        ":g3 { :s :p 3 }",
    ),
    "insert-where-same-bnode": Case(
        "", "INSERT { GRAPH :g1 { _:b :p :o } GRAPH :g2 { _:b :p :o } } WHERE {} ;"
        "INSERT { GRAPH :g3 { ?s ?p ?o } } WHERE { GRAPH :g1 { ?s ?p ?o } GRAPH :g2 { ?s ?p ?o } } ;"
        "DROP GRAPH :g1 ; DROP GRAPH :g2",
        ":g3 { [] :p :o }",
    ),
    "insert-where-same-bnode2": Case(
        "", "INSERT { GRAPH :g1 { _:b :p :o } } WHERE {} ; INSERT { GRAPH :g1 { _:b :p :o } } WHERE {}",
        ":g1 { [] :p :o . [] :p :o }",
    ),
    "a blank node for each solution": Case(
        ":s :p 1 , 2 .", "INSERT { GRAPH :g1 { ?s :q [ :r ?o ] } } WHERE { ?s :p ?o }",
        ":s :p 1 , 2 . :g1 { :s :q [ :r 1 ] , [ :r 2 ] }",
    ),
    "what is no triple is left out": Case(
        ":s :p 1 .", "INSERT { ?o :q ?s . ?s ?o :q . ?s :q ?unbound . ?s :q ?o } WHERE { ?s :p ?o }",
        ":s :p 1 ; :q 1 .",
    ),
    "graphs named by variables": Case(
        THREE, "INSERT { GRAPH ?g { ?s :q ?g } } "
        "WHERE { GRAPH ?g { ?s :p 'one' } FILTER(STRSTARTS(STR(?g), STR(g:))) }",
        ":d :p 'd' . :g1 { :s :p 'one' ; :q :g1 } :g2 { :s :p 'two' } :g3 { :s :p 'one' , 'three' ; :q :g3 }",
    ),
    "a silent call that is not allowed": Case(
        ":s :p 1 .",
        "INSERT { ?s :q TRUE ; :r ?x } WHERE { ?s :p ?o SERVICE SILENT <http://127.0.0.1:9/> { ?o :r ?x } }",
        ":s :p 1 ; :q true .",
    ),
    "USING NAMED alone leaves the default graph empty": same(
        THREE, "INSERT { :x :y :z } USING NAMED :g1 WHERE { ?s ?p ?o }"
    ),
    "USING takes the other graphs away": same(
        THREE, "INSERT { :x :y :z } USING :g1 WHERE { GRAPH :g2 { ?s ?p ?o } }"
    ),
    "triple terms": Case(
        ":s :p :o .", "INSERT { _:r :says <<( ?s ?p ?o )>> } WHERE { ?s ?p ?o }",
        ":s :p :o . [] :says <<( :s :p :o )>> .",
    ),
}  # fmt: skip

DELETE_DATA = {
    "delete-data-01": Case(TWO, "DELETE DATA { :a foaf:knows :b }", TWO.replace(":a foaf:knows :b .", "", 1)),
    "delete-data-02": Case(
        TWO, "DELETE DATA { GRAPH :g2 { :b foaf:knows :c } }", TWO.replace(":b foaf:knows :c .", "")
    ),
    "delete-data-03": same(TWO, "DELETE DATA { :a foaf:knows :c }"),
    "delete-data-04": same(TWO, "DELETE DATA { GRAPH :g2 { :a foaf:knows :b } }"),
    "delete-data-05": same(TWO, "DELETE DATA { :b foaf:knows :c }"),
    "delete-data-06": same(TWO, "DELETE DATA { GRAPH :g9 { :b foaf:knows :c } }"),
    "a value in another form": Case(":s :p 007 , 'seven' .", "DELETE DATA { :s :p 7 }", ":s :p 'seven' ."),
}  # fmt: skip

DELETE = {
    "delete-01": Case(TWO, "DELETE { ?s ?p ?o } WHERE { :a foaf:knows ?s . ?s ?p ?o }",
                      TWO.replace(":b foaf:name 'Bob' .", "")),
    "delete-02": Case(TWO, "DELETE { GRAPH :g2 { ?s ?p ?o } } WHERE { GRAPH :g2 { :b foaf:knows ?s . ?s ?p ?o } }",
                      TWO.replace(":c foaf:name 'Chris' .", "")),
    "delete-03": same(TWO, "DELETE { ?s ?p ?o } WHERE { ?s foaf:knows :c . ?s ?p ?o }"),
    "delete-04": same(TWO, "DELETE { GRAPH :g2 { ?s ?p ?o } } WHERE { GRAPH :g2 { ?s foaf:knows :x . ?s ?p ?o } }"),
    "delete-07": same(TWO, "DELETE { ?s ?p ?o } WHERE { :a foaf:knows ?s }"),
    "delete-with-01": Case(TWO, "WITH :g2 DELETE { ?s ?p ?o } WHERE { :b foaf:knows ?s . ?s ?p ?o }",
                           TWO.replace(":c foaf:name 'Chris' .", "")),
    "delete-with-02": Case(
        TWO, "WITH :g9 DELETE { GRAPH :g2 { ?s ?p ?o } } WHERE { GRAPH :g2 { :b foaf:knows ?s . ?s ?p ?o } }",
        TWO.replace(":c foaf:name 'Chris' .", "")),
    "delete-with-03": same(TWO, "WITH :g2 DELETE { ?s ?p ?o } WHERE { ?s foaf:knows :b . ?s ?p ?o }"),
    "delete-using-01": same(TWO, "DELETE { ?s ?p ?o } USING :g2 WHERE { :b foaf:knows ?s . ?s ?p ?o }"),
    "delete-using-02a": same(
        TWO, "DELETE { ?s ?p ?o } USING :g9 USING NAMED :g2 WHERE { GRAPH :g2 { :b foaf:knows ?s . ?s ?p ?o } }"),
    "delete-using-05": Case(
        TWO, "DELETE { GRAPH :g2 { ?s ?p ?o } } USING :g2 WHERE { ?s foaf:knows :c . ?s ?p ?o }",
        TWO.replace(":b foaf:knows :c .", "")),
    "delete-where-01": Case(TWO, "DELETE WHERE { :a foaf:knows ?b }", TWO.replace(":a foaf:knows :b .", "", 1)),
    "delete-where-02": Case(TWO, "DELETE WHERE { GRAPH :g2 { :b foaf:knows ?x } }",
                            TWO.replace(":b foaf:knows :c .", "")),
    "delete-where-03": same(TWO, "DELETE WHERE { ?a foaf:knows :c }"),
    "delete-where-05": same(TWO, "DELETE WHERE { ?a foaf:name 'Chris' }"),
    "delete-where-06": Case(TWO, "DELETE WHERE { ?a foaf:knows ?b . GRAPH :g2 { ?b ?p ?c } }",
                            ":b foaf:name 'Bob' . :g2 { :c foaf:name 'Chris' }"),
    "all forms of a value": Case(":s :p 1 , 01 , 2 .", "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(?o = 1) }",
                                 ":s :p 2 ."),
}  # fmt: skip

DELETE_INSERT = {
    "delete-insert-01": Case(
        FRIENDS, "DELETE { ?a foaf:knows ?b } INSERT { ?b foaf:knows ?a } WHERE { ?a foaf:knows ?b }",
        FRIENDS.replace("; foaf:knows :b", ". :b foaf:knows :a"),
    ),
    "delete-insert-01b": Case(
        FRIENDS, "DELETE { ?a foaf:knows ?b } WHERE { ?a foaf:knows ?b } ;"
        "INSERT { ?b foaf:knows ?a } WHERE { ?a foaf:knows ?b }",
        FRIENDS.replace("; foaf:knows :b", ""),
    ),
    "delete-insert-01c": Case(
        FRIENDS, "INSERT { ?b foaf:knows ?a } WHERE { ?a foaf:knows ?b } ;"
        "DELETE { ?a foaf:knows ?b } WHERE { ?a foaf:knows ?b }",
        FRIENDS.replace("; foaf:knows :b", ""),
    ),
    "delete-insert-02": Case(
        FRIENDS, "DELETE { ?a foaf:knows ?b } WHERE { ?a foaf:name 'Alan' . ?a foaf:knows ?b }",
        FRIENDS.replace("; foaf:knows :b", ""),
    ),
    "delete-insert-04b": Case(
        FRIENDS, "DELETE { ?a foaf:knows ?b } WHERE { { ?a foaf:name 'Alan' } { ?a foaf:knows ?b } }",
        FRIENDS.replace("; foaf:knows :b", ""),
    ),
    "delete-insert-05b": Case(
        FRIENDS, "DELETE { ?a foaf:knows ?b } INSERT { ?a foaf:knows ?a } "
        "WHERE { { ?a foaf:name 'Alan' } { ?a foaf:knows ?b } }",
        FRIENDS.replace("foaf:knows :b", "foaf:knows :a"),
    ),
    "what is removed and added at once stays": same(
        ":s :p 1 .", "DELETE { ?s :p ?o } INSERT { ?s :p ?o } WHERE { ?s :p ?o }"
    ),
    "the second operation sees the first": Case(
        "", "INSERT DATA { GRAPH :g1 { :s :p 01 } } ; WITH :g1 DELETE { ?s :p ?o } INSERT { ?s :p ?n } "
        "WHERE { ?s :p ?o BIND(?o + 1 AS ?n) } ; "
        "PREFIX x: <http://example.org/x> INSERT DATA { GRAPH :g1 { x:s :p 1 } }",
        ":g1 { :s :p 2 . <http://example.org/xs> :p 1 }",
    ),
}  # fmt: skip

WHOLE_GRAPHS = {
    "clear-default-01": Case(THREE, "CLEAR DEFAULT", THREE.replace(":d :p 'd' .", "")),
    "clear-graph-01": Case(THREE, "CLEAR GRAPH :g1", THREE.replace(":s :p 'one' . }", "}", 1)),
    "clear-named-01": Case(THREE, "CLEAR NAMED", ":d :p 'd' ."),
    "clear-all-01": Case(THREE, "CLEAR ALL", ""),
    "drop-default-01": Case(THREE, "DROP DEFAULT", THREE.replace(":d :p 'd' .", "")),
    "drop-graph-01": Case(THREE, "DROP GRAPH :g1", THREE.replace(":s :p 'one' . }", "}", 1)),
    "drop-named-01": Case(THREE, "DROP NAMED", ":d :p 'd' ."),
    "drop-all-01": Case(THREE, "DROP ALL", ""),
    "add-01": Case(THREE, "ADD DEFAULT TO :g1", THREE.replace("'one' . }", "'one' . :d :p 'd' }", 1)),
    "add-02": Case(THREE, "ADD DEFAULT TO :g9", f"{THREE} :g9 {{ :d :p 'd' }}"),
    "add-03": Case(THREE, "ADD :g1 TO :g2", THREE.replace("'two'", "'two' , 'one'")),
    "add-04": Case(THREE, "ADD :g1 TO :g9", f"{THREE} :g9 {{ :s :p 'one' }}"),
    "add-05": same(THREE, "ADD :g1 TO :g3"),
    "add-06": same(THREE, "ADD SILENT :g9 TO :g1"),
    "add-07": Case(THREE, "ADD GRAPH :g1 TO DEFAULT", f"{THREE} :s :p 'one' ."),
    "add-08": same(THREE, "ADD :g1 TO :g1"),
    "copy-01": Case(THREE, "COPY DEFAULT TO :g1", THREE.replace(":g1 { :s :p 'one'", ":g1 { :d :p 'd'")),
    "copy-02": Case(THREE, "COPY DEFAULT TO :g9", f"{THREE} :g9 {{ :d :p 'd' }}"),
    "copy-03": Case(THREE, "COPY :g1 TO :g2", THREE.replace("'two'", "'one'")),
    "copy-06": Case(THREE, "COPY :g1 TO DEFAULT", THREE.replace(":d :p 'd'", ":s :p 'one'")),
    "copy-07": same(THREE, "COPY :g1 TO :g1"),
    "move-01": Case(THREE, "MOVE DEFAULT TO :g1",
                    THREE.replace(":d :p 'd' .", "").replace(":g1 { :s :p 'one'", ":g1 { :d :p 'd'")),
    "move-03": Case(THREE, "MOVE :g1 TO :g2", THREE.replace(":g1 { :s :p 'one' . }", "").replace("'two'", "'one'")),
    "move-04": Case(THREE, "MOVE :g1 TO :g9", THREE.replace(":g1 {", ":g9 {")),
    "move-06": Case(THREE, "MOVE :g1 TO DEFAULT",
                    THREE.replace(":g1 { :s :p 'one' . }", "").replace(":d :p 'd'", ":s :p 'one'")),
    "move-07": same(THREE, "MOVE :g1 TO :g1"),
    "forms survive": Case(":g1 { :s :p 01 , 1.0 }", "COPY :g1 TO :g2", ":g1 { :s :p 01 , 1.0 } :g2 { :s :p 01 , 1.0 }"),
    "load-silent": same(THREE, "LOAD SILENT <somescheme://elsewhere/>"),
    "load-silent-into": same(THREE, "LOAD SILENT <somescheme://elsewhere/> INTO GRAPH :g1"),
    "clear-silent": same(THREE, "CLEAR SILENT GRAPH :g9"),
    "create-silent": same(THREE, "CREATE SILENT GRAPH :g1"),
    "drop-silent": same(THREE, "DROP SILENT GRAPH :g9"),
    "drop-default-silent": same(":g1 { :s :p 1 }", "DROP DEFAULT ; CLEAR DEFAULT"),
    "copy-silent": same(THREE, "COPY SILENT :g8 TO :g9"),
    "copy-to-default-silent": same(THREE, "COPY SILENT :g9 TO DEFAULT"),
    "move-silent": same(THREE, "MOVE SILENT :g8 TO :g9"),
    "add-silent": same(THREE, "ADD SILENT :g8 TO DEFAULT"),
}  # fmt: skip

GROUPS = {
    "insert data": INSERT_DATA, "insert": INSERT, "delete data": DELETE_DATA, "delete": DELETE,
    "delete insert": DELETE_INSERT, "whole graphs": WHOLE_GRAPHS,
}  # fmt: skip
CASES = {f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()}

LEGAL = (
    "\ufeffDROP ALL",
    "DROP NAMED", "DROP DEFAULT", "DROP ALL", "DROP GRAPH <graph>", "DROP SILENT NAMED", "CREATE GRAPH <graph>",
    "CREATE SILENT GRAPH <graph> ;", "CLEAR SILENT ALL", "INSERT DATA { <s> <p> 'o1', 'o2', 'o3' }",
    "INSERT DATA { <s> <p> <o> GRAPH <G> { <s> <p> 'o' ; <q> <o> } GRAPH <H> { <s> <p> 'o' } <s> <p> <o> }",
    "INSERT # comment\nDATA { GRAPH <G> { <s> <p> 'o1', 'o2' } }", "INSERT \nDATA {  GRAPH <G>{} }",
    "BASE <base:> PREFIX : <http://example/> WITH :g DELETE { <s> ?p ?o . } INSERT { ?s ?p <#o> . } "
    "USING <base:g1> USING <base:g2> USING NAMED :gn1 WHERE { ?s ?p ?o }",
    "DELETE WHERE { GRAPH <G> { <s> <p> 123 ; <q> 4567.0 . } }", "# empty", "BASE <http://example/>", "PREFIX : <x:>",
    "CREATE GRAPH <g> ; PREFIX : <http://e/> LOAD SILENT <remote> INTO GRAPH :g ;",
    "INSERT { ?s ?p ?o } WHERE { SELECT * { ?s ?p ?o } LIMIT 1 }",
)  # fmt: skip
ILLEGAL = (
    "LOAD ;", "CREATE DEAFULT", "DELETE DATA { ?s <p> <o> }", "INSERT DATA { GRAPH ?g {<s> <p> <o> } }",
    "DELETE DATA { GRAPH <G> { <s> <p> <o> . GRAPH <G1> { <s> <p1> 'o1' } } }", "INSERT WHERE { ?s ?p ?o }",
    "CREATE GRAPH <g>\nLOAD SILENT <remote> INTO GRAPH <g>", "CREATE GRAPH <g> ;; CLEAR ALL", "CREATE GRAPH <g> ;;",
    "DELETE WHERE { _:a <p> <o> }", "DELETE { <s> <p> [] } WHERE { ?x <p> <o> }", "DELETE DATA { _:a <p> <o> }",
    "INSERT DATA { _:b <p> <o> } ; INSERT DATA { _:b <p> <o> }", "INSERT DATA { <s> <p> }", "INSERT DATA { <s> <p> <o>",
    "INSERT { <s> <p> <o> }", "DELETE { <s> <p>/<q> <o> } WHERE {}", "SELECT * { ?s ?p ?o }", "COPY <a> <b>",
    "INSERT DATA { x:s <p> <o> }", "CLEAR <g>", "INSERT DATA { <s> <p> <o> } }", "WITH <g> CLEAR DEFAULT",
    "INSERT { <s> <p> ?o } WHERE { ?s ?p ?o . FILTER( }", "INSERT DATA { 1 <p> <o> }",
    "DELETE { <s> <p> (1 2) } WHERE {}",
    "\\u0044ROP ALL", "INSERT DATA { <s> <p> <\\u003E> }",
    "INSERT { ?s ?p ?o } USING WHERE {}", "DROP SILENT", "ADD <a> TO NAMED",
)  # fmt: skip
