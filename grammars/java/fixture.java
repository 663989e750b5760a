package org.example.tasks;

import java.util.List;
import java.util.concurrent.*;
import static java.lang.Math.max;

/** Keeps tasks. */
public class Tasks<T extends Tasks.Task> implements Iterable<T> {
    static final int LIMIT = 64;
    private final List<T> items;

    public Tasks(List<T> items) {
        this.items = items;
    }

    @Override
    public java.util.Iterator<T> iterator() {
        int limit = LIMIT;
        return items.stream().filter(task -> {
            return task.due() < limit;
        }).iterator();
    }

    interface Shown {
        String EMPTY = "(";

        String shown();
    }

    record Task(String title, int due) implements Shown {
        Task {
            if (title == null) {
                throw new IllegalArgumentException("title");
            }
        }

        public String shown() {
            return title;
        }
    }

    enum State { OPEN, DONE }

    // The last.
    static int last(int[] dues) {
        int last = 0;
        for (int due : dues) {
            last = max(last, due);
        }
        return last;
    }
}
