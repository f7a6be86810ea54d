package dbqueue_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"openmates/internal/polltest"
	"openmates/internal/queue"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/store"
)

const childEnv = "DBQUEUE_TEST_CHILD"

// TestMain lets the test's binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child accepts jobs, works some of them off and hangs in one.
func child(dir string) error {
	db, err := store.Open(context.Background(), store.Config{Dir: dir, Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	q, err := dbqueue.New(dbqueue.Config{Journal: db, Lease: db, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	go func() {
		for n := range 20 {
			key := fmt.Sprint("job-", n)
			if err := q.Push(context.Background(), queue.Job{Key: key, Lane: fmt.Sprint("lane-", n%2)}); err != nil {
				fmt.Println("error:", err)
			}
			fmt.Println("accepted", key)
		}
	}()
	return q.Work(context.Background(), 4, func(ctx context.Context, j queue.Job) error {
		fmt.Println("begun", j.Key)
		if j.Key == "job-8" || j.Key == "job-9" {
			select {} // until the kill
		}
		return nil
	})
}

// TestKill9 kills a working process and takes its work over.
func TestKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	accepted, begun := map[string]bool{}, map[string]bool{}
	for lines := bufio.NewScanner(out); (len(accepted) < 20 || !begun["job-8"] || !begun["job-9"]) && lines.Scan(); {
		what, key, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "accepted":
			accepted[key] = true
		case "begun":
			begun[key] = true
		default:
			t.Fatal(lines.Text())
		}
	}
	db, err := store.Open(t.Context(), store.Config{Dir: dir, Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q := newQueue(t, dbqueue.Config{Journal: db, Lease: db})
	ran := make(chan queue.Job, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- q.Work(ctx, 4, func(_ context.Context, j queue.Job) error {
			ran <- j
			return nil
		})
	}()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	_ = cmd.Wait()

	next := map[string]int{"lane-0": 8, "lane-1": 9}
	for range 12 {
		select {
		case j := <-ran:
			if want := fmt.Sprint("job-", next[j.Lane]); j.Key != want {
				t.Errorf("%s ran, want %s", j.Key, want)
			}
			next[j.Lane] += 2
			if begun[j.Key] && !j.Again {
				t.Errorf("%s was begun before and comes without Again", j.Key)
			}
		case <-time.After(polltest.Patience):
			t.Fatalf("not worked off: %v", next)
		}
	}
	t.Logf("all was worked off %v after the kill", time.Since(killed))
	cancel()
	<-ended
	if len(ran) > 0 {
		t.Errorf("%v ran again", <-ran)
	}
	if jobs, _, err := db.OpenJobs(t.Context(), 0, 10); err != nil || len(jobs) > 0 {
		t.Errorf("still open: %v, %v", jobs, err)
	}
}
