// All that knows C: handles become a Repository, statuses become errors, callbacks become functions.
//
// What has to be kept in mind:
//   - what C allocates is freed here, before the function returns, or by Close;
//   - memory of Go that C is given holds no pointers to memory of Go: strings are copied to C, and
//     the observer, to which options point, lies in memory of C;
//   - callbacks come on any thread, and a panic must not unwind into C.
package main

/*
#cgo pkg-config: sapdr
#include <sapdr/sapdr.h>
#include <stdlib.h>

// An observer, and the Go value that it tells: `observer.user` points to `handle`.
typedef struct watch {
  sapdr_observer observer;
  uintptr_t handle;
} watch;

int32_t onProgress(void *user, sapdr_progress *progress);
*/
import "C"

import (
	"context"
	"encoding/hex"
	"fmt"
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
)

// Error is a failed call: a code of sapdr/status.h, and one line that says what to do.
type Error struct {
	Code      int
	Name      string // "SAPDR_E_LOCKED"
	Message   string
	Retryable bool // the same call may succeed later without anything being changed
}

func (e *Error) Error() string { return e.Message }

// ExitCode is what the command sapdr would end with.
func (e *Error) ExitCode() int { return int(C.sapdr_status_exit_code(C.sapdr_status(e.Code))) }

// Is makes errors.Is(err, ErrNoRepository) work: the code is what counts.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// ErrNoRepository is there to be compared with.
var ErrNoRepository = &Error{Code: C.SAPDR_E_NO_REPOSITORY, Message: "there is no repository"}

// failure turns a status into an error, and frees the one of C.
func failure(status C.sapdr_status, err *C.sapdr_error) error {
	if status == C.SAPDR_OK {
		return nil
	}
	defer C.sapdr_error_free(err)
	return &Error{
		Code:      int(status),
		Name:      C.GoString(C.sapdr_status_name(status)),
		Message:   C.GoString(C.sapdr_error_message(err)),
		Retryable: C.sapdr_error_retryable(err) != C.SAPDR_RETRY_NEVER,
	}
}

// Repository is open until Close. It may be used by any goroutine: they wait for each other.
type Repository struct {
	mutex sync.Mutex
	repo  *C.sapdr_repo
}

// Open opens the repository at a location.
func Open(location string, password []byte) (*Repository, error) {
	return connect(location, password, func(secret unsafe.Pointer, repo **C.sapdr_repo,
		ctx *C.sapdr_ctx, storage *C.sapdr_backend, err **C.sapdr_error) C.sapdr_status {
		options := C.sapdr_repo_open_options{
			struct_size:   C.sizeof_sapdr_repo_open_options,
			password:      (*C.char)(secret),
			password_size: C.size_t(len(password)),
		}
		return C.sapdr_repo_open(repo, ctx, storage, &options, err)
	})
}

// Init creates a repository and opens it.
func Init(location string, password []byte) (*Repository, error) {
	return connect(location, password, func(secret unsafe.Pointer, repo **C.sapdr_repo,
		ctx *C.sapdr_ctx, storage *C.sapdr_backend, err **C.sapdr_error) C.sapdr_status {
		options := C.sapdr_repo_init_options{
			struct_size:   C.sizeof_sapdr_repo_init_options,
			password:      (*C.char)(secret),
			password_size: C.size_t(len(password)),
		}
		return C.sapdr_repo_init(repo, ctx, storage, &options, err)
	})
}

// connect gives `open` what it needs. The repository keeps alive what it needs of that.
func connect(location string, password []byte, open func(unsafe.Pointer, **C.sapdr_repo,
	*C.sapdr_ctx, *C.sapdr_backend, **C.sapdr_error) C.sapdr_status) (*Repository, error) {
	var (
		ctx     *C.sapdr_ctx
		storage *C.sapdr_backend
		repo    *C.sapdr_repo
		err     *C.sapdr_error
	)
	place := C.CString(location)
	defer C.free(unsafe.Pointer(place))
	secret := C.CBytes(password)
	defer C.free(secret)
	defer C.memset(secret, 0, C.size_t(len(password)))
	status := C.sapdr_ctx_new(&ctx, nil, &err)
	defer func() { C.sapdr_ctx_free(ctx) }()
	if status == C.SAPDR_OK {
		status = C.sapdr_backend_open(&storage, ctx, place, &err)
		defer func() { C.sapdr_backend_free(storage) }()
	}
	if status == C.SAPDR_OK {
		status = open(secret, &repo, ctx, storage, &err)
	}
	if status != C.SAPDR_OK {
		return nil, failure(status, err)
	}
	return &Repository{repo: repo}, nil
}

