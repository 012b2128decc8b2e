"""Numbers as a reader of a language writes them: with the digits that they have, however many these are."""

from __future__ import annotations

from decimal import Decimal, localcontext

from babel.numbers import format_decimal, format_scientific

LONGEST = 30
"""With more digits a number is written with an exponent, rounded to ``SIGNIFICANT`` digits."""
SIGNIFICANT = 6


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
