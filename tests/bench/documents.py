"""Makes documents and small files: words as frequent as in a text, numbers, identifiers.

What chance decides is drawn for thousands of documents at once: drawn one by one, it would take ten
times as long.
"""

from __future__ import annotations

import json
import random
import shutil
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bson
import numpy as np

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
STATES = ("new", "paid", "shipped", "returned")
BATCH = 5000  # documents
WORDS_OF_BODY = 22
FILES_OF_FOLDER = 50
SMALL_FILES_OF_FOLDER = 500


def make_words(count: int) -> list[str]:
    draw = random.Random(0)
    return ["".join(draw.choices(string.ascii_lowercase, k=3 + i % 9)) for i in range(count)]


WORDS = make_words(6000)
# The n-th word is as frequent as 1 / (n + 8): Zipf's law, with a flat beginning.
SHARES = np.cumsum(1 / (np.arange(len(WORDS)) + 8))
SHARES /= SHARES[-1]


def draw_words(draw: np.random.Generator, rows: int, columns: int) -> list[list[str]]:
    numbers = np.searchsorted(SHARES, draw.random((rows, columns)))
    return [[WORDS[number] for number in row] for row in numbers.tolist()]


def draw_identifiers(draw: np.random.Generator, rows: int) -> list[str]:
    text = draw.bytes(16 * rows).hex()
    return [text[i : i + 32] for i in range(0, 32 * rows, 32)]


def documents(draw: np.random.Generator, first: int) -> Iterator[bytes]:
    """A batch of documents of some 500 bytes, numbered from `first`."""
    users = draw.integers(200_000, size=BATCH).tolist()
    times = draw.integers(10**11, size=BATCH).tolist()
    states = draw.integers(len(STATES), size=BATCH).tolist()
    amounts = draw.lognormal(3, 1, BATCH).round(2).tolist()
    tags = draw.integers(300, size=(BATCH, 3)).tolist()
    sessions = draw_identifiers(draw, BATCH)
    cities = draw.integers(len(WORDS), size=BATCH).tolist()
    codes = draw.integers(100_000, size=BATCH).tolist()
    places = draw.uniform(-180, 180, (BATCH, 2)).tolist()
    scores = draw.random(BATCH).tolist()
    bodies = draw_words(draw, BATCH, WORDS_OF_BODY)
    for i in range(BATCH):
        yield bson.encode(
            {
                "_id": first + i,
                "user": f"user{users[i]:06}",
                "ts": EPOCH + timedelta(milliseconds=times[i]),
                "status": STATES[states[i]],
                "amount": amounts[i],
                "tags": [WORDS[tag] for tag in tags[i]],
                "session": sessions[i],
                "addr": {"city": WORDS[cities[i]], "zip": f"{codes[i]:05}", "geo": places[i]},
                "score": scores[i],
                "body": " ".join(bodies[i]),
            }
        )


def make_collections(folder: Path, files: int, file_bytes: int, seed: int) -> None:
    """Files of documents one behind the other, as mongodump writes them."""
    for number in range(files):
        draw = np.random.default_rng([seed, number, 2])
        written = first = 0
        with (folder / f"orders{number}.bson").open("wb") as file:
            while written < file_bytes:
                written += file.write(b"".join(documents(draw, first)))
                first += BATCH


def config(draw: random.Random) -> dict[str, object]:
    """Settings that come to 1 to 8 KB."""
    wanted, size = draw.randrange(1024, 8192), 0
    settings: dict[str, object] = {}
    while size < wanted:
        name = "_".join(draw.choices(WORDS[:400], k=2))
        value = draw.choice((draw_number, draw_text, draw_switch, draw_token))(draw)
        settings[name] = value
        size += len(name) + len(str(value)) + 6
    return settings


def draw_number(draw: random.Random) -> object:
    return draw.randrange(10_000)


def draw_text(draw: random.Random) -> object:
    return " ".join(draw.choices(WORDS[:1000], k=4))


def draw_switch(draw: random.Random) -> object:
    return draw.random() < 0.5


def draw_token(draw: random.Random) -> object:
    return f"{draw.getrandbits(64):016x}"


def make_configs(folder: Path, files: int, seed: int) -> None:
    """YAML and JSON in turn."""
    draw = random.Random(seed)
    for number in range(files):
        below = folder / f"service{number // FILES_OF_FOLDER:03}"
        below.mkdir(exist_ok=True)
        settings = config(draw)
        if number % 2:
            text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
            (below / f"config{number:05}.yaml").write_text(text)
        else:
            (below / f"config{number:05}.json").write_text(json.dumps(settings, indent=1))


def make_copies(folder: Path, base: Path, copies: int) -> None:
    for number in range(copies):
        shutil.copytree(base, folder / f"copy{number:02}")


def make_small_files(folder: Path, files: int, seed: int) -> None:
    """A number, then a stretch of a long text: no two files are alike."""
    draw = np.random.default_rng([seed, 3])
    text = " ".join(word for row in draw_words(draw, 1000, 600) for word in row).encode()
    sizes = draw.integers(200, 2001, size=files).tolist()
    offsets = draw.integers(len(text) - 2000, size=files).tolist()
    for number, (size, offset) in enumerate(zip(sizes, offsets, strict=True)):
        below = folder / f"{number // SMALL_FILES_OF_FOLDER:04}"
        if number % SMALL_FILES_OF_FOLDER == 0:
            below.mkdir()
        begin = b"%08d " % number
        (below / f"{number:08}.txt").write_bytes(begin + text[offset : offset + size - len(begin)])
