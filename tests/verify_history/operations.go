// Turns calls into the operations that porcupine checks.

package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// operations returns the operations to check on one stream: appends, conflicts, and reads at the
// serial level. (A quorum read promises less than linearizability, so it is left out.)
//
// All calls with the same events are one operation, from the first call to the first
// acknowledgement. An append without an acknowledgement happened if the last read shows it, at any
// time since the first call; otherwise it did not happen.
func operations(calls []call) ([]porcupine.Operation, error) {
	checked := []porcupine.Operation{}
	appends := map[string]*porcupine.Operation{}
	shown := map[string]bool{}
	for _, c := range calls {
		in, out, kind, err := parse(c)
		if err != nil {
			return nil, err
		}
		operation := porcupine.Operation{Input: in, Output: out, Call: c.request.At, Return: c.ended()}
		switch kind {
		case asItIs:
			checked = append(checked, operation)
			if c.request.Final {
				for _, event := range out.events {
					shown[event.id] = true
				}
			}
		case anAppend:
			merge(appends, strings.Join(in.ids, " "), operation)
		}
	}
	for _, operation := range appends {
		if operation.Return != never || shown[operation.Input.(input).ids[0]] {
			checked = append(checked, *operation)
		}
	}
	return checked, nil
}

func merge(appends map[string]*porcupine.Operation, key string, operation porcupine.Operation) {
	if !operation.Output.(output).stored {
		operation.Return = never
		operation.Output = output{stored: true}
	}
	known := appends[key]
	if known == nil {
		appends[key] = &operation
		return
	}
	known.Call = min(known.Call, operation.Call)
	if operation.Return < known.Return {
		known.Return, known.Output = operation.Return, operation.Output
	}
}

type kind int

const (
	notChecked kind = iota
	asItIs
	anAppend
)

func parse(c call) (in input, out output, k kind, err error) {
	end := ""
	if c.answer != nil {
		end = c.answer.End
	}
	switch {
	case c.request.Call == "append":
		if in, err = parseAppend(c.request); err != nil {
			return
		}
		switch {
		case end == "conflict":
			return in, output{version: c.answer.Actual}, asItIs, nil
		case end == "refused": // this call stored nothing; other calls of the append count themselves
			return in, out, notChecked, nil
		case len(in.ids) == 0 && (end != "stored" || in.expected == "any"):
			return in, out, notChecked, nil
		case len(in.ids) == 0:
			return in, output{stored: true, version: c.answer.Version}, asItIs, nil
		case end == "stored":
			var at []placed
			if at, err = places(c.answer.Events); err != nil {
				return
			}
			return in, output{stored: true, first: at[0].version}, anAppend, nil
		default:
			return in, out, anAppend, nil
		}
	case c.request.Call == "read" && end == "events" && c.request.Serial:
		in.read = &read{backward: c.request.Backward}
		if c.request.From != nil {
			in.read.from = *c.request.From
		}
		if c.request.Count != nil {
			in.read.count = *c.request.Count
		}
		out.events, err = places(c.answer.Events)
		return in, out, asItIs, err
	default:
		return in, out, notChecked, nil
	}
}

func parseAppend(l *line) (in input, err error) {
	if in.ids, err = ids(l.Events); err != nil {
		return
	}
	if json.Unmarshal(l.Expected, &in.expected) == nil {
		return in, nil
	}
	if err = json.Unmarshal(l.Expected, &in.exact); err == nil {
		in.expected = strconv.Itoa(in.exact)
	}
	return in, err
}
