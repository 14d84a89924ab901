"""`python -m app.bench.generate_peer THREADS NICENESS`: the speed of transformers' own `generate`, for comparison.

Reads `[[prompt, length], …]` as JSON from standard input; samples each prompt for exactly that many tokens with the
embedded policy in float32, batches of like lengths together; prints tokens per second, prefill included.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import torch
import transformers

from search.models import WEIGHTS
from search.templates import EMBEDDED_POLICY
from search.tokenization import Tokenization

BATCH = 64


def main() -> None:
    """Measure after one batch of warming up."""
    threads = int(sys.argv[1])
    os.nice(int(sys.argv[2]))
    wanted: list[tuple[str, int]] = json.load(sys.stdin)
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    folder = WEIGHTS / "policy"
    tokenization = Tokenization(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None  # every row to its full length
    assert EMBEDDED_POLICY.begin
    assert tokenization.begin_id is not None
    rows = [([tokenization.begin_id, *tokenization.encode(prompt)], length) for prompt, length in wanted]
    rows.sort(key=lambda row: (row[1], len(row[0])))  # like lengths share a batch: hardly a row waits for another
    batches = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
    _generate(model, batches[0])
    started = time.perf_counter()
    for batch in batches:
        _generate(model, batch)
    seconds = time.perf_counter() - started
    print(sum(length for _, length in rows) / seconds)


def _generate(model: Any, batch: list[tuple[list[int], int]]) -> None:
    width = max(len(ids) for ids, _ in batch)
    padded = [[0] * (width - len(ids)) + ids for ids, _ in batch]
    mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids, _ in batch]
    model.generate(
        torch.tensor(padded),
        attention_mask=torch.tensor(mask),
        max_new_tokens=max(length for _, length in batch),
        do_sample=True,
        temperature=0.8,
        top_k=0,
        pad_token_id=0,
    )


if __name__ == "__main__":
    main()
