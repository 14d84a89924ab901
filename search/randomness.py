"""Counter-based uniform numbers: a draw depends on its names alone, never on what was drawn before it.

A stream is named by a seed and keys; its 64-bit state is their BLAKE2b digest. Draw t of the stream is SplitMix64's
output function ("Fast Splittable Pseudorandom Number Generators") at state + (t + 1)·γ, so many draws of one stream
cost one digest and a few vector operations.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_GAMMA = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


def uniform(seed: int, *keys: str | int) -> float:
    """A number in [0, 1), fixed by the seed and the keys; a last key that is an int ≥ 0 counts draws of one stream.

    `uniform(seed, key, t)` equals `uniforms(seed, key, count=t + 1)[t]`. Keys of different type or split differently
    (``"a", "b"`` and ``"ab"``) name different streams.
    """
    names, counter = keys, 0
    if keys and isinstance(keys[-1], int) and keys[-1] >= 0:
        names, counter = keys[:-1], keys[-1]
    z = (_stream(seed, names) + (counter + 1) * _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def uniforms(seed: int, *keys: str | int, count: int) -> NDArray[np.float64]:
    """Draws 0 to count − 1 of a stream, shape (count,): what `uniform(seed, *keys, t)` gives one by one."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA) + np.uint64(_stream(seed, keys))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=4096)
def _stream(seed: int, names: tuple[str | int, ...]) -> int:
    named = "".join(f"{type(part).__name__}{len(str(part))}:{part}" for part in (seed, *names))
    return int.from_bytes(blake2b(named.encode(), digest_size=8).digest(), "big")
