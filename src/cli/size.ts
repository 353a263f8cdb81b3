// `--input 800x1333`: height and width.

import { DetLabError } from '../errors';

export function size(text: string): [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (!match || Number(match[1]) < 1 || Number(match[2]) < 1)
    throw new DetLabError(`Cannot use --input "${text}": expected HEIGHTxWIDTH, e.g. 800x1333`);
  return [Number(match[1]), Number(match[2])];
}
