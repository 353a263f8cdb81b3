// Reads a Python config in its style, classic or new.

import { DetLabError } from '../../errors';
import { LIMITS } from '../data';
import { errorAt, type SourceFile } from '../source';
import { withBudget } from './budget';
import { parsePython } from './parse';
import type { PythonConfig, PythonReading } from './python-config';
import { readClassic } from './read-classic';
import { isNewStyle, readNewStyle } from './read-new-style';
import { SyntaxProblem } from './tree';
import { PythonError } from './values';

/**
 * @param as the style of the file, if it is determined by the importing config.
 * @throws DetLabError with file, line, column and the source line.
 */
export function readPython(source: SourceFile, reading: Omit<PythonReading, 'placing'>, as?: 'new'): PythonConfig {
  const full: PythonReading = { ...reading, placing };
  try {
    return withBudget(() => {
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
