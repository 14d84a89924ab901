"""Tiny random checkpoints of the published reward models' shapes: architecture, tokenizer layout, special tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import (
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2Model,
)

from tests.search.support.tiny import llama_config, save, shaken

SMALL: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512,
}  # fmt: skip

LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_WORDS = LLAMA3_WORDS.replace(r"\p{N}{1,3}", r"\p{N}")
LLAMA3_CHAT = (
    "{{ bos_token }}<|start_header_id|>system<|end_header_id|>\n\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
    "{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>"
    "{% endfor %}"
)
QWEN_CHAT = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
TRAP = "raise SystemExit('code of a model folder was executed')\n"


def math_shepherd(folder: Path) -> Path:
    """A Mistral with a SentencePiece-like tokenizer: byte fallback, ▁ before words, <s> put by the tokenizer."""
    tokenizer = sentencepiece_tokenizer()
    torch.manual_seed(11)
    config = MistralConfig(vocab_size=len(tokenizer), bos_token_id=1, eos_token_id=2, pad_token_id=None, **SMALL)
    return save(folder, shaken(MistralForCausalLM(config)), tokenizer)


def rlhflow(folder: Path) -> Path:
    """A Llama with Llama 3's word pattern and chat."""
    tokenizer = byte_tokenizer(
        LLAMA3_WORDS, ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], LLAMA3_CHAT
    )
    torch.manual_seed(12)
    config = llama_config(len(tokenizer), tie_word_embeddings=False, max_position_embeddings=512, pad_token_id=None)
    return save(folder, shaken(LlamaForCausalLM(config)), tokenizer)


def skywork(folder: Path) -> Path:
    """A Qwen2 whose weights hold a value head, in two files with an index."""
    tokenizer = byte_tokenizer(QWEN_WORDS, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], QWEN_CHAT)
    torch.manual_seed(13)
    model = shaken(Qwen2ForCausalLM(_qwen(tokenizer)))
    head = {"v_head.summary.weight": torch.randn(1, 32) * 0.3, "v_head.summary.bias": torch.randn(1)}
    return _by_hand(folder, model.config, [dict(model.state_dict()), head], "Qwen2ForPrmModel", tokenizer)


def qwen_prm(folder: Path) -> Path:
    """A Qwen2 body with a two-layer head of two labels; its folder names code that must not run."""
    tokenizer = byte_tokenizer(
        QWEN_WORDS, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"], QWEN_CHAT, begin=None
    )
    return _two_layers(folder, tokenizer, labels=2, architecture="Qwen2ForProcessRewardModel", seed=14)


def qwen_orm(folder: Path) -> Path:
    """The outcome model of the same family: one label."""
    tokenizer = byte_tokenizer(QWEN_WORDS, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], QWEN_CHAT, begin=None)
    return _two_layers(folder, tokenizer, labels=1, architecture="Qwen2ForRewardModel", seed=15)


def llama_orm(folder: Path) -> Path:
    """A Llama sequence classifier with one label."""
    tokenizer = byte_tokenizer(
        LLAMA3_WORDS, ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], LLAMA3_CHAT
    )
    torch.manual_seed(16)
    config = llama_config(len(tokenizer), num_labels=1, max_position_embeddings=512)
    return save(folder, shaken(LlamaForSequenceClassification(config)), tokenizer)


def judge(folder: Path) -> Path:
    """An instruction-following shape: a Qwen2 with its chat."""
    tokenizer = byte_tokenizer(QWEN_WORDS, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], QWEN_CHAT, begin=None)
    torch.manual_seed(17)
    return save(folder, shaken(Qwen2ForCausalLM(_qwen(tokenizer))), tokenizer)


def sentencepiece_tokenizer() -> PreTrainedTokenizerFast:
    """The layout of Llama 2's and Mistral's: <unk> <s> </s>, bytes, pieces; the signs and the tag with their ▁."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "+", "-", "к", "и"]
    pieces += [chr(code) for code in range(33, 127) if chr(code) not in "+-"]
    merges = [("▁", "+"), ("▁", "-"), ("к", "и"), ("▁", "ки"), ("t", "e"), ("S", "te"), ("▁", "Ste"), ("1", "8")]
    pieces += ["".join(pair) for pair in merges]
    tokenizer = Tokenizer(
        BPE({piece: i for i, piece in enumerate(pieces)}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def byte_tokenizer(words: str, special: list[str], chat: str, begin: str | None = "first") -> PreTrainedTokenizerFast:
    """Byte-level BPE over a word pattern, as Llama 3 and Qwen 2.5 have it, trained on a few lines."""
    tokenizer = Tokenizer(BPE())
    by_byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), by_byte])
    tokenizer.decoder = decoders.ByteLevel()
    lines = [
        "Step 1: 16 - 3 = 13\n\nStep 2: so 13 + 5\n",
        "Janet's ducks lay 16 eggs.\n",
        "Yes\n",
        "No\n",
        " + - user",
    ] * 4
    trainer = BpeTrainer(vocab_size=340, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(lines, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=special[0] if begin else None, eos_token=special[-1],
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    made.chat_template = chat
    return made


def _qwen(tokenizer: PreTrainedTokenizerFast) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=len(tokenizer) + 3, bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=None,
        tie_word_embeddings=False, **SMALL,
    )  # fmt: skip


def _two_layers(folder: Path, tokenizer: PreTrainedTokenizerFast, labels: int, architecture: str, seed: int) -> Path:
    torch.manual_seed(seed)
    body = shaken(Qwen2Model(_qwen(tokenizer)))
    head = shaken(nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, labels)))
    weights = {f"model.{name}": tensor for name, tensor in body.state_dict().items()}
    weights |= {f"score.{name}": tensor for name, tensor in head.state_dict().items()}
    _by_hand(folder, body.config, [weights], architecture, tokenizer)
    (folder / "modeling_qwen2_rm.py").write_text(TRAP)
    return folder


def _by_hand(
    folder: Path, config: Qwen2Config, shards: list[dict[str, Tensor]], architecture: str,
    tokenizer: PreTrainedTokenizerFast,
) -> Path:  # fmt: skip
    """A folder as its authors published it: names of classes that transformers does not have, and their code."""
    tokenizer.save_pretrained(folder)
    written = config.to_dict() | {
        "architectures": [architecture],
        "auto_map": {"AutoModel": f"modeling_qwen2_rm.{architecture}", "AutoConfig": "modeling_qwen2_rm.Config"},
    }
    (folder / "config.json").write_text(json.dumps(written, default=str))
    names = ["model.safetensors"]
    if len(shards) > 1:
        names = [f"model-{i:05}-of-{len(shards):05}.safetensors" for i in range(1, len(shards) + 1)]
        places = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
        index = {"metadata": {"total_size": 0}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for name, shard in zip(names, shards, strict=True):
        save_file({key: tensor.contiguous() for key, tensor in shard.items()}, folder / name, {"format": "pt"})
    return folder
