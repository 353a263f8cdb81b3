// What is asked of the compiler's thread. It has two doors: the main thread compiles cells, and the I/O thread asks for
// completion and the like, so that these are answered while user code keeps the main thread busy.

import type { MessagePort } from 'node:worker_threads';
import type { Content } from '../protocol/wire-message';
import type { Compiled, LocalModule } from './compiler';
import type { Problem } from './problems';

export interface CompilerData {
  directory: string;
  /** Import lines of what every cell has, and ambient declarations of the same kind. */
  preloaded: string;
  globals: string;
  /** Where questions of the I/O thread come in. */
  questions: MessagePort | undefined;
}

export type ToCompiler =
  | { id: number; op: 'compile'; source: string }
  | { id: number; op: 'module'; path: string }
  | { op: 'commit'; unreached: string[] };

export type FromCompiler =
  | { id: number; compiled: Compiled }
  | { id: number; module: { modules: LocalModule[] } | { problems: Problem[] } }
  | { id: number; error: string }
  | { problem: string };

/** Requests of the protocol that are answered here. */
export type Question = 'complete_request' | 'inspect_request' | 'is_complete_request';
export const QUESTIONS: readonly string[] = [
  'complete_request',
  'inspect_request',
  'is_complete_request',
] satisfies Question[];

export interface Asked {
  seq: number;
  type: Question;
  content: Content;
}

export interface Answered {
  seq: number;
  content: Content;
}
