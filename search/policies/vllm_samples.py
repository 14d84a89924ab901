"""vLLM's finished outputs as samples: text, tokens, logprobs, and what the whole distributions say."""

from __future__ import annotations

import math
from typing import Any

import torch

from search.policies.base import Finish, PolicyError, StepRequest, StepSample
from search.policies.sampler import certainty, entropy


def sample_of(request: StepRequest, output: Any) -> StepSample:
    """The sample that one request became.

    Raises:
        PolicyError: vLLM ended it for a reason that is not known here.
    """
    (written,) = output.outputs
    ids = tuple(written.token_ids)
    logprobs, entropies, sureness = _told(ids, written.logprobs or ())
    return StepSample(
        written.text, ids, logprobs, _finish(request, written), len(output.prompt_token_ids), sureness,
        entropies=entropies,
    )  # fmt: skip


def _finish(request: StepRequest, written: Any) -> Finish:
    if written.finish_reason == "length":
        return "budget" if request.cut_by_budget else "length"
    if written.finish_reason == "abort":
        return "aborted"
    if written.finish_reason == "stop":
        return "step" if isinstance(written.stop_reason, str) else "end"
    raise PolicyError(f"vLLM ended a sample for the reason {written.finish_reason!r}, which is not known here.")


def _told(ids: tuple[int, ...], told: Any) -> tuple[tuple[float, ...], tuple[float, ...], float | None]:
    """Each token's logprob and its distribution's entropy, and the mean certainty.

    `told` holds a mapping from token to logprob for each token, or flat lists where the whole vocabulary was asked
    for: the drawn token first, then all of them from the likeliest on.
    """
    if not hasattr(told, "start_indices"):
        drawn = [at[token].logprob for token, at in zip(ids, told, strict=True)]
        return tuple(round(min(logprob, 0.0), 6) for logprob in drawn), (), None
    if not ids:
        return (), (), None
    rows = [told.logprobs[start:end] for start, end in zip(told.start_indices, told.end_indices, strict=True)]
    table = torch.tensor(rows, dtype=torch.float64)
    whole = table[:, 1:]
    mean = float(certainty(whole).mean())
    return (
        tuple(round(min(logprob, 0.0), 6) for logprob in table[:, 0].tolist()),
        tuple(entropy(whole).tolist()),
        round(mean, 6) if math.isfinite(mean) else None,
    )
