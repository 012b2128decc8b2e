"""Validation on a stack of its own, so that what it leaves behind holds nothing of its callers'.

pyparsing and rdflib keep exceptions, and with them frames, in cycles until the collector comes. Every such frame holds
those that called it, and thereby a store that somebody is about to close.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def apart(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function run in a thread; who calls it waits for it."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with ThreadPoolExecutor(1, thread_name_prefix="validation") as thread:
            return thread.submit(function, *args, **kwargs).result()

    return run
