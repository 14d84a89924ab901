"""Sampling many completions at once from a policy, for trajectories and figures.

Prompts of one length form a batch, so nothing is padded; finished rows leave the batch and its cache. (Searches use
the engine's own loop in `search.policies`; this one needs no seeds per row and no float64.)
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from search.demo.tokenizer import DELIMITER

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LONGEST_SOLUTION = 200
"""Tokens after which a completion is given up; the longest solutions in the data have about 130."""

ROWS_AT_ONCE = 512


@torch.inference_mode()
def sample_solutions(
    model: Any, tokenizer: PreTrainedTokenizerFast, problems: Sequence[str], temperature: float, seed: int
) -> list[list[str] | None]:
    """One completion per problem text (repeat a text for more), split into steps; None where no `<eos>` came.

    `temperature` 0 takes the likeliest token each time.
    """
    generator = torch.Generator().manual_seed(seed)
    prompts = [[tokenizer.bos_token_id, *tokenizer.encode(text + DELIMITER)] for text in problems]
    solutions: list[list[str] | None] = [None] * len(problems)
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, prompt in enumerate(prompts):
        by_length[len(prompt)].append(index)
    for indices in by_length.values():
        for start in range(0, len(indices), ROWS_AT_ONCE):
            rows = indices[start : start + ROWS_AT_ONCE]
            finished = _complete(model, torch.tensor([prompts[i] for i in rows]), temperature, generator)
            for row, ids in finished:
                solutions[rows[row]] = str(tokenizer.decode(ids)).split(DELIMITER)
    return solutions


def _complete(
    model: Any, ids: Tensor, temperature: float, generator: torch.Generator
) -> Iterator[tuple[int, list[int]]]:
    """The rows that end with `<eos>`, each with its tokens before it; `ids` is (rows, prompt length)."""
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    end = model.config.eos_token_id
    rows = torch.arange(len(ids))
    written = torch.empty((len(ids), 0), dtype=torch.long)
    for _ in range(LONGEST_SOLUTION):
        logits = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        ids = _draw(logits, temperature, generator)
        ended = (ids == end).squeeze(1)
        for at in ended.nonzero().flatten().tolist():
            yield int(rows[at]), written[at].tolist()
        written = torch.cat([written, ids], dim=1)
        if ended.any():
            keep = (~ended).nonzero().flatten()
            if not len(keep):
                return
            cache.batch_select_indices(keep)
            ids, rows, written = ids[keep], rows[keep], written[keep]


def _draw(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    return torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)


def held_out_problems(make: Any, split: str, count: int, seed: int) -> list[str]:
    """`count` different problem texts of a split, from one of the corpus's example makers."""
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[make(rng, split).problem] = None
    return list(texts)
