package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	broker "github.com/nats-io/nats-server/v2/server"
)

// TestMain lets the test binary run as a program that tests kill: the product
// or a NATS server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == readDocument { // its process has no environment
		main()
	}
	switch os.Getenv("OPENMATES_TEST_CHILD") {
	case "openmates":
		main()
	case "nats":
		if err := natsServer(os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// natsServer serves at a port until it is killed.
func natsServer(port string) error {
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := broker.NewServer(&broker.Options{Host: "127.0.0.1", Port: n, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		return fmt.Errorf("NATS does not start at port %d", n)
	}
	fmt.Println("ready")
	s.WaitForShutdown()
	return nil
}
