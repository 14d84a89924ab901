"""Countdown: every step legal, every number used once, the target left alone. Votes go by the composed expression."""

from __future__ import annotations

from search.verifiers.domain import DomainVerifier

COUNTDOWN = DomainVerifier("countdown")
