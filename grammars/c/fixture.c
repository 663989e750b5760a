#include <stdio.h>
#include "tasks.h"

#define LIMIT 64
#define LATE(task) ((task)->due > LIMIT)

typedef unsigned long stamp;

/* One task. */
struct task {
    const char *title;
    int due, links[4];
};

typedef struct {
    struct task *items;
    size_t count;
} list;

enum state { OPEN, DONE = 2 };

static const char greeting[] = "hello (";
int counter = 0;

int shown(const struct task *task);

static struct task *first(list *tasks) {
    int i = 0;
    for (i = 0; i < (int)tasks->count; i++) {
        if (!LATE(&tasks->items[i])) {
            return &tasks->items[i];
        }
    }
    return NULL;
}

int main(void) {
    list tasks = {0};
    struct task *task = first(&tasks);
    switch (counter) {
    case 0:
        printf("%s\n", task ? task->title : greeting);
        break;
    }
    return 'a';
}
