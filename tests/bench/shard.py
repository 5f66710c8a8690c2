"""Makes one shard of weights: shard.py FILE BYTES"""

from __future__ import annotations

import sys
from pathlib import Path

from models import write_shard
from numpy.random import default_rng

if __name__ == "__main__":
    write_shard(Path(sys.argv[1]), int(sys.argv[2]), default_rng(1))
