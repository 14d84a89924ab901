"""A question to a model on a server: how probable is each of two verdicts as its very next token?

Beside the token they draw, servers tell the most probable ones. `/v1/completions` reads the path with the question at
its end; a chat server is sent both as one message of the user.
"""

from __future__ import annotations

import math
from typing import Any

from search.policies.completions import Dialect
from search.policies.model_server import Nonsense

ALTERNATIVES = 20
"""How many next tokens are asked for: the most that vLLM tells unless it was started with more."""


class Verdict:
    """Reads the answer to one such question (see `model_server.Reading`)."""

    def __init__(self, dialect: Dialect, verdicts: tuple[str, str]) -> None:
        """`verdicts`: the texts of yes and no; spaces around a token do not count."""
        self._dialect = dialect
        self._verdicts = verdicts
        self.begin()

    def body(self, asked: str) -> dict[str, Any]:
        """The request for one token after this text."""
        body: dict[str, Any] = {"model": self._dialect.model, "max_tokens": 1, "temperature": 0}
        if self._dialect.api == "completions":
            body |= {"prompt": asked, "logprobs": ALTERNATIVES}
        else:
            messages = [{"role": "user", "content": asked}]
            body |= {"messages": messages, "logprobs": True, "top_logprobs": ALTERNATIVES}
        return body | self._dialect.extra

    def begin(self) -> None:
        """Forget what was read."""
        self._alternatives: list[tuple[str, float]] | None = None
        self.prompt_tokens = 0

    def take(self, piece: dict[str, Any]) -> bool:
        """Read the answer, which comes whole."""
        try:
            told = piece["choices"][0]["logprobs"]
            if self._dialect.api == "completions":
                found = list(told["top_logprobs"][0].items())
            else:
                found = [(one["token"], one["logprob"]) for one in told["content"][0]["top_logprobs"]]
            self._alternatives = [(str(token), float(logprob)) for token, logprob in found]
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise Nonsense(
                "does not tell the most probable next tokens (`top_logprobs`), so it cannot be asked for a verdict."
                " Choose a server that does, or a strategy that asks for none."
            ) from error
        usage = piece.get("usage")
        counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        self.prompt_tokens = counted if isinstance(counted, int) and counted > 0 else 0
        return False

    def complete(self) -> str | None:
        """What a connection that was closed too early left out."""
        return "the verdict" if self._alternatives is None else None

    def chance(self) -> float:
        """P(yes) / (P(yes) + P(no)), rounded to 1e-6; a verdict that is not among the told tokens counts as impossible.

        Raises:
            Nonsense: neither is among them.
        """
        yes, no = (self._probability(verdict.strip()) for verdict in self._verdicts)
        if not yes + no > 0 or not math.isfinite(yes + no):
            raise Nonsense(
                f"finds neither {self._verdicts[0]!r} nor {self._verdicts[1]!r} among the {ALTERNATIVES} most probable"
                " next tokens. Mend the question, or `yes` and `no`, in the `template`."
            )
        return round(yes / (yes + no), 6)

    def _probability(self, verdict: str) -> float:
        told = self._alternatives or ()
        return math.fsum(math.exp(min(logprob, 0.0)) for token, logprob in told if token.strip() == verdict)
