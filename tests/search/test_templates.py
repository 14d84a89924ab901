"""The text a model sees, and that none of this needs torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from search.templates import (
    EMBEDDED_POLICY,
    EMBEDDED_REWARD,
    Template,
    TemplateError,
    render_prompt,
    render_reward_input,
)

STEPS = ["3 + 5 = 8 (left: 7 8)", "8 - 7 = 1 (left: 1)"]


def test_the_embedded_prompt_is_the_problem_and_a_line_per_step() -> None:
    assert render_prompt(EMBEDDED_POLICY, "3 5 7 -> 1", STEPS) == (
        "3 5 7 -> 1\n3 + 5 = 8 (left: 7 8)\n8 - 7 = 1 (left: 1)\n"
    )
    assert render_prompt(EMBEDDED_POLICY, "3 5 7 -> 1") == "3 5 7 -> 1\n"


def test_reward_offsets_lie_just_after_each_separator() -> None:
    text, offsets = render_reward_input(EMBEDDED_REWARD, "3 5 7 -> 1", STEPS, finished=False)
    assert text == "3 5 7 -> 1\n3 + 5 = 8 (left: 7 8)\n8 - 7 = 1 (left: 1)\n"
    assert [text[:offset].splitlines()[-1] for offset in offsets] == STEPS
    assert [text[offset - 1] for offset in offsets] == ["\n", "\n"]
    text, offsets = render_reward_input(EMBEDDED_REWARD, "3 5 7 -> 1", STEPS, finished=True)
    assert text.endswith("(left: 1)<eos>")
    assert offsets == [33, len(text)]


def test_a_template_survives_its_dict() -> None:
    chat = Template("chat", "<u>{problem}<a>", "* ", "\n\n", None, "Hint: {hint}\n", begin=False, special_tokens=True)
    assert Template.of(chat.as_dict()) == chat
    assert chat.as_dict()["supports_hints"] is True
    rendered = render_prompt(chat.as_dict(), "P", ["one", "two"], ["think"])
    assert rendered == "<u>P<a>Hint: think\n* one\n\n* two\n\n"


def test_a_problem_with_braces_is_not_a_format_string() -> None:
    assert render_prompt(EMBEDDED_POLICY, "{steps} {0}") == "{steps} {0}\n"


def test_the_embedded_policy_refuses_hints_and_says_why() -> None:
    assert EMBEDDED_POLICY.as_dict()["supports_hints"] is False
    with pytest.raises(TemplateError, match="takes no hints: it was not trained on any"):
        render_prompt(EMBEDDED_POLICY, "3 5 7 -> 1", hints=["try 7"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"problem": "no place"}, "problem must contain {problem} once"),
        ({"hint": "no place"}, "hint must contain {hint} once"),
        ({"step_end": ""}, "step_end must not be empty"),
        ({"colour": "red"}, "no setting 'colour'"),
        ({"begin": "yes"}, "'begin' must be a bool"),
        ({"problem": None}, "'problem' must be a str"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        Template.of(settings)


def test_templates_and_the_catalogue_import_no_torch() -> None:
    code = (
        "import sys, search.templates, search.models; search.models.catalogue();"
        "print([m for m in ('torch', 'transformers', 'vllm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
