// Errors and origins in terms of the file that is read, not of the text Python saw.

import { errorAt, type SourceFile } from '../source';
import type { Ground } from './evaluate';

export function groundOf(source: SourceFile, original: (offset: number) => number, explain: boolean): Ground {
  const fail = (at: number, message: string): never => {
    throw errorAt({ source, offset: original(at) }, message);
  };
  if (!explain) return { fail };
  const starts = [0];
  for (let i = source.text.indexOf('\n'); i !== -1; i = source.text.indexOf('\n', i + 1)) starts.push(i + 1);
  const lineOf = (offset: number) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return { fail, origin: (at) => ({ file: source.path, line: lineOf(original(at)) }) };
}
