// The result of reading a Python config, and the interface to the reader of files.

import type { BaseRequest } from '../document';
import type { SourceFile } from '../source';
import type { Dict } from './values';

export interface LoadedPython {
  config: Dict;
  /** The package of a base (`mmdet::...`). */
  scope?: string;
}

export interface PythonReading {
  /** Loads a base of a classic config. */
  load(request: BaseRequest): LoadedPython;
  /** Loads a base module of a new-style config. */
  loadModule(request: BaseRequest): PythonConfig;
  environment: Record<string, string | undefined>;
  /** Notices that are not errors. */
  notices: string[];
  /** Record the origins of values. */
  explain: boolean;
  /** Runs `work`; adds positions to syntax errors. */
  placing<T>(source: SourceFile, work: () => T, original?: (offset: number) => number): T;
}

export interface PythonConfig {
  config: Dict;
  style: 'classic' | 'new';
  /** Imported top-level names, which are not part of the config. */
  imported: ReadonlySet<string>;
}
