// Messages of the compiler's thread. The main thread has cells compiled; the I/O thread asks for completion and the
// like over a port of its own, so that these are answered while user code keeps the main thread busy.

import type { MessagePort } from 'node:worker_threads';
import type { Content } from '../protocol/wire-message';
import type { Compiled, CompiledModules } from './compiler';

export interface CompilerData {
  directory: string;
  /** Import lines that every cell has. */
  prelude: string;
  /** Ambient declarations that every cell has. */
  globals: string;
  /** From the I/O thread. */
  queries: MessagePort | undefined;
}

export type ToCompiler =
  | { id: number; op: 'compile'; source: string }
  | { id: number; op: 'module'; path: string }
  | { op: 'commit'; unreached: string[] }
  /** The answer to `ask`. */
  | { op: 'names'; ask: number; names: string[] };

export type FromCompiler =
  | { id: number; compiled: Compiled }
  | { id: number; module: CompiledModules }
  | { id: number; error: string }
  | { problem: string }
  /** Which names complete the arguments of a method of a variable's value? */
  | { ask: number; variable: string; method: string };

/** Requests of the Jupyter protocol that this thread answers. */
export type LanguageRequest = 'complete_request' | 'inspect_request' | 'is_complete_request';
export const LANGUAGE_REQUESTS: readonly string[] = [
  'complete_request',
  'inspect_request',
  'is_complete_request',
] satisfies LanguageRequest[];

export interface LanguageQuery {
  seq: number;
  type: LanguageRequest;
  content: Content;
}

export interface LanguageAnswer {
  seq: number;
  /** JSON: of a thousand names a text is passed on in less time than objects. */
  content: string;
}
