// The chart that is redrawn in place during training: at most once a second, and as seldom as needed for its own cost to stay below
// a thirtieth of the time, but never standing still for more than 5 s or two iterations, whichever is longer.

import type { MimeBundle } from '../visualization/display';

/** Milliseconds. */
const PACE = { shortest: 1000, longest: 5000 };
/** Time between two drawings, in units of what one costs. */
const COST_SHARE = 30;

export interface LiveChart {
  /** Redraws it if it is due. */
  update(): void;
  /** Redraws it at once: after an evaluation. */
  draw(): void;
}

/**
 * @param render makes the chart, at once: what is measured is its own cost, and not that of training in between
 * @param now milliseconds of a clock
 */
export function liveChart(
  render: () => MimeBundle,
  display: (bundle: MimeBundle) => void,
  now: () => number = () => performance.now(),
): LiveChart {
  let drawn = Number.NEGATIVE_INFINITY;
  let cost = 0;
  let updated = Number.NEGATIVE_INFINITY;
  const draw = () => {
    const started = now();
    display(render());
    drawn = now();
    cost = drawn - started;
  };
  return {
    update() {
      const time = now();
      // another iteration like the last would be too late
      const sinceUpdate = Number.isFinite(updated) ? time - updated : 0;
      updated = time;
      const isLate = time - drawn + sinceUpdate > PACE.longest;
      if (isLate || time - drawn >= Math.max(PACE.shortest, COST_SHARE * cost)) draw();
    },
    draw,
  };
}
