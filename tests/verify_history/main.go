// Command verify-history is a second opinion on a recorded run: porcupine, an independent
// linearizability checker, checks the same lines as tests/history.
//
//	go run . FILE_OR_DIRECTORY…
package main

import (
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const timeout = 2 * time.Minute // for one stream

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: verify-history FILE_OR_DIRECTORY…")
		os.Exit(2)
	}
	streams, err := load(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	names := make([]string, 0, len(streams))
	for name, calls := range streams {
		if !erased(calls) { // the model knows of no stream that begins late
			names = append(names, name)
		}
	}
	sort.Strings(names)
	checked, bad := 0, 0
	for _, name := range names {
		operations, err := operations(streams[name])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		checked += len(operations)
		if result := porcupine.CheckOperationsTimeout(model, operations, timeout); result != porcupine.Ok {
			bad++
			fmt.Printf("stream %s, %d operations: %s\n", name, len(operations), result)
		}
	}
	fmt.Printf("porcupine: %d streams, %d operations: ", len(names), checked)
	if bad > 0 {
		fmt.Printf("%d streams not linearizable\n", bad)
		os.Exit(1)
	}
	fmt.Println("linearizable")
}

// erased tells whether anybody tried to erase events of a stream.
func erased(calls []call) bool {
	for _, c := range calls {
		if c.request.Call == "erase" {
			return true
		}
	}
	return false
}
