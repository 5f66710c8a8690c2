# The compiled module: private, wrapped by the package.
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, Never, TypeAlias

from ._errors import Error as _Error
from ._types import (
    BackupResult,
    Cache,
    Change,
    CheckResult,
    ChecksumResult,
    CopyResult,
    DiffResult,
    FileChecksum,
    Finding,
    FindResult,
    ForgetDecision,
    ForgetResult,
    Item,
    Key,
    ManifestVerifyResult,
    Match,
    MongodbBackupResult,
    MongodbRange,
    Node,
    Progress,
    PruneResult,
    RepairIndexResult,
    RepairPacksResult,
    RepairSnapshotsResult,
    RestoreResult,
    Snapshot,
    Stats,
    TagResult,
    VerifyResult,
    WarmUpResult,
)

_Buffer: TypeAlias = Any  # what memoryview() takes; collections.abc.Buffer needs Python 3.12
_OnProgress: TypeAlias = Callable[[Progress], object] | None
_OnItem: TypeAlias = Callable[[Item], object] | None
_Stream: TypeAlias = tuple[bytes, Callable[[memoryview], int], int, int, int]

class _Type(type): ...  # pybind11's metaclass

__version__: Final[str]
STATUS_TABLE: Final[tuple[tuple[str, int, int, str], ...]]
COMPRESSION: Final[dict[str, int]]
CODEC: Final[dict[str, int]]
IO_CLASS: Final[dict[str, int]]
CHUNKER: Final[dict[str, int]]
OVERWRITE: Final[dict[str, int]]
AZURE_SECONDARY: Final[dict[str, int]]
AZURE_TIER: Final[dict[str, int]]
AZURE_IDENTITY: Final[dict[str, int]]
CALLS: Final[dict[str, int]]
DUTY: Final[dict[str, int]]
GROUP_BY: Final[dict[str, int]]
KEEP_UNLIMITED: Final[int]

class Pace(metaclass=_Type):
    limit_cpu_percent: int
    nice: int
    io_class: int
    io_level: int
    def __init__(self) -> None: ...

class InitOptions(metaclass=_Type):
    password: bytes
    version: int
    scrypt_n: int
    scrypt_r: int
    scrypt_p: int
    codec: int
    def __init__(self) -> None: ...

class OpenOptions(metaclass=_Type):
    password: bytes
    compression: int
    key_hint: bytes | None
    pack_size_mib: int
    no_lock: bool
    no_verify_blobs: bool
    retry_lock: timedelta
    cache_dir: bytes | None
    cache_size: int
    def __init__(self) -> None: ...

class AzureOptions(metaclass=_Type):
    connections: int
    account: bytes | None
    account_key: bytes | None
    sas: bytes | None
    connection_string: bytes | None
    identity_kind: int
    pack_tier: int
    authority_host: bytes | None
    tenant_id: bytes | None
    client_id: bytes | None
    client_secret: bytes | None
    certificate_path: bytes | None
    certificate_password: bytes | None
    federated_token_file: bytes | None
    ca_file: bytes | None
    proxy: bytes | None
    connect_timeout: timedelta
    first_byte_timeout: timedelta
    stall_timeout: timedelta
    retry_for: timedelta
    retry: bool
    secondary: int
    rehydrate_fast: bool
    account_id: bytes | None
    management_endpoint: bytes | None
    limit_upload: int
    limit_download: int
    def __init__(self) -> None: ...

class KeyOptions(metaclass=_Type):
    password: bytes
    scrypt_n: int
    scrypt_r: int
    scrypt_p: int
    host: bytes | None
    user: bytes | None
    def __init__(self) -> None: ...

