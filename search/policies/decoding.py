"""Continuous batching: the loop that decodes the samples of all running searches together.

A forward pass feeds one token of every row (`search/policies/rows.py`), and a row is a distinct sequence: samples that
continue the same prompt share one until they draw different tokens, then the row's keys and values are copied.
(Siblings of a search agree for long; what they share is computed once.) Samples that finish leave, waiting ones take
their place at the next token.
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
from search.policies.rows import Rows
from search.policies.sampler import draw, rounded
from search.policies.samples import Sample, Samples, Written
from search.policies.waiting import Waiting
from search.tokenization import Tokenization

if TYPE_CHECKING:
    from search.policies.slot_model import SlotModel

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
        self._rows = Rows(model, slots, prefix_bytes, self.occupancy)
        self._endings = Endings(tokenization, end_ids)
        self._samples = Samples(slots)
        self._waiting = Waiting()
        self._calls: list[SampleCall] = []
        self._gangs: list[Gang] = []  # those that came in

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
        self._rows.clear()

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
        groups = list(self._waiting.take(self._samples.free))
        if not groups:
            return
        first = self._rows.count
        longest = max(len(sample.prompt_ids) + sample.limit for group in groups for sample in group)
        for row, at in enumerate(self._rows.enter([group[0].prompt_ids for group in groups], longest), start=first):
            for sample in groups[at]:
                self._samples.add(sample, row)
                if sample.course is not None and sample.course.gang not in self._gangs:
                    self._gangs.append(sample.course.gang)

    # ---- decoding -------------------------------------------------------------------------------------------

    def _decode(self) -> None:
        samples, rows = self._samples, self._rows.count
        # A vocabulary padded beyond the tokenizer's has ids that mean nothing.
        logits = self._rows.decode()[:, : self._vocabulary]
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
        self._rows.reserve(len(ids) + limit)

    def _hand_back(self, at: int, finish: Finish) -> None:
        written = self._samples.written(at)
        self._keep_for_children(at, written.ids, finish)
        self._resolve(self._samples.of[at], written, finish)

    def _keep_for_children(self, at: int, ids: tuple[int, ...], finish: Finish) -> None:
        if finish in ("step", "chunk"):
            self._rows.keep(int(self._samples.row[at]), self._samples.of[at].prompt_ids + ids[:-1])

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
        samples.row[: samples.count] = self._rows.part(samples.row[: samples.count], tokens, self._vocabulary)

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
        self._part(staying, self._rows.next_of(self._samples.row[: self._samples.count]))

    def _fail(self, broken: list[int]) -> NDArray[np.bool_]:
        """Fail the calls whose samples met NaN; who stays. Nothing of the broken rows is left in the cache."""
        samples, failed = self._samples, set()
        for at in broken:
            failed.add(samples.of[at].call)
            tokens = len(samples.of[at].prompt_ids) + int(samples.generated[at]) - 1
            samples.of[at].call.fail(PolicyError(f"{self.name}: the model's logits are NaN after {tokens} tokens."))
            self._rows.wipe(int(samples.row[at]))
        self._waiting.withdraw(lambda sample: sample.call in failed)
        return np.array([sample.call not in failed for sample in samples.of], np.bool_)


def _gang(sample: Sample) -> Gang | None:
    return None if sample.course is None else sample.course.gang
