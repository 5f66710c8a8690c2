#!/usr/bin/env python3
"""Makes a folder like a model store: safetensors shards, their index, YAML configs.

The weights are bfloat16 values of a normal distribution, so they compress as real ones do (to
about 0.78 with zstd). The same arguments give the same bytes. Needs only the standard library.
"""

import argparse
import json
import random
import struct
from pathlib import Path
from statistics import NormalDist
from typing import BinaryIO

SHARDS = 4
HIDDEN, FEED_FORWARD = 1024, 2048
SIGMA = 0.02  # of the weights

LAYER = {
    "self_attn.q_proj.weight": (HIDDEN, HIDDEN),
    "self_attn.k_proj.weight": (HIDDEN // 4, HIDDEN),
    "self_attn.v_proj.weight": (HIDDEN // 4, HIDDEN),
    "self_attn.o_proj.weight": (HIDDEN, HIDDEN),
    "mlp.gate_proj.weight": (FEED_FORWARD, HIDDEN),
    "mlp.up_proj.weight": (FEED_FORWARD, HIDDEN),
    "mlp.down_proj.weight": (HIDDEN, FEED_FORWARD),
    "input_layernorm.weight": (HIDDEN,),
}

CONFIGS = {
    "config.json": '{"architectures": ["ExampleForCausalLM"], "torch_dtype": "bfloat16"}\n',
    "configs/serving.yaml": "model: example\nreplicas: 3\nmax_batch_size: 32\n",
    "configs/routing.yaml": "routes:\n  - path: /v1/chat\n    model: example\n    weight: 100\n",
    "configs/limits.yaml": "requests_per_minute: 600\ntokens_per_request: 8192\n",
}


def high_bytes() -> bytes:
    """The upper byte (sign, seven bits of the exponent) of 256 equally likely weights."""
    weights = NormalDist(sigma=SIGMA)
    quantiles = [weights.inv_cdf((i + 0.5) / 256) for i in range(256)]
    return bytes(struct.pack(">f", value)[0] for value in quantiles)


HIGH_BYTES = high_bytes()


def tensor(name: str, n_values: int, seed: int) -> bytearray:
    """`n_values` bfloat16 weights: a drawn upper byte, and a lower byte that is noise."""
    rng = random.Random(f"{seed} {name}")
    values = bytearray(2 * n_values)
    values[0::2] = rng.randbytes(n_values)
    values[1::2] = rng.randbytes(n_values).translate(HIGH_BYTES)
    return values


def write_shard(file: BinaryIO, layers: range, seed: int) -> list[str]:
    """Writes one file as the safetensors format has it; returns the names of its tensors."""
    header: dict[str, dict[str, object]] = {}
    sizes = {}
    end = 0
    for layer in layers:
        for suffix, shape in LAYER.items():
            name = f"model.layers.{layer}.{suffix}"
            sizes[name] = shape[0] * (shape[1] if len(shape) == 2 else 1)
            begin, end = end, end + 2 * sizes[name]
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for name, n_values in sizes.items():
        file.write(tensor(name, n_values, seed))
    return list(sizes)


def make_store(folder: Path, megabytes: int, seed: int) -> None:
    layer_bytes = sum(2 * s[0] * (s[1] if len(s) == 2 else 1) for s in LAYER.values())
    n_layers = max(1, round(megabytes * 1_000_000 / layer_bytes))
    n_shards = min(SHARDS, n_layers)
    weight_map = {}
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    for shard in range(n_shards):
        name = f"model-{shard + 1:05d}-of-{n_shards:05d}.safetensors"
        layers = range(n_layers * shard // n_shards, n_layers * (shard + 1) // n_shards)
        with open(folder / name, "wb") as file:
            weight_map.update(dict.fromkeys(write_shard(file, layers, seed), name))
    index = {"metadata": {"total_size": n_layers * layer_bytes}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    for path, text in CONFIGS.items():
        (folder / path).write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mb", type=int, default=1000, help="size of the weights (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="other weights (default: 1)")
    args = parser.parse_args()
    make_store(args.folder, args.mb, args.seed)


if __name__ == "__main__":
    main()