class BackupOptions(metaclass=_Type):
    host: bytes | None
    tags: Sequence[bytes]
    time_ns: int
    parent: bytes | None
    excludes: Sequence[bytes]
    iexcludes: Sequence[bytes]
    exclude_files: Sequence[bytes]
    exclude_if_present: Sequence[bytes]
    exclude_larger_than: int
    exclude_caches: bool
    one_file_system: bool
    ignore_inode: bool
    ignore_ctime: bool
    with_atime: bool
    dry_run: bool
    verify: bool
    verify_max_age: timedelta
    chunker: int
    def __init__(self) -> None: ...

class MongodbOptions(metaclass=_Type):
    full: bool
    includes: Sequence[bytes]
    excludes: Sequence[bytes]
    limit_read: int
    batch_documents: int
    def __init__(self) -> None: ...

class SnapshotFilter(metaclass=_Type):
    hosts: Sequence[bytes]
    tags: Sequence[bytes]
    paths: Sequence[bytes]
    tag_lists: Sequence[bytes]
    def __init__(self) -> None: ...

class WalkOptions(metaclass=_Type):
    not_recursive: bool
    paths: Sequence[bytes]
    def __init__(self) -> None: ...

class RestoreOptions(metaclass=_Type):
    overwrite: int
    includes: Sequence[bytes]
    excludes: Sequence[bytes]
    verify: bool
    no_owner: bool
    no_sparse: bool
    remove_extra: bool
    def __init__(self) -> None: ...

class CheckOptions(metaclass=_Type):
    read_data: bool
    read_data_subset: bytes | None
    budget_bytes: int
    budget_time: timedelta
    max_age: timedelta
    def __init__(self) -> None: ...

class RepairOptions(metaclass=_Type):
    dry_run: bool
    read_all_packs: bool
    forget: bool
    names: Sequence[bytes]
    def __init__(self) -> None: ...

class CopyOptions(metaclass=_Type):
    dry_run: bool
    def __init__(self) -> None: ...

class TagOptions(metaclass=_Type):
    add: Sequence[bytes]
    remove: Sequence[bytes]
    set: Sequence[bytes] | None
    def __init__(self) -> None: ...

class VerifyOptions(metaclass=_Type):
    strict: bool
    includes: Sequence[bytes]
    excludes: Sequence[bytes]
    def __init__(self) -> None: ...

class ChecksumOptions(metaclass=_Type):
    paths: Sequence[bytes]
    excludes: Sequence[bytes]
    def __init__(self) -> None: ...

class ManifestVerifyOptions(metaclass=_Type):
    strict: bool
    paths: Sequence[bytes]
    excludes: Sequence[bytes]
    ignore_missing: bool
    def __init__(self) -> None: ...

class Cancel(metaclass=_Type):
    def __init__(self) -> None: ...
    def trigger(self) -> None: ...
    @property
    def triggered(self) -> bool: ...

class Hasher(metaclass=_Type):
    def __init__(self) -> None: ...
    def update(self, data: object) -> None: ...
    def final(self) -> str: ...

def sha256(data: object) -> str: ...
def cache_list(folder: bytes) -> list[Cache]: ...
def cache_remove(folder: bytes, max_age: timedelta) -> list[Cache]: ...
def doctor(
    backend: Backend, duty: int, must_be_safe: bool, cancel: Cancel | None
) -> list[Finding]: ...
def checksum_file(path: bytes, on_progress: _OnProgress, cancel: Cancel | None) -> str: ...
def checksum_tree(
    folder: bytes,
    on_file: Callable[[FileChecksum], object],
    options: ChecksumOptions,
    pace: Pace,
    on_progress: _OnProgress,
    on_item: _OnItem,
    cancel: Cancel | None,
) -> ChecksumResult: ...
def manifest_write(
    folder: bytes,
    manifest: bytes,
    options: ChecksumOptions,
    pace: Pace,
    on_progress: _OnProgress,
    on_item: _OnItem,
    cancel: Cancel | None,
) -> ChecksumResult: ...
def manifest_verify(
    folder: bytes,
    manifest: bytes,
    options: ManifestVerifyOptions,
    pace: Pace,
    on_progress: _OnProgress,
    on_item: _OnItem,
    cancel: Cancel | None,
) -> ManifestVerifyResult: ...

