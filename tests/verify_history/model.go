// The model: what a stream is, and which answers are right. It shares only the format of the lines
// with the checker in tests/history.

package main

import (
	"hash/fnv"

	"github.com/anishathalye/porcupine"
)

// A stream's events, in order. Immutable: an append makes a new stream.
type stream struct {
	ids    []string
	digest uint64
}

func (s stream) version() int { return len(s.ids) }

func (s stream) with(ids []string) stream {
	hash := fnv.New64a()
	var before [8]byte
	for i := range before {
		before[i] = byte(s.digest >> (8 * i))
	}
	hash.Write(before[:])
	for _, id := range ids {
		hash.Write([]byte(id))
		hash.Write([]byte{0})
	}
	return stream{append(s.ids[:len(s.ids):len(s.ids)], ids...), hash.Sum64()}
}

// A call: a read if read is not nil, otherwise an append.
type input struct {
	expected string // "any", "exists" or a number
	exact    int    // the number
	ids      []string
	read     *read
}

type read struct {
	from     int // 0 for the beginning, or the end
	count    int // 0 for no limit
	backward bool
}

type output struct {
	stored  bool // of an append: stored; otherwise it is a conflict
	first   int  // the version of its first event; 0 if it was not reported
	version int  // of a conflict, or of an append without events
	events  []placed
}

func (i input) met(s stream) bool {
	switch i.expected {
	case "any":
		return true
	case "exists":
		return s.version() > 0
	default:
		return s.version() == i.exact
	}
}

func step(state, in, out any) (bool, any) {
	s, call, answer := state.(stream), in.(input), out.(output)
	switch {
	case call.read != nil:
		return call.read.shows(s, answer.events), s
	case !answer.stored:
		return !call.met(s) && answer.version == s.version(), s
	case len(call.ids) == 0:
		return call.met(s) && answer.version == s.version(), s
	case !call.met(s), answer.first != 0 && answer.first != s.version()+1:
		return false, s
	default:
		return true, s.with(call.ids)
	}
}

// shows reports whether a read of the stream returns exactly these events.
func (r *read) shows(s stream, events []placed) bool {
	version, step := max(r.from, 1), 1
	if r.backward {
		version, step = s.version(), -1
		if r.from > 0 {
			version = min(version, r.from)
		}
	}
	for _, event := range events {
		if event.version != version || version < 1 || version > s.version() {
			return false
		}
		if s.ids[version-1] != event.id {
			return false
		}
		version += step
	}
	if r.count > 0 && len(events) >= r.count {
		return len(events) == r.count
	}
	return version < 1 || version > s.version()
}

var model = porcupine.Model{
	Init: func() any { return stream{} },
	Step: step,
	Equal: func(a, b any) bool {
		return a.(stream).version() == b.(stream).version() && a.(stream).digest == b.(stream).digest
	},
	Hash: func(s any) uint64 { return s.(stream).digest },
}
