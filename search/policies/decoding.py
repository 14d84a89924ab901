"""Continuous batching: the loop that decodes the samples of all running searches together.

A forward pass feeds one token of every row. Rows that finish leave, waiting samples take their place at the next
token. Samples that continue the same prompt enter as one row: its prompt is computed once (or found among the kept
prefixes), and after the first token's logits the row is copied for each of them. The last token of a prompt is never
part of the prefill: it is fed in the common pass, so logits come from one place only.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search.batching import Call, Occupancy
from search.policies.base import Finish, PolicyError, StepRequest, StepSample
from search.policies.prefix_cache import PrefixCache
from search.policies.rows import GOES_ON, LOOK, STOPS, Rows, Sample
from search.policies.sampler import draw
from search.policies.slot_cache import CacheShape, SlotCache
from search.tokenization import StopRule, Tokenization

PREFILL_TOKENS = 2048
"""Tokens of one prefill pass, padding included: bounds its memory and how long the other rows wait."""


class SlotModel(Protocol):
    """A causal language model over slots."""

    shape: CacheShape
    context: int
    vocabulary: int

    def prefill(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> None:
        """Append tokens, shape (rows, tokens), to the slots `first` and on; `longest` − 1 is the largest position."""

    def decode(self, cache: SlotCache, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        """Append one token, shape (rows,), to the slots 0 and on; the logits after it, (rows, vocabulary)."""


class Decoder:
    """The engine of one policy (see `search.batching.Engine`)."""

    def __init__(
        self,
        name: str,
        model: SlotModel,
        tokenization: Tokenization,
        encode: Callable[[str], tuple[int, ...]],
        end_ids: frozenset[int],
        slots: int,
        prefix_bytes: int,
        threads: int,
    ) -> None:
        self.name = name
        self.occupancy = Occupancy()
        self._model = model
        self._tokenization = tokenization
        self._encode = encode
        self._threads = threads
        self._cache = SlotCache(model.shape)
        self._prefixes = PrefixCache(prefix_bytes)
        self._rows = Rows(slots)
        self._waiting: OrderedDict[tuple[int, ...], deque[Sample]] = OrderedDict()
        self._calls: list[Call[StepRequest, StepSample]] = []
        self._end = np.zeros(tokenization.size, bool)
        self._end[[i for i in end_ids if i < tokenization.size]] = True
        self._rules: dict[tuple[str, ...], int] = {}
        self._stop_rules: list[StopRule] = []
        self._meaning: NDArray[np.int8] = np.zeros((0, tokenization.size), np.int8)

    # ---- the engine's protocol ------------------------------------------------------------------------------

    def start(self) -> None:
        """Set this thread's share of the processor."""
        torch.set_num_threads(self._threads)

    def admit(self, call: Call[StepRequest, StepSample]) -> None:
        """Tokenise a call's prompts and queue its samples behind those that came before.

        Raises:
            PolicyError: a prompt cannot be read or leaves no room in the context.
        """
        samples = [self._sample(call, position, request) for position, request in enumerate(call.requests)]
        for sample in samples:
            self._waiting.setdefault(sample.prompt_ids, deque()).append(sample)
        self._calls.append(call)

    @torch.inference_mode()
    def advance(self) -> bool:
        """Let finished and aborted rows go, let waiting ones in, and decode one token of every row."""
        self._abort()
        shared = self._enter()
        if not self._rows.count:
            return False
        self._decode(shared)
        return True

    def drop_everything(self) -> None:
        """Forget all rows, queues and kept prefixes (after an error nothing stored can be trusted)."""
        self._rows.clear()
        self._waiting.clear()
        self._calls.clear()
        self._prefixes.clear()
        self._cache = SlotCache(self._model.shape)

    # ---- coming in ------------------------------------------------------------------------------------------

    def _sample(self, call: Call[StepRequest, StepSample], position: int, request: StepRequest) -> Sample:
        ids = request.prefix_ids if request.prefix_ids is not None else self._encode(request.prompt)
        if len(ids) >= self._model.context:
            raise PolicyError(
                f"{self.name}: the prompt has {len(ids)} tokens and the model reads {self._model.context}, prompt and"
                " answer together. Shorten the problem, or choose a model with a larger context."
            )
        if not ids:
            raise PolicyError(f"{self.name}: the prompt is empty.")
        if max(ids) >= self._model.vocabulary:
            raise PolicyError(
                f"{self.name}: the tokenizer gives the id {max(ids)}, the model knows {self._model.vocabulary} ids."
                " The folder's tokenizer belongs to another model."
            )
        stops = () if request.until_end else request.sampling.stop
        limit = max(1, min(request.max_tokens, self._model.context - len(ids)))
        return Sample(call, position, request, tuple(ids), limit, self._rule(stops))

    def _rule(self, stops: tuple[str, ...]) -> int:
        if stops not in self._rules:
            rule = StopRule(self._tokenization, stops)
            meaning = np.full((1, self._tokenization.size), GOES_ON, np.int8)
            meaning[0, list(rule.within)] = STOPS
            meaning[0, list(rule.closing)] = LOOK
            self._meaning = np.concatenate((self._meaning, meaning))
            self._stop_rules.append(rule)
            self._rules[stops] = len(self._stop_rules) - 1
        return self._rules[stops]

    def _enter(self) -> list[list[Sample]]:
        """Fill free rows from the queue; the samples beside the first that share each entering row, by row."""
        entering: list[tuple[int, tuple[int, ...], list[Sample]]] = []
        free = self._rows.free
        while free and self._waiting:
            ids, queue = next(iter(self._waiting.items()))
            group = [queue.popleft() for _ in range(min(free, len(queue)))]
            if not queue:
                del self._waiting[ids]
            free -= len(group)
            kept = self._prefixes.longest(ids, len(ids) - 1)
            entering.append((len(kept.ids) if kept else 0, ids, group))
        shared: list[list[Sample]] = [[] for _ in range(self._rows.count)]
        if not entering:
            return shared
        entering.sort(key=lambda row: row[0] - len(row[1]))  # the longest prefills first, so that they lie together
        longest = max(len(ids) + max(s.limit for s in group) for _, ids, group in entering)
        self._cache.reserve(self._rows.count + sum(len(group) for _, _, group in entering), longest)
        first = self._rows.count
        for known, ids, group in entering:
            row = self._rows.add(group[0], len(ids) - 1, ids[-1])
            shared.append(group[1:])
            if known:
                kept = self._prefixes.longest(ids, known)
                assert kept is not None
                self._cache.load(row, kept.saved, known)
                self.occupancy.reused_tokens += known
        self._prefill(first, [(known, ids) for known, ids, _ in entering])
        return shared

    def _prefill(self, first: int, entering: list[tuple[int, tuple[int, ...]]]) -> None:
        """Compute all but the last token of the entering prompts, those of similar length in one pass."""
        at = 0
        while at < len(entering) and len(entering[at][1]) - 1 > entering[at][0]:
            width = len(entering[at][1]) - 1 - entering[at][0]
            rows = max(1, PREFILL_TOKENS // width)
            chunk = [
                (known, ids)
                for known, ids in entering[at : at + rows]
                if 2 * (len(ids) - 1 - known) >= width  # sorted by length: a shorter one opens the next pass
            ]
            ids_in = np.zeros((len(chunk), width), np.int64)
            starts = np.array([known for known, _ in chunk])
            for row, (known, ids) in enumerate(chunk):
                ids_in[row, : len(ids) - 1 - known] = ids[known:-1]
            positions = starts[:, None] + np.arange(width)
            longest = int(positions.max()) + 1
            if longest > self._model.context:  # padding must not run out of the table of positions
                positions = np.minimum(positions, self._model.context - 1)
                longest = self._model.context
            self._cache.reserve(first + at + len(chunk), longest)
            self._model.prefill(self._cache, first + at, torch.from_numpy(ids_in), torch.from_numpy(positions), longest)
            self.occupancy.prefill_tokens += sum(len(ids) - 1 - known for known, ids in chunk)
            for row, (_, ids) in enumerate(chunk):
                self._keep(first + at + row, ids[:-1])
            at += len(chunk)

    def _keep(self, row: int, ids: tuple[int, ...]) -> None:
        if not self._prefixes.holds(ids):
            self._prefixes.store(ids, self._cache.save(row, len(ids)))

    # ---- decoding -------------------------------------------------------------------------------------------

    def _decode(self, shared: list[list[Sample]]) -> None:
        rows = self._rows
        count = rows.count
        positions = rows.length[:count]
        longest = int(positions.max()) + 1
        logits = self._model.decode(
            self._cache, torch.from_numpy(rows.next_token[:count]), torch.from_numpy(positions), longest
        )[:, : self._tokenization.size]  # a vocabulary padded beyond the tokenizer's has ids that mean nothing
        self.occupancy.forwards += 1
        self.occupancy.rows += count
        source = self._fork(shared)
        if len(source) > count:
            logits = logits[torch.tensor(source)]
        count = rows.count
        drawn = draw(
            logits,
            torch.from_numpy(rows.temperature[:count]),
            torch.from_numpy(rows.top_p[:count]),
            torch.from_numpy(rows.draws_now()),
        )
        tokens = drawn.tokens.numpy()
        rows.record(tokens, drawn.logprobs.numpy())
        self.occupancy.tokens += count
        if drawn.broken is not None:
            self._fail(np.flatnonzero(drawn.broken.numpy()))
            return
        self._leave(tokens)

    def _fork(self, shared: list[list[Sample]]) -> list[int]:
        """Give every sample a row of its own; for each row, the row its logits are in."""
        rows = self._rows
        source = list(range(rows.count))
        for row, others in enumerate(shared):
            if not others:
                continue
            length, first = int(rows.length[row]), rows.count
            for sample in others:
                rows.add(sample, length, 0)
                source.append(row)
            self._cache.spread(row, slice(first, rows.count), length + 1)
        return source

    def _leave(self, tokens: NDArray[np.int64]) -> None:
        """Hand back the rows that came to their end with this token."""
        rows = self._rows
        count = rows.count
        meaning = self._meaning[rows.rule[:count], tokens]
        leaving = self._end[tokens] | (meaning != GOES_ON) | (rows.generated[:count] >= rows.limit[:count])
        for row in np.flatnonzero(leaving)[::-1]:  # from the last, so that moving rows down skips none
            row = int(row)
            finish = self._finish(row, int(meaning[row]))
            if finish is not None:
                self._hand_back(row, finish)

    def _finish(self, row: int, meaning: int) -> Finish | None:
        rows, generated = self._rows, int(self._rows.generated[row])
        sample = rows.samples[row]
        assert sample is not None
        if self._end[rows.tokens[row, generated - 1]]:
            return "end"
        if meaning == STOPS:
            return "step"
        if meaning == LOOK and self._stop_rules[sample.rule].reached(rows.tokens[row, :generated].tolist()):
            return "step"
        if generated < rows.limit[row]:
            return None
        return "budget" if sample.request.cut_by_budget and generated == sample.request.max_tokens else "length"

    def _hand_back(self, row: int, finish: Finish) -> None:
        rows, generated = self._rows, int(self._rows.generated[row])
        sample = rows.samples[row]
        assert sample is not None
        ids = tuple(rows.tokens[row, :generated].tolist())
        if finish == "step":  # a child may continue here
            self._keep(row, sample.prompt_ids + ids[:-1])
        self._resolve(sample, ids, tuple(rows.logprobs[row, :generated].tolist()), finish)
        self._release(row)

    def _release(self, row: int) -> None:
        last = self._rows.remove(row)
        if last != row:
            self._cache.copy(last, row, int(self._rows.length[row]))

    def _resolve(self, sample: Sample, ids: tuple[int, ...], logprobs: tuple[float, ...], finish: Finish) -> None:
        written = ids[:-1] if finish == "end" else ids
        text = self._tokenization.decode(written, after=sample.prompt_ids[-8:])
        if finish == "step":
            text = self._stop_rules[sample.rule].cut(text)
        sample.call.resolve(sample.position, StepSample(text, ids, logprobs, finish, len(sample.prompt_ids)))

    # ---- endings other than a finished row ------------------------------------------------------------------

    def _abort(self) -> None:
        """End the samples of aborted calls with what they have."""
        self._calls = [call for call in self._calls if not call.done]
        aborted = {call for call in self._calls if call.aborted}
        if not aborted:
            return
        for withdrawn in self._withdraw(aborted):
            self._resolve(withdrawn, (), (), "aborted")
        for row in range(self._rows.count - 1, -1, -1):
            sample = self._rows.samples[row]
            if sample is not None and sample.call in aborted:
                self._hand_back(row, "aborted")

    def _withdraw(self, calls: set[Call[StepRequest, StepSample]]) -> list[Sample]:
        """Take the waiting samples of these calls out of the queue."""
        withdrawn = []
        for ids, queue in list(self._waiting.items()):
            withdrawn += [sample for sample in queue if sample.call in calls]
            stay = deque(sample for sample in queue if sample.call not in calls)
            if stay:
                self._waiting[ids] = stay
            else:
                del self._waiting[ids]
        return withdrawn

    def _fail(self, broken: NDArray[np.intp]) -> None:
        """Fail the calls whose rows gave NaN, and leave nothing of them in the cache."""
        failed = set()
        for row in broken:
            sample = self._rows.samples[int(row)]
            assert sample is not None
            failed.add(sample.call)
            sample.call.fail(
                PolicyError(f"{self.name}: the model's logits are NaN after {int(self._rows.length[row])} tokens.")
            )
        for row in range(self._rows.count - 1, -1, -1):
            sample = self._rows.samples[row]
            if sample is not None and sample.call in failed:
                self._cache.wipe(row)
                self._release(row)
        self._withdraw(failed)
