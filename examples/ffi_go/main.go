// Backs up a folder, lists the snapshots, and restores the last one somewhere else: libsapdr by its
// C ABI, from Go.
//
//	SAPDR_PASSWORD=secret ./ffi_go REPOSITORY FOLDER TARGET
//
// REPOSITORY is created if there is none. Build with `go build`, which asks pkg-config for sapdr.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func openOrInit(location string, password []byte) (*Repository, error) {
	repository, err := Open(location, password)
	if errors.Is(err, ErrNoRepository) {
		return Init(location, password)
	}
	return repository, err
}

func showProgress(now Progress) error {
	fmt.Fprintf(os.Stderr, "\r%-7s %10.1f MB", now.Phase, float64(now.BytesDone)/1e6)
	if now.IsFinal {
		fmt.Fprintln(os.Stderr)
	}
	return nil
}

func run(ctx context.Context, location, folder, target string, password []byte) error {
	repository, err := openOrInit(location, password)
	if err != nil {
		return err
	}
	defer repository.Close()
	backup, err := repository.Backup(ctx, []string{folder}, showProgress)
	if err != nil {
		return err
	}
	fmt.Printf("backed up %d bytes, stored %d new ones in %v; verified: %v\n",
		backup.BytesTotal, backup.BytesStored, backup.Elapsed, backup.Verified)
	snapshots, err := repository.Snapshots()
	if err != nil {
		return err
	}
	for _, each := range snapshots {
		fmt.Printf("snapshot %.8s of %s at %s: %d files, %d bytes\n",
			each.ID, each.Host, each.Time.Format("2006-01-02 15:04"), each.Files, each.Bytes)
	}
	restored, err := repository.Restore(ctx, backup.SnapshotID, target, showProgress)
	if err != nil {
		return err
	}
	fmt.Printf("restored %d files, %d bytes\n", restored.Files, restored.Bytes)
	return nil
}

func main() {
	password := os.Getenv("SAPDR_PASSWORD")
	if len(os.Args) != 4 || password == "" {
		fmt.Fprintf(os.Stderr, "usage: SAPDR_PASSWORD=... %s REPOSITORY FOLDER TARGET\n", os.Args[0])
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1], os.Args[2], os.Args[3], []byte(password))
	stop()
	if err == nil {
		return
	}
	code := 1
	var failed *Error
	if errors.As(err, &failed) {
		fmt.Fprintf(os.Stderr, "error: %s (%s)\n", failed.Message, failed.Name)
		code = failed.ExitCode()
	} else {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	os.Exit(code)
}
