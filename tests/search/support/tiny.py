"""Tiny random checkpoints in Hugging Face's format, of the embedded models' shape and of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from search.demo.tokenizer import build_tokenizer

AnyModule = TypeVar("AnyModule", bound=torch.nn.Module)


def llama_config(vocabulary: int, **settings: Any) -> LlamaConfig:
    """A two-layer Llama; grouped keys so that both head counts matter."""
    shape: dict[str, Any] = {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 128, "tie_word_embeddings": True,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    return LlamaConfig(vocab_size=vocabulary, **{**shape, **settings})


def tiny_policy(folder: Path, seed: int = 0, **settings: Any) -> Path:
    """A random LlamaForCausalLM with the embedded tokenizer; lively enough that samples differ."""
    tokenizer = build_tokenizer()
    torch.manual_seed(seed)
    return save(folder, shaken(LlamaForCausalLM(llama_config(len(tokenizer), **settings))), tokenizer)


def tiny_reward(folder: Path, seed: int = 1, labels: int = 2) -> Path:
    """A random LlamaForTokenClassification with the embedded tokenizer."""
    tokenizer = build_tokenizer()
    torch.manual_seed(seed)
    config = llama_config(len(tokenizer), num_labels=labels)
    return save(folder, shaken(LlamaForTokenClassification(config)), tokenizer)


def tiny_qwen(folder: Path) -> Path:
    """A random Qwen2 with a byte-level BPE tokenizer in which newlines melt into longer tokens."""
    tokenizer = bpe_tokenizer()
    torch.manual_seed(2)
    config = Qwen2Config(
        vocab_size=len(tokenizer) + 5, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return save(folder, shaken(Qwen2ForCausalLM(config)), tokenizer)


def tiny_neox(folder: Path) -> Path:
    """A random GPT-NeoX (parallel residual, partial rotation) with the same BPE tokenizer."""
    tokenizer = bpe_tokenizer()
    torch.manual_seed(3)
    config = GPTNeoXConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=128, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return save(folder, shaken(GPTNeoXForCausalLM(config)), tokenizer)


def bpe_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on a few lines, 400 tokens at most."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    lines = ["So we add.\n\nThen stop.\n", "Add 3 and 4.\n\nThen add 5.\n", "Stop. END\n\n"] * 4
    trainer = BpeTrainer(
        vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(lines, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", clean_up_tokenization_spaces=False)


def shaken(model: AnyModule) -> AnyModule:
    """Larger random weights than training starts from, norms and biases included: every term must matter."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(0, 0.3)
        else:
            parameter.data.uniform_(0.3, 1.3)
    return model


def save(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Path:
    """Write a model and its tokenizer in Hugging Face's format."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(folder: Path, **values: Any) -> Path:
    """Write the folder's espalier.json."""
    (folder / "espalier.json").write_text(json.dumps(values))
    return folder
