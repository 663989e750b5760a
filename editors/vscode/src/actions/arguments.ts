/** What the arguments of `byok.action` lack that only this side of the protocol knows. */

import * as vscode from 'vscode';
import type { ActionArgument } from '../protocol';
import { askForInstruction } from './instruction';

/** Completes them; nothing when the user thought better of it. */
export async function completed(args: readonly unknown[], memory: vscode.Memento): Promise<unknown[] | undefined> {
  const [first, ...rest] = args;
  if (!isArgument(first)) return [...args];
  let argument = first;
  if (argument.needsInstruction === true && argument.instruction === undefined) {
    const instruction = await askForInstruction(argument.question, memory);
    if (instruction === undefined) return undefined;
    argument = { ...argument, instruction };
  }
  if (argument.wantsFileDiagnostics === true && argument.uri !== undefined) {
    argument = { ...argument, ...fileDiagnostics(vscode.Uri.parse(argument.uri)) };
  }
  return [argument, ...rest];
}

function isArgument(value: unknown): value is ActionArgument {
  return typeof value === 'object' && value !== null && 'action' in value;
}

/** Every diagnostic of the file, of whichever tool. */
function fileDiagnostics(uri: vscode.Uri): object {
  const diagnostics = vscode.languages.getDiagnostics(uri);
  return { fileDiagnostics: diagnostics.map(({ message, range: { start, end } }) => ({ message, range: { start: at(start), end: at(end) } })) };
}

function at({ line, character }: vscode.Position): object {
  return { line, character };
}
