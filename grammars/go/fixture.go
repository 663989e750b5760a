// Package tasks keeps tasks with a deadline.
package tasks

import (
	"fmt"
	str "strings"
)

import "os"

const (
	limit    = 64
	greeting = `hello (`
)

var index map[int]string

// Task is one task.
type Task struct {
	Title string
	due   int
}

type Shown interface {
	Shown() string
	fmt.Stringer
}

type ID = int

func New(title string) *Task {
	const none = 0
	return &Task{Title: title, due: none}
}

func (t *Task) Shown() string {
	switch {
	case t.due > limit:
		return str.Repeat("!", t.due)
	default:
		return t.Title
	}
}

func Each[T any](items []T, f func(T)) {
	for _, item := range items {
		if f != nil {
			f(item)
		}
	}
	defer func() {
		_ = recover()
		fmt.Fprintln(os.Stderr, 'x')
	}()
}
