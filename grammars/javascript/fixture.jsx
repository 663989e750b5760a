#!/usr/bin/env node
import React from "react";
import { useState, useEffect as effect } from 'react';
import * as path from "node:path";
import "./style.css";
export { open } from "./store";
const fs = require("fs");

const LIMIT = 64;
let counter = 0;

export class Task extends Base {
  #due = 0;
  static kind = "plain";

  constructor(title) {
    super();
    this.title = title;
  }

  get late() {
    const limit = LIMIT;
    return this.#due > limit;
  }
}

export const load = async (file) => {
  const text = await fs.promises.readFile(path.join(`./${file}`, "("));
  return text.split("\n").map((line) => new Task(line));
};

function* numbers(end) {
  for (let i = 0; i < end; i++) {
    if (i % 2) {
      yield i;
    }
  }
}

/* A list. */
export default function List({ tasks }) {
  const [open, setOpen] = useState(false);
  return (
    <ul className="list">
      {tasks.map((task) => (
        <li key={task.title}>
          {task.title}
        </li>
      ))}
    </ul>
  );
}
