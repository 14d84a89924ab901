"""Sampling many completions at once from a policy, for its training data and its figures.

The engine's own forward pass over slots (`search.policies.llama`), in float32. A slot whose completion has ended is
filled with the next prompt, so the batch stays full. (Searches use the engine's own loop in `search.policies`; this
one needs no seeds per row and no float64.)
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from search.demo.tokenizer import DELIMITER, build_tokenizer
from search.policies.llama import LlamaSlots
from search.policies.slot_cache import SlotCache

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LONGEST_SOLUTION = 280
"""Tokens after which a completion is given up; the longest solutions in the data have about 260."""


@dataclass(frozen=True)
class Cooling:
    """Temperature `hot` for as many steps of each prompt's completion as `hot_steps` says (none: all), then `cool`."""

    hot: float
    cool: float = 1.0
    hot_steps: Sequence[int] = ()


Temperature = float | Cooling

SLOTS = 256
_REFILL = 32
"""Slots that must be free before new prompts come in: prompts of one length are read in one pass."""


def sample_solutions(
    model: Any, tokenizer: PreTrainedTokenizerFast, problems: Sequence[str], temperature: Temperature, seed: int
) -> list[list[str] | None]:
    """One completion per problem text (repeat a text for more), split into steps; None where no `<eos>` came.

    Temperature 0 takes the likeliest token each time.
    """
    encoded = {text: _prompt(tokenizer, text) for text in problems}
    completions = complete(model, [encoded[text] for text in problems], temperature, seed)
    ended = [ids for ids in completions if ids is not None]
    texts = iter(tokenizer.batch_decode(ended))
    return [None if ids is None else str(next(texts)).split(DELIMITER) for ids in completions]


def _prompt(tokenizer: PreTrainedTokenizerFast, problem: str) -> list[int]:
    return [tokenizer.bos_token_id, *tokenizer.encode(problem + DELIMITER)]


@torch.inference_mode()
def complete(
    model: Any, prompts: Sequence[Sequence[int]], temperature: Temperature, seed: int,
    longest: int = LONGEST_SOLUTION, end: int | None = None,
) -> list[list[int] | None]:  # fmt: skip
    """What the model (a `LlamaForCausalLM`) writes after each prompt before the token `end`; None where none came.

    `end` is `<eos>` unless given; at most `longest` tokens are drawn.
    """
    return _Decoding(model, prompts, temperature, seed, longest, end or model.config.eos_token_id).run()


class _Decoding:
    """Slots 0 to n − 1 are busy; `prompt`, `ids`, `positions`, `begins`, `lines` describe them, slot by slot."""

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], temperature: Temperature, seed: int,
        longest: int, end: int,
    ) -> None:  # fmt: skip
        self.slots = LlamaSlots(model, model.lm_head, torch.float32)
        self.end = end
        self.newline = build_tokenizer().convert_tokens_to_ids(DELIMITER)
        self.prompts, self.longest = prompts, longest
        self.temperature = temperature if isinstance(temperature, Cooling) else Cooling(temperature)
        self.hot_lines = torch.tensor(self.temperature.hot_steps or [longest] * len(prompts))
        self.generator = torch.Generator().manual_seed(seed)
        # Short prompts have short completions: neighbours in this order keep each other company to the end.
        self.waiting = sorted(range(len(prompts)), key=lambda i: len(prompts[i]), reverse=True)
        self.cache = SlotCache(self.slots.shape, min(SLOTS, len(prompts)), 128)
        self.results: list[list[int] | None] = [None] * len(prompts)
        self.prompt = self.ids = self.positions = self.begins = self.lines = torch.empty(0, dtype=torch.long)
        self.written = torch.empty((0, longest), dtype=torch.long)

    def run(self) -> list[list[int] | None]:
        """Until nothing waits and no slot is busy."""
        while self.waiting or len(self.ids):
            free = min(SLOTS, len(self.prompts)) - len(self.ids)
            if self.waiting and (free >= _REFILL or not len(self.ids)):
                self._admit(free)
            self._advance()
        return self.results

    def _admit(self, free: int) -> None:
        """Read the next prompts into free slots, those of one length in one pass."""
        while free and self.waiting:
            length = len(self.prompts[self.waiting[-1]])
            group = []
            while free and self.waiting and len(self.prompts[self.waiting[-1]]) == length:
                group.append(self.waiting.pop())
                free -= 1
            busy, rows = len(self.ids), len(group)
            prompts = torch.tensor([list(self.prompts[i]) for i in group])
            self.cache.reserve(busy + rows, length + self.longest)
            if length > 1:
                positions = torch.arange(length - 1).expand(rows, -1)
                self.slots.prefill(self.cache, busy, prompts[:, :-1], positions, length - 1)
            self.prompt = torch.cat([self.prompt, torch.tensor(group)])
            self.ids = torch.cat([self.ids, prompts[:, -1]])
            self.positions = torch.cat([self.positions, torch.full((rows,), length - 1)])
            self.begins = torch.cat([self.begins, torch.full((rows,), length)])
            self.lines = torch.cat([self.lines, torch.zeros(rows, dtype=torch.long)])
            self.written = torch.cat([self.written, torch.zeros((rows, self.longest), dtype=torch.long)])

    def _advance(self) -> None:
        """One token for every busy slot; those that end are freed."""
        logits = self.slots.decode(self.cache, self.ids, self.positions, int(self.positions.max()) + 1)
        hot = self.lines < self.hot_lines[self.prompt]
        drawn = _draw(logits, self.temperature, hot, self.generator)
        self.lines = self.lines + (drawn == self.newline)
        self.ids, self.positions = drawn, self.positions + 1
        count = self.positions - self.begins
        ended = drawn == self.end
        self.written[torch.arange(len(drawn)), count.clamp(max=self.longest - 1)] = drawn
        over = ended | (count + 1 >= self.longest)
        if not over.any():
            return
        for slot in ended.nonzero().flatten().tolist():
            self.results[int(self.prompt[slot])] = self.written[slot, : int(count[slot])].tolist()
        self._free(over)

    def _free(self, over: Tensor) -> None:
        """Move the last busy slots into the freed ones."""
        busy = int((~over).sum())
        holes = over[:busy].nonzero().flatten()
        movers = (~over[busy:]).nonzero().flatten() + busy
        if len(holes):
            longest = int(self.positions[movers].max())
            self.cache.memory[:, :, holes, :, :longest] = self.cache.memory[:, :, movers, :, :longest]
        for name in ("prompt", "ids", "positions", "begins", "lines", "written"):
            values = getattr(self, name)
            values[holes] = values[movers]
            setattr(self, name, values[:busy])


def _draw(logits: Tensor, temperature: Cooling, hot: Tensor, generator: torch.Generator) -> Tensor:
    if temperature.hot == 0:
        return logits.argmax(-1)
    divisor = torch.where(hot, temperature.hot, temperature.cool).unsqueeze(1)
    return torch.multinomial((logits / divisor).softmax(-1), 1, generator=generator).squeeze(1)


def held_out_problems(make: Any, split: str, count: int, seed: int) -> list[str]:
    """`count` different problem texts of a split, from one of the corpus's example makers."""
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[make(rng, split).problem] = None
    return list(texts)
