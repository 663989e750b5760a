import type { Clock } from "./clock";
import fs, { promises as files } from "node:fs";
import legacy = require("./legacy");

export const LIMIT: number = 64;

export interface Shown {
  readonly title: string;
  shown(): string;
}

type Index = Map<number, Set<string>>;

enum State {
  Open,
  Done = "done",
}

declare function now(): number;

export abstract class Task<T extends Shown> implements Shown {
  private due?: number;

  constructor(public readonly title: string, private clock: Clock) {}

  abstract shown(): string;

  get late(): boolean {
    const limit = LIMIT;
    return (this.due ?? 0) > limit;
  }
}

namespace Tasks {
  export function load<T>(file: string): Promise<T[]> {
    return files.readFile(file, "utf8").then((text) => {
      return text.split("\n").map((line) => JSON.parse(line) as T);
    });
  }
}

export const first = (index: Index): string | undefined => {
  for (const [, titles] of index) {
    if (titles.size > 0) {
      return `${[...titles][0]} (`;
    }
  }
};