// Close frees the repository, after the operation that is running; it may be called again.
func (r *Repository) Close() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	C.sapdr_repo_free(r.repo)
	r.repo = nil // the library refuses whatever comes now with an error
}

// Progress is how far an operation is. Totals are 0 while they are unknown.
type Progress struct {
	Phase                 string
	BytesDone, BytesTotal uint64
	Elapsed               time.Duration
	Current               string
	IsFinal               bool
}

// OnProgress is called some ten times a second, on any thread, and never twice at once. An error
// stops the operation and comes out of it unchanged.
type OnProgress func(Progress) error

// watcher is what the callback of C finds by its handle.
type watcher struct {
	tell OnProgress
	err  error
}

//export onProgress
func onProgress(user unsafe.Pointer, progress *C.sapdr_progress) (stop C.int32_t) {
	w := cgo.Handle(*(*C.uintptr_t)(user)).Value().(*watcher)
	defer func() {
		if reason := recover(); reason != nil {
			w.err = fmt.Errorf("panic in a callback: %v", reason)
		}
		if w.err != nil {
			stop = 1
		}
	}()
	w.err = w.tell(Progress{
		Phase:      C.GoString(C.sapdr_phase_name(progress.phase)),
		BytesDone:  uint64(progress.bytes_done),
		BytesTotal: uint64(progress.bytes_total),
		Elapsed:    time.Duration(progress.elapsed_ns),
		Current:    C.GoStringN(progress.current, C.int(progress.current_size)),
		IsFinal:    progress.is_final != 0,
	})
	return 0
}

// run calls `operation`, one at a time, with an observer that calls `tell` and a handle that is
// triggered when ctx is done.
func (r *Repository) run(ctx context.Context, tell OnProgress, operation func(*C.sapdr_observer,
	*C.sapdr_cancel, **C.sapdr_error) C.sapdr_status) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var (
		cancel *C.sapdr_cancel
		err    *C.sapdr_error
	)
	if status := C.sapdr_cancel_new(&cancel, &err); status != C.SAPDR_OK {
		return failure(status, err)
	}
	defer C.sapdr_cancel_free(cancel)
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			C.sapdr_cancel_trigger(cancel)
		case <-ended:
		}
	}()
	defer func() { close(ended); <-stopped }() // before the handle is freed

	w := &watcher{tell: tell}
	handle := cgo.NewHandle(w)
	defer handle.Delete()
	watch := (*C.watch)(C.calloc(1, C.sizeof_watch))
	defer C.free(unsafe.Pointer(watch))
	watch.handle = C.uintptr_t(handle)
	watch.observer.struct_size = C.sizeof_sapdr_observer
	watch.observer.user = unsafe.Pointer(&watch.handle)
	if tell != nil {
		watch.observer.on_progress = (*[0]byte)(C.onProgress)
	}
	status := operation(&watch.observer, cancel, &err)
	failed := failure(status, err)
	if w.err != nil && status == C.SAPDR_E_CALLBACK {
		return w.err
	}
	return failed
}

// BackupResult is what a backup did, as far as it got.
type BackupResult struct {
	SnapshotID              string // "" if none was stored
	Verified                bool
	BytesTotal, BytesStored uint64
	Elapsed                 time.Duration
}

