// Reads a run's JSON lines (tests/history/format.md) as calls on streams.

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

const never = math.MaxInt64

type line struct {
	At       int64             `json:"at"`
	By       string            `json:"by"`
	Op       int64             `json:"op"`
	Mark     *string           `json:"mark"`
	Call     string            `json:"call"`
	Stream   string            `json:"stream"`
	Expected json.RawMessage   `json:"expected"`
	Events   []json.RawMessage `json:"events"`
	From     *int              `json:"from"`
	Count    *int              `json:"count"`
	Backward bool              `json:"backward"`
	Serial   bool              `json:"serial"`
	Final    bool              `json:"final"`
	End      string            `json:"end"`
	Version  int               `json:"version"`
	Actual   int               `json:"actual"`
}

// A call with its answer; the answer is nil if there was none.
type call struct {
	request *line
	answer  *line
}

func (c call) ended() int64 {
	if c.answer == nil {
		return never
	}
	return c.answer.At
}

type name struct {
	by string
	op int64
}

// A placed event: the id of the event at a version.
type placed struct {
	version int
	id      string
}

func ids(events []json.RawMessage) ([]string, error) {
	result := make([]string, len(events))
	for i, event := range events {
		if err := json.Unmarshal(event, &result[i]); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func places(events []json.RawMessage) ([]placed, error) {
	result := make([]placed, len(events))
	for i, event := range events {
		pair := []any{&result[i].version, &result[i].id}
		if err := json.Unmarshal(event, &pair); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// load returns the calls on each stream, from files and from the .jsonl files of directories.
func load(paths []string) (map[string][]call, error) {
	streams := map[string][]call{}
	open := map[name]*line{}
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			files, _ = filepath.Glob(filepath.Join(path, "*.jsonl"))
		}
		for _, file := range files {
			if err := loadFile(file, streams, open); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	for _, request := range open {
		streams[request.Stream] = append(streams[request.Stream], call{request, nil})
	}
	return streams, nil
}

func loadFile(path string, streams map[string][]call, open map[name]*line) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	for {
		text, err := reader.ReadString('\n')
		if err == io.EOF {
			return nil // a line without an end was cut short when its writer was killed
		}
		if err != nil {
			return err
		}
		read := &line{}
		if err := json.Unmarshal([]byte(strings.TrimSpace(text)), read); err != nil {
			return err
		}
		key := name{read.By, read.Op}
		switch {
		case read.Mark != nil:
		case read.Call != "":
			open[key] = read
		case open[key] == nil:
			return fmt.Errorf("an answer without a call: %v", key)
		default:
			request := open[key]
			delete(open, key)
			streams[request.Stream] = append(streams[request.Stream], call{request, read})
		}
	}
}
