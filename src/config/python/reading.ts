// One Python config on its way to values: the style it is in, and what it asks of the reader of files.

import { DetLabError } from '../../errors';
import { LIMITS } from '../data';
import type { BaseRequest } from '../document';
import { errorAt, type SourceFile } from '../source';
import { metered } from './meter';
import { parsePython } from './parse';
import { readClassic } from './read-classic';
import { isNewStyle, readNewStyle } from './read-new-style';
import { SyntaxProblem } from './tree';
import { type Dict, PythonError } from './values';

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

/**
 * @param as the style the file must be in, when it is a base of another.
 * @throws DetLabError with file, line, column and the source line.
 */
export function readPython(source: SourceFile, reading: Omit<PythonReading, 'placing'>, as?: 'new'): PythonConfig {
  const full: PythonReading = { ...reading, placing };
  try {
    return metered(() => {
      const imports = as === 'new' || /^[ \t]*(?:import|from|with)\b/m.test(source.text);
      const statements = imports ? placing(source, () => parsePython(source.text)) : [];
      if (as === 'new' || (imports && isNewStyle(statements, source))) return readNewStyle(source, statements, full);
      return { config: readClassic(source, full), style: 'classic', imported: new Set() };
    });
  } catch (error) {
    if (error instanceof PythonError) throw new DetLabError(`Cannot read ${source.path}: ${error.message}`);
    if (error instanceof RangeError)
      throw new DetLabError(`Cannot read ${source.path}: values or brackets nest deeper than ${LIMITS.nesting}`);
    throw error;
  }
}

function placing<T>(source: SourceFile, work: () => T, original = (offset: number) => offset): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyntaxProblem) throw errorAt({ source, offset: original(error.at) }, error.message);
    throw error;
  }
}
