// Maps errors and origins from the substituted text to positions in the config file.

import { errorAt, type SourceFile } from '../source';
import type { SourceContext } from './evaluate';

export function sourceContext(
  source: SourceFile,
  original: (offset: number) => number,
  explain: boolean,
): SourceContext {
  const fail = (at: number, message: string): never => {
    throw errorAt({ source, offset: original(at) }, message);
  };
  if (!explain) return { fail };
  const starts = [0];
  for (let i = source.text.indexOf('\n'); i !== -1; i = source.text.indexOf('\n', i + 1)) starts.push(i + 1);
  const lineOf = (offset: number) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (starts[mid] <= offset) low = mid;
      else high = mid;
    }
    return low + 1;
  };
  return { fail, origin: (at) => ({ file: source.path, line: lineOf(original(at)) }) };
}
