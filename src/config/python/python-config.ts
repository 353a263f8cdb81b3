// What a Python config is read into, and what its reading asks of the reader of files.

import type { BaseRequest } from '../document';
import type { SourceFile } from '../source';
import type { Dict } from './values';

export interface LoadedPython {
  config: Dict;
  /** The package a base was taken from (`mmdet::...`). */
  scope?: string;
}

export interface PythonReading {
  /** Loads a base of a classic config. */
  load(request: BaseRequest): LoadedPython;
  /** Loads a base module of a new-style config. */
  loadModule(request: BaseRequest): PythonConfig;
  environment: Record<string, string | undefined>;
  /** Things to tell that are no errors. */
  notices: string[];
  /** Keep where values come from. */
  explain: boolean;
  /** Runs `work`; problems of syntax get their place. */
  placing<T>(source: SourceFile, work: () => T, original?: (offset: number) => number): T;
}

export interface PythonConfig {
  config: Dict;
  style: 'classic' | 'new';
  /** Top-level names that were imported, which are no part of the config. */
  imported: ReadonlySet<string>;
}
