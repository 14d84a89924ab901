"""A model folder's chat template as a plain template, so that a page without the tokenizer can show what was read."""

from __future__ import annotations

import transformers

from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint

_MARKS = "".join(map(chr, range(0xE000, 0xE008)))  # private use: no template or person writes them


def around(checkpoint: Checkpoint, roles: list[tuple[str, str]]) -> list[str]:
    """What the folder's chat template writes around messages: n + 1 texts for the n messages left open.

    Each role comes with its message's text; "" leaves the message open, to be filled in later.

    Raises:
        RewardError: the folder has no chat template, or one that changes the messages.
    """
    open_messages = sum(not text for _, text in roles)
    marks = iter(_MARKS)
    messages = [{"role": role, "content": text or next(marks)} for role, text in roles]
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False
        )
        if tokenizer.chat_template is None:
            raise RewardError(
                f"{checkpoint.slug}: the folder {checkpoint.folder.name!r} has no chat template. Add its"
                " chat_template.jinja, or write the text around problem and steps as `template`."
            )
        rest = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise RewardError(f"{checkpoint.slug}: its chat template cannot be used: {error}.") from error
    texts = []
    for mark in _MARKS[:open_messages]:
        text, found, rest = rest.partition(mark)
        if not found or mark in rest:
            raise RewardError(
                f"{checkpoint.slug}: its chat template changes the messages or their order; write the text around"
                " problem and steps as `template`."
            )
        texts.append(text)
    return [*texts, rest]
