"""How a problem and its steps become the text a model reads. Plain strings: importable without torch.

A template travels in a run's header as the dict of `as_dict`, so that a page can show the exact text a model saw
long after the run. The special tokens around a text (begin of sequence) are put by the model, not by the template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from search.asked import Asked, Prompt
from search.questions import ASK, NO, REFINE, YES, Question


def source_name(question: Question) -> str:
    """The name its scores are recorded under: `node.rewards[source_name("restart")]`."""
    return f"self-evaluation: {question}"


class TemplateError(ValueError):
    """A template is not usable, or cannot express what it was asked to; the message says what to mend.

    `setting` is the one that is wrong, where it is about one.
    """

    def __init__(self, message: str, setting: str | None = None) -> None:
        self.setting = setting
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Template:
    """A policy's or reward model's text format.

    `problem` and `hint` hold `{problem}` and `{hint}`; `hint` is None for a model that was never taught hints.
    `step_end` follows every step; `final_end`, for reward models, replaces it after the step that ends a solution
    (None: `step_end` there too). `between`, for reward models, stands before every step but the first, where nothing is
    scored (a chat's turn of the next step). `begin` asks for the begin-of-sequence token. `special_tokens` says that
    the template's own text contains special tokens (chat markers); without it, text that looks like one stays text.

    `ask_right` and `ask_restart` follow a policy's own steps and ask it for a verdict on them, `yes` or `no`: one token
    each (None: it was not taught to answer). `refine` follows a solution and asks for another one in its place, step by
    step (None: it was not taught that). They are read with their special tokens. `instructions`: a written instruction
    may stand in the problem's place, as in a chat model's format.
    """

    name: str = "plain"
    problem: str = "{problem}\n"
    step_start: str = ""
    step_end: str = "\n"
    final_end: str | None = None
    hint: str | None = None
    begin: bool = True
    special_tokens: bool = False
    between: str = ""
    ask_right: str | None = None
    ask_restart: str | None = None
    yes: str = YES
    no: str = NO
    refine: str | None = None
    instructions: bool = False

    def __post_init__(self) -> None:
        if self.problem.count("{problem}") != 1:
            raise TemplateError(f"template {self.name!r}: problem must contain {{problem}} once", "problem")
        if self.hint is not None and self.hint.count("{hint}") != 1:
            raise TemplateError(f"template {self.name!r}: hint must contain {{hint}} once, or be null", "hint")
        if not self.step_end:
            raise TemplateError(f"template {self.name!r}: step_end must not be empty", "step_end")

    @property
    def supports_hints(self) -> bool:
        """True if a person's hint can be put into the prompt."""
        return self.hint is not None

    @property
    def follows(self) -> list[Prompt]:
        """What it takes besides problems, as far as the template says; the vocabulary must have the marker, too."""
        told: list[tuple[Prompt, bool]] = [("refine", self.refine is not None), ("instructions", self.instructions)]
        return [prompt for prompt, taken in told if taken]

    @property
    def verdicts(self) -> tuple[str, str]:
        """The texts of the good and the bad verdict."""
        return self.yes, self.no

    def question(self, question: Question) -> str | None:
        """How this model is asked for a verdict; None if it was not taught to answer."""
        return {"right": self.ask_right, "restart": self.ask_restart}[question]

    def as_dict(self) -> dict[str, Any]:
        """What the journal's header keeps."""
        return {**asdict(self), "supports_hints": self.supports_hints}

    @classmethod
    def of(cls, settings: Template | Mapping[str, Any]) -> Template:
        """The template that `as_dict` or a model folder's espalier.json describes.

        Raises:
            TemplateError: an unknown or ill-typed setting; names it.
        """
        if isinstance(settings, Template):
            return settings
        known = {field.name: field for field in fields(cls)}
        values = {name: value for name, value in settings.items() if name != "supports_hints"}
        for name, value in values.items():
            if name not in known:
                raise TemplateError(f"template has no setting {name!r}; it has {', '.join(sorted(known))}", name)
            wanted = bool if name in ("begin", "special_tokens", "instructions") else str
            optional = name in ("final_end", "hint", "ask_right", "ask_restart", "refine")
            if not (isinstance(value, wanted) or (optional and value is None)):
                raise TemplateError(f"template setting {name!r} must be a {wanted.__name__}, not {value!r}", name)
        return cls(**values)


EMBEDDED_POLICY = Template(name="embedded", ask_right=ASK["right"], ask_restart=ASK["restart"], refine=REFINE)
"""The embedded policy's format: the problem's line, then one line per step. It was not trained on hints.

Weights whose vocabulary lacks the markers of the questions cannot be asked: the policy's `describe` says which it can.
"""

EMBEDDED_DRAFT = replace(EMBEDDED_POLICY, ask_right=None, ask_restart=None, refine=None)
"""The draft policy's format: the same, but it was taught problems only."""

EMBEDDED_REWARD = Template(name="embedded", final_end="<eos>")
"""The embedded process reward's format: scored at every step's newline, at `<eos>` after a final step."""


def render_prompt(
    template: Template | Mapping[str, Any],
    problem: str,
    steps: Sequence[str] = (),
    hints: Sequence[str] = (),
    *,
    begun: bool = False,
    asked: Asked | None = None,
) -> str:
    """The text a policy continues with the next step; `begun`: with the rest of the last of the `steps`.

    `asked`: what the steps answer, where that is not the problem.

    Raises:
        TemplateError: hints are given and the model was not taught any, or it was not taught what is asked.
    """
    template = Template.of(template)
    text = prologue(template, problem, hints, asked) + _lines(template, steps)
    return text.removesuffix(template.step_end) if begun else text


def prologue(template: Template, problem: str, hints: Sequence[str] = (), asked: Asked | None = None) -> str:
    """The part of a prompt before the policy's own steps. Raises TemplateError as `render_prompt`."""
    stated = problem if asked is None or asked.instruction is None else asked.instruction
    parts = [template.problem.replace("{problem}", stated)]
    if hints:
        if template.hint is None:
            raise TemplateError(
                f"The model's template {template.name!r} takes no hints: it was not trained on any, a hint would only"
                " confuse it. Edit the step instead, or choose a policy that supports hints."
            )
        parts += [template.hint.replace("{hint}", hint) for hint in hints]
    if asked is not None and asked.instruction is None:
        if template.refine is None:
            raise TemplateError(
                f"The model's template {template.name!r} has no `refine`: it was not taught to mend a solution."
                " Choose a policy that was, or go on from another step."
            )
        parts += [_lines(template, asked.steps), template.refine]
    return "".join(parts)


def begin_ids(
    encode: Callable[..., Sequence[int]],
    template: Template,
    problem: str,
    text: str,
    hints: Sequence[str] = (),
    asked: Asked | None = None,
    *,
    anew: bool = False,
) -> list[int]:
    """The token ids of the prompt `text` up to where the policy's own tokens follow; of all of it if it is read `anew`.

    `encode` is the policy's (search/policies/prompts.py). Raises what it raises, and TemplateError as `render_prompt`.
    """
    if asked is not None and asked.instruction is None:
        end = len(prologue(template, problem, hints, asked))
        return list(encode(text if anew else text[:end], (end - len(template.refine or ""), end)))
    return list(encode(text if anew else prologue(template, problem, (), asked)))


def _lines(template: Template, steps: Sequence[str]) -> str:
    return "".join(f"{template.step_start}{step}{template.step_end}" for step in steps)


def render_reward_input(
    template: Template | Mapping[str, Any], problem: str, steps: Sequence[str], finished: bool
) -> tuple[str, list[int]]:
    """The text a reward model reads and, per step, the character offset just after the place where it is scored."""
    text, offsets = "", []
    for piece, scored in reward_pieces(template, problem, steps, finished):
        text += piece
        if scored:
            offsets.append(len(text))
    return text, offsets


def reward_pieces(
    template: Template | Mapping[str, Any], problem: str, steps: Sequence[str], finished: bool
) -> list[tuple[str, bool]]:
    """The pieces of a reward model's text in order, each with whether its end is where a step is scored."""
    template = Template.of(template)
    pieces = [(template.problem.replace("{problem}", problem), False)]
    for number, step in enumerate(steps, start=1):
        if number > 1 and template.between:
            pieces.append((template.between, False))
        pieces.append((f"{template.step_start}{step}", False))
        pieces.append((_end_of(template, finished and number == len(steps)), True))
    return pieces


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a reward model's text. `markup` is the template's own text: only there special tokens count as such;
    a step is scored at the end of a `scored` part."""

    text: str
    markup: bool
    scored: bool = False


def reward_parts(template: Template, problem: str, steps: Sequence[str], finished: bool) -> list[Part]:
    """The text of `render_reward_input`, with what the template wrote and what people and models wrote kept apart."""
    before, _, after = template.problem.partition("{problem}")
    parts = [Part(before, True), Part(problem, False), Part(after, True)]
    for number, step in enumerate(steps, start=1):
        parts.append(Part(template.between if number > 1 else "", True))
        parts += [Part(template.step_start, True), Part(step, False)]
        parts.append(Part(_end_of(template, finished and number == len(steps)), True, scored=True))
    return parts


def _end_of(template: Template, last: bool) -> str:
    return template.step_end if not last or template.final_end is None else template.final_end
