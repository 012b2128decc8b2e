"""The terms of SHACL's namespace: which there are, and which of them are not evaluated here.

SHACL 1.0 (core and SPARQL) is evaluated. The Advanced Features, the JavaScript extensions and the drafts of SHACL 1.2
are not: what a shape asks for with their terms does not happen.
"""

from __future__ import annotations

from difflib import get_close_matches

from rdflib import SH

NAMESPACE = str(SH)
BLANK_OR_IRI_OR_LITERAL = frozenset({
    SH.BlankNode, SH.IRI, SH.Literal, SH.BlankNodeOrIRI, SH.BlankNodeOrLiteral, SH.IRIOrLiteral,
})  # fmt: skip
"""The values of sh:nodeKind."""
JAVASCRIPT = frozenset({
    "js", "jsFunctionName", "jsLibrary", "jsLibraryURL", "JSConstraint", "JSConstraintComponent", "JSExecutable",
    "JSFunction", "JSLibrary", "JSRule", "JSTarget", "JSTargetType", "JSValidator", "scriptURL",
})  # fmt: skip
TARGETS = frozenset({"target", "SPARQLTarget", "SPARQLTargetType", "Target", "TargetType"})
RULES = frozenset({"rule", "Rule", "SPARQLRule", "TripleRule"})
EXPRESSIONS = frozenset({
    "expression", "values", "ExpressionConstraintComponent", "SPARQLFunction", "Function", "filterShape", "nodes",
    "intersection", "union", "if", "then", "else", "exists", "count", "distinct", "groupConcat", "limit", "offset",
    "orderBy", "min", "max", "sum",
})  # fmt: skip
ENTAILMENT = frozenset({"entailment"})
DRAFTS = frozenset({
    "reifierShape", "reificationRequired", "memberShape", "uniqueMembers", "minListLength", "maxListLength",
    "singleLine", "subsetOf", "someValue", "uniqueValuesFor", "rootClass", "nodeByExpression", "targetWhere",
    "ShapeClass", "Debug", "Trace", "NodeExpression", "NamedParameterExpression", "ListParameterExpression",
    "defaultValue",
    "propertyValuesFor", "SPARQLExpr", "SPARQLSelectExpression", "selectExpr", "sparqlExpr", "codeIdentifier", "intent",
    "agentInstruction", "conformanceDisallows", "resultSeverity",
})  # fmt: skip
SILENT = frozenset({"defaultValue", "codeIdentifier", "intent", "agentInstruction", "resultSeverity"})
"""Terms that ask for nothing: they tell people and forms something, or stand in reports."""
OTHERS = frozenset({"and", "class", "in", "not", "or", "values", "script"})
"""Terms that rdflib leaves out, as they are words of Python."""
KNOWN = frozenset(
    {str(each).removeprefix(NAMESPACE) for each in dir(SH)} | OTHERS | DRAFTS | JAVASCRIPT | EXPRESSIONS | {""}
)
REASONS = (
    (JAVASCRIPT, "JavaScript is not run here; write a constraint in SPARQL (sh:sparql)"),
    (TARGETS, "such targets are not sought here; use sh:targetClass, sh:targetSubjectsOf, …"),
    (RULES, "rules in shapes are not run; put it into ontology/, where rules are"),
    (ENTAILMENT, "shapes cannot ask for entailment; what follows from ontology/ is validated, too"),
    (EXPRESSIONS - {"nodes"}, "SHACL's Advanced Features are not evaluated here"),
    (DRAFTS - SILENT, "SHACL 1.2 is not evaluated here"),
)


def unknown(name: str) -> str | None:
    """Return that SHACL has no such term, with one that is near; None where it has.

    Args:
        name: the term without the namespace.
    """
    if name in KNOWN:
        return None
    alike = sorted(each for each in KNOWN if each and each[0].isupper() == name[0].isupper())
    near = get_close_matches(name, alike, 1, 0.75) or [each for each in KNOWN if each.lower() == name.lower()]
    return f"SHACL has no sh:{name}, so it does nothing" + (f"; is sh:{near[0]} meant?" if near else "")


def not_evaluated(name: str) -> str | None:
    """Return that a term of SHACL is not evaluated here, and why; None where it is.

    Args:
        name: the term without the namespace.
    """
    return next((f"sh:{name} is not evaluated: {reason}" for terms, reason in REASONS if name in terms), None)
