"""Makes the empty repository that all tools of restic's format begin with.

usage: PYTHONPATH=tests/interop empty_repository.py FOLDER

FOLDER/repository has one key file of small cost (scrypt with N=1024, r=8, p=1): what opening costs
is the same for all and short. FOLDER/password has its password.
"""

from __future__ import annotations

import sys
from pathlib import Path

from commands import PASSWORD
from crafted import CraftedRepository

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    CraftedRepository(folder / "repository")
    (folder / "password").write_text(PASSWORD + "\n")
