// The forms of priors in words, for messages that name both sides.

import type { PriorForm } from './types';

export const PRIOR_FORMS: Record<PriorForm, string> = {
  boxes: 'boxes (x1, y1, x2, y2)',
  cells: 'boxes with the stride of their grid cell',
  buckets: 'boxes with buckets along their sides',
  'sigmoid cells': 'boxes with the stride of their grid cell, by sigmoids',
  points: 'points (x, y, stride x, stride y)',
  'centered points': 'points (x, y, stride x, stride y), by center and size',
  'rotated points': 'points (x, y, stride x, stride y), by sides and angle',
};

/** The end of such a message: `Assigners that fit RetinaHead: MaxIoUAssigner, ATSSAssigner`. */
export function fitting(what: string, head: string, types: readonly string[]): string {
  return types.length > 0 ? `${what} that fit ${head}: ${types.join(', ')}` : `No ${what.toLowerCase()} fit ${head}`;
}
