"""Numbers as a reader writes them: with the digits that they have, however many these are; and those one dials."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

from babel.numbers import format_decimal, format_scientific

from graph.periods import CONTACTS

LONGEST = 30
"""With more digits a number is written with an exponent, rounded to ``SIGNIFICANT`` digits."""
SIGNIFICANT = 6
UZBEK_NUMBER = re.compile(r"tel:\+998(\d\d)(\d{3})(\d\d)(\d\d)\Z")
"""Written as one says it; other countries' numbers stay as they are."""


def reached(iri: str) -> str:
    """Return what one dials or writes to as one writes it: an IRI without its scheme, a number in groups."""
    if (number := UZBEK_NUMBER.match(iri)) is not None:
        return "+998 " + " ".join(number.groups())
    return iri.partition(":")[2] if iri.startswith(CONTACTS) else iri


def grouped(number: int | Decimal, language: str) -> str:
    """Return a number with its digits in groups, none rounded away; a very long one as a power of ten.

    Args:
        number: a finite one.
        language: a locale that babel knows.
    """
    exact = Decimal(number)
    with localcontext() as context:
        context.prec = 3 * LONGEST  # babel computes in the context of the caller, which has 28 digits
        if max(exact.adjusted(), -int(exact.as_tuple().exponent)) < LONGEST:
            return format_decimal(exact, locale=language, decimal_quantization=False)
        context.prec = SIGNIFICANT
        return format_scientific(+exact, format=f"0.{(SIGNIFICANT - 1) * '#'}E0", locale=language)
