import React, { useState } from "react";
import type { Task } from "./task";

interface Props {
  tasks: Task[];
  onOpen?: (task: Task) => void;
}

const LIMIT = 64;

export const Item = ({ task }: { task: Task }): JSX.Element => {
  return <li>{task.title}</li>;
};

export function List({ tasks, onOpen }: Props) {
  const [open, setOpen] = useState<boolean>(false);
  return (
    <ul className="list">
      {tasks.slice(0, LIMIT).map((task) => (
        <Item key={task.title} task={task} />
      ))}
      <button onClick={() => setOpen(!open)}>
        Open
      </button>
    </ul>
  );
}

export class Page extends React.Component<Props> {
  render() {
    return <List {...this.props} />;
  }
}
