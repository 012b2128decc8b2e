"""Plain queries: of a shape so simple that one look at the whole says all that the guard would find out.

One triple pattern with a full IRI as its subject, or the description of one IRI: no literal, prefix, comment, escape,
call, clause or nesting, in ASCII. For such a query reading every token would cost more than answering it. Whatever is
not of this shape, if only by a sign, is the guard's to read (``graph.query.guard``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from graph.query import disguises
from graph.query.engine import QueryForm

LONGEST = 2_000
BLANK = r"[ \t\r\n]"
IRI = r"<[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*>"
VARIABLE = r"\?[A-Za-z_][A-Za-z0-9_]*"
PLAIN = re.compile(
    rf"{BLANK}*(?:"
    rf"(?P<describe>DESCRIBE){BLANK}+{IRI}"
    rf"|(?:(?P<ask>ASK)|SELECT(?:{BLANK}+DISTINCT)?{BLANK}+(?:\*|(?P<selected>{VARIABLE}(?:{BLANK}+{VARIABLE})*)))"
    rf"(?:{BLANK}+WHERE)?{BLANK}*\{{{BLANK}*"
    rf"{IRI}{BLANK}+(?:a|{IRI}|{VARIABLE}){BLANK}+(?:{IRI}|{VARIABLE})(?:{BLANK}+\.)?"
    rf"{BLANK}*\}}(?:{BLANK}+LIMIT{BLANK}+[0-9]{{1,9}})?"
    rf"){BLANK}*"
)


@dataclass(frozen=True, slots=True)
class PlainQuery:
    """What there is to know of a plain query: its form, and its normal form (``graph.query.normal``)."""

    form: QueryForm
    normalised: str


def read_plain(text: str) -> PlainQuery | None:
    """Return what a plain query is, or None where it is not one."""
    found = PLAIN.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or disguises.mentioned(text):
        return None
    selected = (found["selected"] or "").split()
    if len(set(selected)) < len(selected):
        return None  # the engine does not take it as it is (``graph.query.projection``)
    form = cast(QueryForm, found["describe"] or found["ask"] or "SELECT")
    normalised = " ".join(text.split()).replace(" {", "{").replace("{ ", "{").replace(" }", "}").replace("} ", "}")
    return PlainQuery(form, normalised)
