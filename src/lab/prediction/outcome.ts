// What predictions of many images are besides their boxes: images that were skipped, whether Stop ended them, what to know.

import type { SourceProblem } from '../../data';

export interface PredictionOutcome {
  /** Images that could not be used, by name. */
  skipped: readonly SourceProblem[];
  /** Stop ended it: the rest of the images is missing. */
  stopped: boolean;
  /** Number of images there were, where it is known. */
  total?: number;
  notices: readonly string[];
}

export const WHOLE: PredictionOutcome = { skipped: [], stopped: false, notices: [] };

const LISTED = 20;

/** Lines for displays: nothing is left out without a word. */
export function outcomeLines(
  { skipped, stopped, total, notices }: PredictionOutcome,
  done: number,
  what = 'images',
): string[] {
  const more = skipped.length - LISTED;
  return [
    ...(stopped ? [`stopped after ${done}${total === undefined ? '' : ` of ${total}`} ${what}`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} of ${done + skipped.length} ${what} skipped:`] : []),
    ...skipped.slice(0, LISTED).map(({ message }) => message),
    ...(more > 0 ? [`and ${more} more, see .skipped`] : []),
    ...notices,
  ];
}
