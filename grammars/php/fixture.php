<!DOCTYPE html>
<?php

namespace Example\Tasks;

use Example\Store\Store;
use Example\Clock\{Clock, Timer};
use function strlen;

require_once "vendor/autoload.php";

const LIMIT = 64;

interface Shown
{
    public function shown(): string;
}

enum State: string
{
    case Open = "open";
    case Done = "done";
}

trait Dated
{
    private int $due = 0;
}

/** One task. */
final class Task extends Base implements Shown
{
    use Dated;

    const KIND = "plain";

    public function __construct(private string $title, ?Store $store = null)
    {
        parent::__construct($store);
    }

    public function shown(): string
    {
        return "{$this->title} (";
    }
}

# The first that is not late.
function first(array $tasks): ?Task
{
    foreach ($tasks as $task) {
        if ($task->due < LIMIT) {
            return $task;
        }
    }
    $late = function ($task) {
        return $task->due > LIMIT;
    };
    return array_filter($tasks, fn($task) => !$late($task))[0] ?? null;
}