class ForgetOptions(metaclass=_Type):
    group_by: int
    keep_last: int
    keep_hourly: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    keep_yearly: int
    keep_within: bytes | None
    keep_within_hourly: bytes | None
    keep_within_daily: bytes | None
    keep_within_weekly: bytes | None
    keep_within_monthly: bytes | None
    keep_within_yearly: bytes | None
    keep_tags: Sequence[bytes]
    snapshots: Sequence[bytes]
    allow_remove_all: bool
    def __init__(self) -> None: ...

class PruneOptions(metaclass=_Type):
    repack_small: bool
    max_unused: bytes | None
    max_repack_size: int
    grace: timedelta | None
    without_snapshots: Sequence[bytes]
    forget: bool
    def __init__(self) -> None: ...

class DiffOptions(metaclass=_Type):
    metadata: bool
    no_blobs: bool
    def __init__(self) -> None: ...

class FindOptions(metaclass=_Type):
    patterns: Sequence[bytes]
    ignore_case: bool
    oldest_ns: int
    newest_ns: int
    blobs: Sequence[bytes]
    trees: Sequence[bytes]
    packs: Sequence[bytes]
    snapshots: Sequence[bytes]
    def __init__(self) -> None: ...

class Backend(metaclass=_Type):
    def __init__(self, *args: Never, **kwargs: Never) -> None: ...  # made by open and from_object
    @staticmethod
    def open(location: bytes) -> Backend: ...
    @staticmethod
    def open_azure(location: bytes, options: AzureOptions) -> Backend: ...
    @staticmethod
    def from_object(custom: object, location: bytes, max_parallel: int, retry: bool) -> Backend: ...
    def with_retry(
        self, max_attempts: int, max_elapsed: timedelta, min_wait: timedelta, max_wait: timedelta
    ) -> Backend: ...
    def with_limit(self, upload: int, download: int) -> Backend: ...
    def with_dry_run(self) -> Backend: ...
    def with_fault(
        self,
        calls: int,
        fail_at: int,
        fail_count: int,
        probability: float,
        seed: int,
        status: int,
        permanent: bool,
        lose_answer: bool,
    ) -> Backend: ...
    @property
    def location(self) -> str: ...
    @property
    def max_parallel(self) -> int: ...
    def create(self) -> None: ...
    def exists(self, type: str, name: str) -> bool: ...
    def size(self, type: str, name: str) -> int: ...
    def load(self, type: str, name: str, offset: int, size: int) -> bytes: ...
    def save(self, type: str, name: str, data: bytes) -> None: ...
    def list(self, type: str) -> list[tuple[str, int, int]]: ...
    def erase(self, type: str, name: str) -> None: ...

