"""Continuous batching: the loop that decodes the samples of all running searches together.

A forward pass feeds one token of every row, and a row is a distinct sequence: samples that continue the same prompt
share one until they draw different tokens, then the row's keys and values are copied. (Siblings of a search agree for
long; what they share is computed once.) Samples that finish leave, waiting ones take their place at the next token.
Prompts are prefilled in batches, beginning where a kept prefix ends; a prompt's last token is never part of that, it
is fed in the common pass, so logits come from one place only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search.batching import Call
from search.occupancy import Occupancy
from search.policies.base import Finish, PolicyError, StepRequest, StepSample
from search.policies.endings import Endings
from search.policies.gang import Course, Gang, PathCall
from search.policies.prefix_cache import PrefixCache
from search.policies.sampler import draw, rounded
from search.policies.samples import Sample, Samples, Written
from search.policies.slot_cache import SlotCache
from search.policies.waiting import Waiting
from search.tokenization import Tokenization

if TYPE_CHECKING:
    from search.policies.slot_model import SlotModel

PREFILL_TOKENS = 2048
"""Tokens of one prefill pass, padding included: bounds its memory and how long the other rows wait."""

SampleCall = Call[StepRequest, StepSample] | PathCall


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
        """`slots`: the most samples under way at once, and so the most rows of a forward pass."""
        self.name = name
        self.occupancy = Occupancy()
        self._model = model
        self._vocabulary = tokenization.size
        self._encode = encode
        self._threads = threads
        self._cache = SlotCache(model.shape)
        self._prefixes = PrefixCache(prefix_bytes)
        self._endings = Endings(tokenization, end_ids)
        self._samples = Samples(slots)
        self._waiting = Waiting()
        self._calls: list[SampleCall] = []
        self._gangs: list[Gang] = []  # those that came in
        self._rows = 0
        self._length: NDArray[np.int64] = np.zeros(slots, np.int64)  # per row: tokens in the cache
        self._next: NDArray[np.int64] = np.zeros(slots, np.int64)  # per row: the token to feed

    # ---- the engine's protocol ------------------------------------------------------------------------------

    def start(self) -> None:
        """Set this thread's share of the processor."""
        torch.set_num_threads(self._threads)

    def admit(self, call: SampleCall) -> None:
        """Tokenise a call's prompts and queue its samples behind those that came before.

        Raises:
            PolicyError: a prompt cannot be read or leaves no room in the context, or more paths are to run in lockstep
                than there are places.
        """
        if isinstance(call, PathCall):
            if len(call.requests) > self._samples.capacity:
                raise PolicyError(
                    f"{self.name}: {len(call.requests)} paths are to run in lockstep and the engine has"
                    f" {self._samples.capacity} places. Ask for fewer paths, or give the model more slots."
                )
            gang = Gang(call)
            self._waiting.add_gang(gang, [self._sample(call, c.position, c.step, c) for c in gang.courses])
        else:
            for sample in [self._sample(call, position, request) for position, request in enumerate(call.requests)]:
                self._waiting.add(sample)
        self._calls.append(call)

    @torch.inference_mode()
    def advance(self) -> bool:
        """Let finished and aborted samples go, let waiting ones in, and decode one token of each."""
        self._abort()
        self._enter()
        if not self._samples.count:
            return False
        self._decode()
        return True

    def drop_everything(self) -> None:
        """Forget all samples and kept prefixes (after an error nothing stored can be trusted)."""
        self._samples.clear()
        self._waiting.clear()
        self._calls.clear()
        self._gangs.clear()
        self._prefixes.clear()
        self._cache = SlotCache(self._model.shape)
        self._rows = 0

    # ---- coming in ------------------------------------------------------------------------------------------

    def _sample(self, call: SampleCall, position: int, request: StepRequest, course: Course | None = None) -> Sample:
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
        room = self._model.context - len(ids)
        limit = max(1, min(request.max_tokens, room)) if course is None else course.limit(room)
        return Sample(call, position, request, tuple(ids), limit, self._endings.number_of(stops), course)

    def _enter(self) -> None:
        """Give waiting samples the free places, one row per distinct prompt."""
        entering: list[tuple[int, list[Sample]]] = []  # tokens already known, and who continues
        for group in self._waiting.take(self._samples.free):
            ids = group[0].prompt_ids
            kept = self._prefixes.longest(ids, len(ids) - 1)
            entering.append((len(kept.ids) if kept else 0, group))
        if not entering:
            return
        entering.sort(key=lambda row: row[0] - len(row[1][0].prompt_ids))  # the longest prefills lie together, first
        first = self._rows
        longest = max(len(sample.prompt_ids) + sample.limit for _, group in entering for sample in group)
        self._cache.reserve(first + len(entering), longest)
        for row, (known, group) in enumerate(entering, start=first):
            ids = group[0].prompt_ids
            for sample in group:
                self._samples.add(sample, row)
                if sample.course is not None and sample.course.gang not in self._gangs:
                    self._gangs.append(sample.course.gang)
            self._length[row], self._next[row] = len(ids) - 1, ids[-1]
            kept = self._prefixes.longest(ids, known) if known else None
            if kept is not None:
                self._cache.load(row, kept.saved, known)
                self.occupancy.reused_tokens += known
        self._rows += len(entering)
        self._prefill(first, [(known, group[0].prompt_ids) for known, group in entering])

    def _prefill(self, first: int, entering: list[tuple[int, tuple[int, ...]]]) -> None:
        """Compute all but the last token of the entering prompts, those of similar length in one pass."""
        at = 0
        while at < len(entering) and len(entering[at][1]) - 1 > entering[at][0]:
            width = len(entering[at][1]) - 1 - entering[at][0]
            rows = max(1, PREFILL_TOKENS // width)
            chunk = [
                (known, ids)
                for known, ids in entering[at : at + rows]
                if 2 * (len(ids) - 1 - known) >= width  # sorted by length: a much shorter one opens the next pass
            ]
            ids_in = np.zeros((len(chunk), width), np.int64)
            starts = np.array([known for known, _ in chunk])
            for row, (known, ids) in enumerate(chunk):
                ids_in[row, : len(ids) - 1 - known] = ids[known:-1]
            # Padding must not run out of the table of positions.
            positions = np.minimum(starts[:, None] + np.arange(width), self._model.context - 1)
            longest = int(positions.max()) + 1
            self._cache.reserve(self._rows, longest)
            self._model.prefill(self._cache, first + at, torch.from_numpy(ids_in), torch.from_numpy(positions), longest)
            self.occupancy.prefill_tokens += sum(len(ids) - 1 - known for known, ids in chunk)
            for row, (_, ids) in enumerate(chunk):
                self._keep(first + at + row, ids[:-1])
            at += len(chunk)

    def _keep(self, row: int, ids: tuple[int, ...]) -> None:
        if not self._prefixes.holds(ids):
            self._prefixes.store(ids, self._cache.save(row, len(ids)))

    # ---- decoding -------------------------------------------------------------------------------------------

    def _decode(self) -> None:
        samples, rows = self._samples, self._rows
        positions = self._length[:rows]
        logits = self._model.decode(
            self._cache, torch.from_numpy(self._next[:rows]), torch.from_numpy(positions), int(positions.max()) + 1
        )[:, : self._vocabulary]  # a vocabulary padded beyond the tokenizer's has ids that mean nothing
        self._length[:rows] += 1
        count = samples.count
        drawn = draw(
            logits,
            torch.from_numpy(samples.row[:count]),
            torch.from_numpy(samples.temperature[:count]),
            torch.from_numpy(samples.top_p[:count]),
            torch.from_numpy(samples.draws_now()),
        )
        tokens = drawn.tokens.numpy()
        samples.record(tokens, drawn.logprobs.numpy(), drawn.entropies.numpy(), drawn.certainties.numpy())
        self.occupancy.forwards += 1
        self.occupancy.rows += rows
        self.occupancy.tokens += count
        self.occupancy.sizes.add(count, waiting=bool(self._waiting))
        staying = np.ones(count, np.bool_)
        for call in self._calls:
            if isinstance(call, PathCall) or call.done:
                continue
            if call.requests[0].watched:
                self._tell(call, logits, staying)
        if drawn.broken is not None:
            staying &= self._fail(np.flatnonzero(drawn.broken.numpy()).tolist())
        for gang in self._gangs:
            gang.passed()
        turning: list[int] = []
        for at, finish in self._endings.finishes(samples, tokens).items():
            if not staying[at]:
                continue
            if self._goes_on(at, finish):
                turning.append(at)
            else:
                staying[at] = False
        if self._gangs:
            self._hold(turning, staying)
        self._part(staying, tokens)

    def _tell(self, call: Call[StepRequest, StepSample], logits: Tensor, staying: NDArray[np.bool_]) -> None:
        """Hand back what is watched of the samples of a call that draws nothing."""
        for at, sample in enumerate(self._samples.of):
            if sample.call is not call:
                continue
            logprobs = rounded(torch.log_softmax(logits[int(self._samples.row[at])].double(), dim=-1))
            watched = tuple(float(logprobs[i]) for i in sample.request.watched)
            staying[at] = False
            self.occupancy.tokens -= 1  # before the caller may look
            call.resolve(sample.position, StepSample("", (), watched, "length", len(sample.prompt_ids)))

    def _goes_on(self, at: int, finish: Finish) -> bool:
        """Hand a sample back, or, where it is a step of a path, only what the path as a whole has come to."""
        sample, room = self._samples.of[at], self._model.context
        course = sample.course
        if course is None:
            self._hand_back(at, finish)
            return False
        written = self._samples.written(at)
        finish = course.finish(finish, len(written.ids))
        step = self._step(sample, written, finish)
        if course.close(step, room - len(sample.prompt_ids) - len(written.ids)):
            return True
        self._keep_for_children(at, written.ids, finish)
        course.gang.leave(course)
        return False

    def _hold(self, turning: list[int], staying: NDArray[np.bool_]) -> None:
        """Look at every gang after a pass: its paths go on, some of them with their next step, or all of them stop."""
        samples = self._samples
        for gang in self._gangs:
            own = [at for at in turning if _gang(samples.of[at]) is gang]
            halted = gang.stop(len(own))
            if halted is None:
                for at in own:
                    self._turn(at)
                continue
            for at in np.flatnonzero(staying).tolist():
                course = samples.of[at].course
                if course is not None and course.gang is gang:
                    staying[at] = False
                    if at in own:
                        self._keep_for_children(at, samples.ids(at), "step")
                        gang.leave(course)
                    else:
                        self._hand_back(at, halted)
        self._gangs = [gang for gang in self._gangs if gang.going and not gang.call.done]

    def _turn(self, at: int) -> None:
        """The next step of a path begins in the row of the step before."""
        sample = self._samples.of[at]
        assert sample.course is not None
        sample.course.turn()
        ids = sample.prompt_ids + self._samples.ids(at)
        limit = sample.course.limit(self._model.context - len(ids))
        step = replace(sample, request=sample.course.step, prompt_ids=ids, limit=limit)
        self._samples.turn(at, step)
        self._cache.reserve(self._rows, len(ids) + limit)

    def _hand_back(self, at: int, finish: Finish) -> None:
        written = self._samples.written(at)
        self._keep_for_children(at, written.ids, finish)
        self._resolve(self._samples.of[at], written, finish)

    def _keep_for_children(self, at: int, ids: tuple[int, ...], finish: Finish) -> None:
        if finish in ("step", "chunk"):
            self._keep(int(self._samples.row[at]), self._samples.of[at].prompt_ids + ids[:-1])

    def _resolve(self, sample: Sample, written: Written, finish: Finish) -> None:
        step, course = self._step(sample, written, finish), sample.course
        if course is None:
            sample.call.resolve(sample.position, step)
            return
        if written.ids or not course.done:
            course.close(step, 0)
        course.gang.leave(course)

    def _step(self, sample: Sample, written: Written, finish: Finish) -> StepSample:
        ids, logprobs, entropies, certainty = written
        text = self._endings.text(sample, finish, ids)
        return StepSample(text, ids, logprobs, finish, len(sample.prompt_ids), certainty, entropies=entropies)

    def _part(self, staying: NDArray[np.bool_], tokens: NDArray[np.int64]) -> None:
        """Drop who does not stay; samples of one row that drew different tokens get rows of their own."""
        samples = self._samples
        if not staying.all():
            samples.keep(staying)
            tokens = tokens[staying]
        sequences, sequence_of = np.unique(
            samples.row[: samples.count] * self._vocabulary + tokens, return_inverse=True
        )
        sources, fed = np.divmod(sequences, self._vocabulary)
        keeps_row = np.ones(len(sources), np.bool_)
        keeps_row[1:] = sources[1:] != sources[:-1]
        rows = len(sequences)
        self._cache.reserve(rows, 0)
        occupied = np.zeros(max(self._rows, rows), np.bool_)
        occupied[sources] = True
        # Rows nobody reads any more take the copies; a sequence that lies beyond the last row moves down.
        vacant = iter(np.flatnonzero(~occupied[:rows]).tolist())
        targets = sources.copy()
        for which in np.flatnonzero(~keeps_row | (sources >= rows)).tolist():
            targets[which] = next(vacant)
            self._cache.copy(int(sources[which]), int(targets[which]), int(self._length[sources[which]]))
        lengths = self._length[sources]
        self._length[targets] = lengths
        self._next[targets] = fed
        samples.row[: samples.count] = targets[sequence_of]
        self._rows = rows

    # ---- endings other than a finished sample ---------------------------------------------------------------

    def _abort(self) -> None:
        """End the samples of aborted calls, and those that were withdrawn from a call, with what they have."""
        self._calls = [call for call in self._calls if not call.done]
        aborted = {call for call in self._calls if call.aborted}
        if not aborted and not any(call.withdrawn for call in self._calls):
            return

        def gone(sample: Sample) -> bool:
            return sample.call in aborted or sample.position in sample.call.withdrawn

        for withdrawn in self._waiting.withdraw(gone):
            self._resolve(withdrawn, Written(), "aborted")
        staying = np.array([not gone(sample) for sample in self._samples.of], np.bool_)
        if staying.all():
            return
        for at in np.flatnonzero(~staying).tolist():
            self._hand_back(at, "aborted")
        self._part(staying, self._next[self._samples.row[: self._samples.count]])

    def _fail(self, broken: list[int]) -> NDArray[np.bool_]:
        """Fail the calls whose samples met NaN; who stays. Nothing of the broken rows is left in the cache."""
        samples, failed = self._samples, set()
        for at in broken:
            failed.add(samples.of[at].call)
            tokens = len(samples.of[at].prompt_ids) + int(samples.generated[at]) - 1
            samples.of[at].call.fail(PolicyError(f"{self.name}: the model's logits are NaN after {tokens} tokens."))
            self._cache.wipe(int(samples.row[at]))
        self._waiting.withdraw(lambda sample: sample.call in failed)
        return np.array([sample.call not in failed for sample in samples.of], np.bool_)


def _gang(sample: Sample) -> Gang | None:
    return None if sample.course is None else sample.course.gang