// Backup backs up folders into one snapshot, and reads back what it stored.
func (r *Repository) Backup(ctx context.Context, paths []string, tell OnProgress) (BackupResult, error) {
	result := C.sapdr_backup_result{struct_size: C.sizeof_sapdr_backup_result}
	names := make([]*C.char, len(paths), len(paths)+1) // of which there is always a first one
	for i, path := range paths {
		names[i] = C.CString(path)
		defer C.free(unsafe.Pointer(names[i]))
	}
	err := r.run(ctx, tell, func(observer *C.sapdr_observer, cancel *C.sapdr_cancel,
		err **C.sapdr_error) C.sapdr_status {
		options := C.sapdr_backup_options{
			struct_size: C.sizeof_sapdr_backup_options,
			verify:      1,
			observer:    observer,
			cancel:      cancel,
		}
		return C.sapdr_backup_run(&result, r.repo, &names[:1][0], C.size_t(len(paths)),
			&options, err)
	})
	done := BackupResult{
		Verified:    result.state == C.SAPDR_BACKUP_VERIFIED,
		BytesTotal:  uint64(result.bytes_total),
		BytesStored: uint64(result.bytes_stored),
		Elapsed:     time.Duration(result.elapsed_ns),
	}
	if result.has_snapshot != 0 {
		id := C.GoBytes(unsafe.Pointer(&result.snapshot_id), C.sizeof_sapdr_id)
		done.SnapshotID = hex.EncodeToString(id)
	}
	return done, err
}

// Snapshot is what a snapshot says of itself.
type Snapshot struct {
	ID, Host     string
	Time         time.Time
	Paths        []string
	Files, Bytes uint64
}

// Snapshots are all of them, oldest first.
func (r *Repository) Snapshots() ([]Snapshot, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var (
		list *C.sapdr_snapshot_list
		err  *C.sapdr_error
	)
	if status := C.sapdr_snapshot_list_new(&list, r.repo, nil, &err); status != C.SAPDR_OK {
		return nil, failure(status, err)
	}
	defer C.sapdr_snapshot_list_free(list)
	snapshots := make([]Snapshot, C.sapdr_snapshot_list_size(list))
	for i := range snapshots {
		each := C.sapdr_snapshot_list_at(list, C.size_t(i)) // borrowed: everything is copied
		paths := make([]string, C.sapdr_snapshot_n_paths(each))
		for at := range paths {
			paths[at] = C.GoString(C.sapdr_snapshot_path(each, C.size_t(at)))
		}
		snapshots[i] = Snapshot{
			ID:    C.GoString(C.sapdr_snapshot_hex(each)),
			Host:  C.GoString(C.sapdr_snapshot_host(each)),
			Time:  time.Unix(0, int64(C.sapdr_snapshot_time_ns(each))),
			Paths: paths,
			Files: uint64(C.sapdr_snapshot_files(each)),
			Bytes: uint64(C.sapdr_snapshot_bytes(each)),
		}
	}
	return snapshots, nil
}

// RestoreResult is what a restore did, as far as it got.
type RestoreResult struct {
	Files, Bytes uint64
}

// Restore restores a snapshot ("latest", an id, a prefix) into a folder, and compares what it wrote.
func (r *Repository) Restore(ctx context.Context, snapshot, target string, tell OnProgress) (RestoreResult, error) {
	name, folder := C.CString(snapshot), C.CString(target)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(folder))
	stats := C.sapdr_restore_stats{struct_size: C.sizeof_sapdr_restore_stats}
	err := r.run(ctx, tell, func(observer *C.sapdr_observer, cancel *C.sapdr_cancel,
		err **C.sapdr_error) C.sapdr_status {
		options := C.sapdr_restore_options{
			struct_size: C.sizeof_sapdr_restore_options,
			verify:      1,
			observer:    observer,
			cancel:      cancel,
		}
		var plan *C.sapdr_restore_plan
		status := C.sapdr_restore_plan_new(&plan, r.repo, name, nil, folder, &options, err)
		if status != C.SAPDR_OK {
			return status
		}
		defer C.sapdr_restore_plan_free(plan)
		return C.sapdr_restore_plan_run(&stats, plan, err)
	})
	return RestoreResult{Files: uint64(stats.files), Bytes: uint64(stats.bytes)}, err
}
