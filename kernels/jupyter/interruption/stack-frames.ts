// The frames of the stack as it is now, and which of them are the user's: cells and local modules, neither packages nor the
// kernel nor DetLab.

import { join } from 'node:path';
import { packageRoot } from '../../../src/paths';

const LIBRARY = /node:|[/\\]node_modules[/\\]|\(<anonymous>\)$|^\s+at async /;
const OURS = join(packageRoot, 'dist');
const MAX_FRAMES = 200;

/** Frames innermost first, `limit` at most; none when the user has replaced what makes them. */
export function stackFrames(limit = MAX_FRAMES): string[] {
  const makers: { stackTraceLimit?: number; prepareStackTrace?: unknown } = Error;
  const { stackTraceLimit, prepareStackTrace } = makers;
  try {
    makers.stackTraceLimit = limit;
    makers.prepareStackTrace = undefined;
    return String(new Error().stack).split('\n').slice(1);
  } catch {
    return [];
  } finally {
    Object.assign(makers, { stackTraceLimit, prepareStackTrace });
  }
}

export const isUserFrame = (frame: string) => !LIBRARY.test(frame) && !frame.includes(OURS);
