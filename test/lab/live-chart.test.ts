// The live chart never stands still for more than 5 s or two iterations, and costs at most a thirtieth of the time. The clock is
// the test's.

import { expect, test } from 'vitest';
import { liveChart } from '../../src/lab/live-chart';

/** Iterations of `iteration` ms for `total` ms of training, each drawing taking `cost`: when the chart was drawn. */
function drawings({ iteration, cost, total }: { iteration: number; cost: number; total: number }): number[] {
  let clock = 0;
  const drawn: number[] = [];
  const render = () => {
    clock += cost;
    return {};
  };
  const chart = liveChart(
    render,
    () => void drawn.push(clock),
    () => clock,
  );
  for (let trained = 0; trained < total; trained += iteration) {
    clock += iteration;
    chart.update();
  }
  return drawn;
}

const gaps = (times: number[]) => times.slice(1).map((time, i) => time - times[i]);

test.each([1, 40, 400, 990, 1400, 2400, 2600, 4900, 9000, 30_000])('with iterations of %i ms', (iteration) => {
  for (const cost of [0, 2, 30, 100, 160]) {
    const times = drawings({ iteration, cost, total: 40 * Math.max(iteration, 1000) });
    expect(Math.max(...gaps(times)), `cost ${cost}`).toBeLessThanOrEqual(Math.max(5000, 2 * iteration) + cost);
    // within what standing still allows
    const share = (times.length * cost) / times.at(-1)!;
    expect(share, `cost ${cost}`).toBeLessThanOrEqual(
      Math.max(1 / 30, cost / Math.max(4000 - iteration, iteration)) + 0.01,
    );
    expect(Math.min(...gaps(times))).toBeGreaterThanOrEqual(1000);
  }
});

test('what training does between two drawings is not taken for their cost', () => {
  // a chart drawn in 3 ms, an iteration of 2.5 s: every iteration is shown, where once it took 75 s
  expect(gaps(drawings({ iteration: 2500, cost: 3, total: 100_000 })).every((gap) => gap < 2600)).toBe(true);
});

test('an evaluation is drawn at once', () => {
  let drawn = 0;
  const chart = liveChart(
    () => ({}),
    () => drawn++,
    () => 5,
  );
  chart.update();
  chart.update();
  expect(drawn).toBe(1);
  chart.draw();
  expect(drawn).toBe(2);
});
