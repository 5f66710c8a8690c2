#!/usr/bin/env python3
"""Backs up a folder, proves that the snapshot is right, and restores it somewhere else.

    SAPDR_PASSWORD=secret python backup.py REPOSITORY FOLDER TARGET

REPOSITORY is created if there is none.
"""

import argparse
import os
import sys

import sapdr


def open_or_init(location: str, password: str) -> sapdr.Repository:
    try:
        return sapdr.open(location, password=password)
    except sapdr.NoRepositoryError:
        return sapdr.init(location, password=password)


def show_progress(now: sapdr.Progress) -> None:
    if now.bytes_done:
        print(f"\r{now.phase:7} {now.bytes_done / 1e6:10.1f} MB", end="", file=sys.stderr)
    if now.is_final:
        print(file=sys.stderr)


def show_failure(item: sapdr.Item) -> None:
    if item.status != 0:
        print(f"{item.path}: {item.message}", file=sys.stderr)


def run(repository: sapdr.Repository, folder: str, target: str) -> None:
    backup = repository.backup(folder, verify=True, progress=show_progress, on_item=show_failure)
    snapshot = repository.snapshot(backup.snapshot_id or "latest")

    for each in repository.snapshots():
        print(f"snapshot {each.short_id} of {each.time:%Y-%m-%d %H:%M} UTC: {each.bytes} bytes")

    same = repository.verify(snapshot)
    plan = repository.plan_restore(snapshot, target, verify=True, progress=show_progress)
    restored = plan.run()

    stats = repository.stats()
    print(f"backed up {backup.bytes_total} bytes, stored {backup.bytes_stored} new ones")
    print(f"in {backup.elapsed:.2f} s; the snapshot is {backup.state}")
    print(f"{same.matching} items are as in the snapshot")
    print(f"{restored.files} files restored to {plan.target} in {restored.elapsed:.2f} s")
    print(f"deduplication {stats.dedup_ratio:.2f}, compression {stats.compression_ratio:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository")
    parser.add_argument("folder")
    parser.add_argument("target")
    args = parser.parse_args()
    try:
        password = os.environ["SAPDR_PASSWORD"]
    except KeyError:
        parser.error("SAPDR_PASSWORD is not set")
    try:
        with open_or_init(args.repository, password) as repository:
            run(repository, args.folder, args.target)
    except sapdr.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