class Repository(metaclass=_Type):
    def __init__(self, *args: Never, **kwargs: Never) -> None: ...  # made by init and open
    @staticmethod
    def init(
        backend: Backend,
        options: InitOptions,
        like: Repository | None,
        pace: Pace,
        cancel: Cancel | None,
    ) -> Repository: ...
    @staticmethod
    def open(
        backend: Backend, options: OpenOptions, pace: Pace, cancel: Cancel | None
    ) -> Repository: ...
    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def codec(self) -> int: ...
    @property
    def location(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def backup(
        self,
        paths: Sequence[bytes],
        options: BackupOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> BackupResult: ...
    def backup_streams(
        self,
        streams: Sequence[_Stream],
        options: BackupOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> BackupResult: ...
    def backup_source(
        self,
        next: Callable[[], _Stream | None],
        paths: Sequence[bytes],
        max_open: int,
        options: BackupOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> BackupResult: ...
    def backup_mongodb(
        self,
        uri: bytes,
        mongodb: MongodbOptions,
        options: BackupOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> MongodbBackupResult: ...
    def mongodb_timeline(self, cancel: Cancel | None) -> list[MongodbRange]: ...
    def snapshots(self, filter: SnapshotFilter, damaged: list[_Error] | None) -> list[Snapshot]: ...
    def snapshot(self, name: bytes, filter: SnapshotFilter) -> Snapshot: ...
    def dump(
        self,
        snapshot: bytes,
        path: bytes,
        write: Callable[[bytes], object],
        cancel: Cancel | None,
    ) -> None: ...
    def diff(
        self,
        before: bytes,
        after: bytes,
        on_change: Callable[[Change], object],
        options: DiffOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> DiffResult: ...
    def find(
        self,
        options: FindOptions,
        on_match: Callable[[Match], object],
        filter: SnapshotFilter,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> FindResult: ...
    def check(
        self,
        options: CheckOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> CheckResult: ...
    def repair_index(
        self,
        options: RepairOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> RepairIndexResult: ...
    def repair_packs(
        self,
        options: RepairOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> RepairPacksResult: ...
    def repair_snapshots(
        self,
        options: RepairOptions,
        filter: SnapshotFilter,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> RepairSnapshotsResult: ...
    def verify(
        self,
        snapshot: bytes,
        target: bytes | None,
        options: VerifyOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> VerifyResult: ...
    def stats(
        self, snapshot: bytes | None, filter: SnapshotFilter, cancel: Cancel | None
    ) -> Stats: ...
    def copy_from(
        self,
        source: Repository,
        snapshots: Sequence[bytes],
        filter: SnapshotFilter,
        options: CopyOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> CopyResult: ...
    def tag(
        self,
        snapshots: Sequence[bytes],
        filter: SnapshotFilter,
        options: TagOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> TagResult: ...
    def unlock(self, remove_all: bool) -> int: ...
    def key_list(self) -> list[Key]: ...
    def key_add(self, options: KeyOptions, cancel: Cancel | None) -> str: ...
    def key_remove(self, id: bytes, cancel: Cancel | None) -> str: ...
    def key_passwd(self, options: KeyOptions, cancel: Cancel | None) -> str: ...
    def cat(self, type: bytes, id: bytes | None) -> bytes: ...
    def list(self, type: bytes) -> list[tuple[str, int]]: ...

class File(metaclass=_Type):
    def __init__(
        self, repository: Repository, snapshot: bytes, path: bytes, cancel: Cancel | None
    ) -> None: ...
    @property
    def size(self) -> int: ...
    def readinto(self, offset: int, buffer: _Buffer) -> int: ...
    def readall(self, offset: int) -> bytes: ...
    def close(self) -> None: ...

class RestorePlan(metaclass=_Type):
    def __init__(
        self,
        repository: Repository,
        snapshot: bytes,
        target: bytes | None,
        options: RestoreOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> None: ...
    @property
    def stats(self) -> RestoreResult: ...
    @property
    def snapshot(self) -> Snapshot: ...
    @property
    def target(self) -> str: ...
    def warm_up(self, wait: timedelta, interval: timedelta) -> WarmUpResult: ...
    def run(self) -> RestoreResult: ...

class ForgetPlan(metaclass=_Type):
    def __init__(
        self,
        repository: Repository,
        options: ForgetOptions,
        filter: SnapshotFilter,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> None: ...
    @property
    def decisions(self) -> tuple[ForgetDecision, ...]: ...
    def run(self) -> ForgetResult: ...

class PrunePlan(metaclass=_Type):
    def __init__(
        self,
        repository: Repository,
        options: PruneOptions,
        on_progress: _OnProgress,
        on_item: _OnItem,
        cancel: Cancel | None,
    ) -> None: ...
    @property
    def stats(self) -> PruneResult: ...
    def run(self) -> PruneResult: ...

class Walk(metaclass=_Type):
    def __init__(self, repository: Repository, snapshot: bytes, options: WalkOptions) -> None: ...
    def __iter__(self) -> Iterator[Node]: ...
    def __next__(self) -> Node: ...
