"""Makes safetensors shards that compress as weights of a model do, and trains them further.

A matrix has values of N(0, sigma), sigma around 0.02 and different for each; the vectors of the
norms lie around 1. All are bf16. No two tensors are alike, so that nothing is deduplicated.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
SMALL = 100_000_000  # bytes; a shard below it has smaller tensors, so that it still has many


def to_bf16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Rounds to the nearest, to even where two are as near."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def layer_shapes(hidden: int) -> dict[str, Shape]:
    inner, heads = hidden * 11 // 4, hidden // 4
    return {
        "input_layernorm": (hidden,),
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (heads, hidden),
        "self_attn.v_proj": (heads, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }


def layout(size: int) -> Iterator[tuple[str, Shape]]:
    """Tensors of a transformer that add up to `size` bytes, less what is no whole row."""
    hidden = 512 if size < SMALL else 2048
    left = size // 2
    vocabulary = 4 * hidden
    yield "model.embed_tokens.weight", (vocabulary, hidden)
    left -= vocabulary * hidden
    layer = 0
    while left >= hidden:
        for name, shape in layer_shapes(hidden).items():
            fits = shape if np.prod(shape) <= left else (left // hidden, hidden)
            if fits[0] == 0:
                break
            yield f"model.layers.{layer}.{name}.weight", fits
            left -= int(np.prod(fits))
        layer += 1


def header_of(tensors: dict[str, Shape]) -> bytes:
    fields: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        begin, end = end, end + 2 * int(np.prod(shape))
        fields[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(fields, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def read_header(path: Path) -> tuple[dict[str, tuple[int, int]], int]:
    """Where each matrix lies behind the header, and how long the header is; in bytes."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        fields = json.loads(file.read(length))
    matrices = {
        name: (field["data_offsets"][0], field["data_offsets"][1])
        for name, field in fields.items()
        if name != "__metadata__" and len(field["shape"]) == 2
    }
    return matrices, 8 + length


def drawn(name: str, shape: Shape, draw: np.random.Generator) -> NDArray[np.float32]:
    values = draw.standard_normal(int(np.prod(shape)), dtype=np.float32)
    if len(shape) == 1 and "norm" in name:
        return np.float32(1) + np.float32(0.1) * values
    return values * np.float32(0.02 * np.exp(draw.uniform(-0.7, 0.7)))


def weights(name: str, shape: Shape, draw: np.random.Generator) -> NDArray[np.uint16]:
    return to_bf16(drawn(name, shape, draw))


# How numbers are stored: the bytes of one, and how it is made of a float.
FORMS: dict[str, tuple[int, Callable[[NDArray[np.float32]], NDArray[Any]]]] = {
    "bf16": (2, to_bf16),
    "fp16": (2, lambda values: values.astype(np.float16)),
    "fp32": (4, lambda values: values),
}


def write_weights(path: Path, form: str, size: int, draw: np.random.Generator) -> None:
    """The tensors of a model in one of the FORMS, without a header; about `size` bytes."""
    width, stored = FORMS[form]
    with path.open("wb") as file:
        for name, shape in layout(2 * size // width):
            stored(drawn(name, shape, draw)).tofile(file)


def write_shard(path: Path, size: int, draw: np.random.Generator) -> None:
    tensors = dict(layout(size))
    with path.open("wb") as file:
        file.write(header_of(tensors))
        for name, shape in tensors.items():
            weights(name, shape, draw).tofile(file)


def train_shard(path: Path, share: float, step: float, draw: np.random.Generator) -> None:
    """Changes matrices that make up this share of the bytes by `step` of their own deviation."""
    matrices, start = read_header(path)
    left = share * path.stat().st_size
    with path.open("r+b") as file:
        for name in draw.permutation(sorted(matrices)):
            begin, end = matrices[str(name)]
            if end - begin > 1.1 * left:
                continue
            left -= end - begin
            file.seek(start + begin)
            old = from_bf16(np.frombuffer(file.read(end - begin), np.uint16))
            change = draw.standard_normal(old.size, dtype=np.float32)
            file.seek(start + begin)
            to_bf16(old + np.float32(step * old.std()) * change).tofile(file)


def shard_name(number: int, shards: int) -> str:
    return f"model-{number + 1:05}-of-{shards:05}.safetensors"


def make_models(folder: Path, shards: int, shard_bytes: int, seed: int) -> None:
    for number in range(shards):
        draw = np.random.default_rng([seed, number])
        write_shard(folder / shard_name(number, shards), shard_bytes, draw)


def make_trained(
    folder: Path, base: Path, shards: int, changed: float, step: float, seed: int
) -> None:
    for number in range(shards):
        name = shard_name(number, shards)
        shutil.copyfile(base / name, folder / name)
        train_shard(folder / name, changed, step, np.random.default_rng([seed, number, 1]))
