// From calls to what porcupine judges.

package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// operations returns what is to be judged of one stream: appends, conflicts, and reads at the
// serial level. (A quorum read promises less than linearizability, so it has no place here.)
//
// All calls with the same events are one operation: from the first call to the first
// acknowledgement. One that nobody acknowledged happened if the last read shows it, and may have
// happened at any time since; else it did not happen.
func operations(calls []call) ([]porcupine.Operation, error) {
	judged := []porcupine.Operation{}
	appends := map[string]*porcupine.Operation{}
	shown := map[string]bool{}
	for _, c := range calls {
		in, out, kind, err := understand(c)
		if err != nil {
			return nil, err
		}
		operation := porcupine.Operation{Input: in, Output: out, Call: c.asked.At, Return: c.ended()}
		switch kind {
		case judgedAsItIs:
			judged = append(judged, operation)
			if c.asked.Final {
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
			judged = append(judged, *operation)
		}
	}
	return judged, nil
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
	notJudged kind = iota
	judgedAsItIs
	anAppend
)

func understand(c call) (in input, out output, k kind, err error) {
	end := ""
	if c.answer != nil {
		end = c.answer.End
	}
	switch {
	case c.asked.Call == "append":
		if in, err = asked(c.asked); err != nil {
			return
		}
		switch {
		case end == "conflict":
			return in, output{version: c.answer.Actual}, judgedAsItIs, nil
		case end == "refused": // this call stored nothing; had others, they speak for themselves
			return in, out, notJudged, nil
		case len(in.ids) == 0 && (end != "stored" || in.expected == "any"):
			return in, out, notJudged, nil
		case len(in.ids) == 0:
			return in, output{stored: true, version: c.answer.Version}, judgedAsItIs, nil
		case end == "stored":
			var at []placed
			if at, err = places(c.answer.Events); err != nil {
				return
			}
			return in, output{stored: true, first: at[0].version}, anAppend, nil
		default:
			return in, out, anAppend, nil
		}
	case c.asked.Call == "read" && end == "events" && c.asked.Serial:
		in.read = &reading{backward: c.asked.Backward}
		if c.asked.From != nil {
			in.read.from = *c.asked.From
		}
		if c.asked.Count != nil {
			in.read.count = *c.asked.Count
		}
		out.events, err = places(c.answer.Events)
		return in, out, judgedAsItIs, err
	default:
		return in, out, notJudged, nil
	}
}

func asked(l *line) (in input, err error) {
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
