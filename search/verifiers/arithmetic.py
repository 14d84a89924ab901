"""Arithmetic: the number on the `answer:` line is the expression's value. Votes go by that number."""

from __future__ import annotations

from search.verifiers.domain import DomainVerifier

ARITHMETIC = DomainVerifier("arithmetic")
