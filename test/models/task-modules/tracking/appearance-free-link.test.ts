// AppearanceFreeLink against MMDetection's: which tracks of a video are joined.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Detections } from '../../../../src/data/types';
import { startEngine } from '../../../../src/engine';
import {
  AppearanceFreeLink,
  appearanceFreeLink,
} from '../../../../src/models/task-modules/tracking/appearance-free-link';
import { torchShape } from '../../../../src/nn';
import { fillByFormula, goldenJson } from '../../../golden-data';
import { slowCases } from '../../../slow-cases';

beforeAll(async () => void (await startEngine()));

type Row = [frame: number, id: number, x: number, y: number];
interface Golden {
  params: [string, number[]][];
  cases: { options: object; rows: [...Row, w: number, h: number, score: number][]; linked: Row[] }[];
}
const golden = goldenJson<Golden>('appearance_free_link');

function linker(options: object): AppearanceFreeLink {
  const link = new AppearanceFreeLink(
    appearanceFreeLink.parse({ type: 'AppearanceFreeLink', checkpoint: '', ...options }),
  );
  fillByFormula(link);
  link.eval();
  return link;
}

/** @param shift of the ids */
function framesOf(rows: Golden['cases'][number]['rows'], shift = 0): Detections[] {
  const last = rows[rows.length - 1][0];
  return Array.from({ length: last }, (_, t) => {
    const own = rows.filter(([frame]) => frame === t + 1);
    return {
      bboxes: Float32Array.from(own.flatMap(([, , x, y, w, h]) => [x, y, x + w, y + h])),
      scores: Float32Array.from(own, (row) => row[6]),
      labels: new Int32Array(own.length),
      instanceIds: Int32Array.from(own, ([, id]) => id + shift),
    };
  });
}

const rowsOf = (frames: Detections[], shift = 0): Row[] =>
  frames.flatMap(({ bboxes, instanceIds }, t) =>
    Array.from(instanceIds!, (id, i): Row => [t + 1, id - shift, bboxes[4 * i], bboxes[4 * i + 1]]),
  );

describe('AppearanceFreeLink', () => {
  it('has the names of a checkpoint', () => {
    const link = linker({});
    expect([...link.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(golden.params);
    link.dispose();
  });

  it.each([golden.cases[0], ...slowCases(golden.cases.slice(1))].map((one, i) => [i, one] as const))(
    'joins the tracks that MMDetection joins: video %i',
    (_, one) => {
      const link = linker(one.options);
      const linked = one.linked.map(([t, id, x, y]) => [t, id, Math.fround(x), Math.fround(y)]);
      expect(rowsOf(link.link(framesOf(one.rows)))).toEqual(linked);
      // whatever the ids are
      expect(rowsOf(link.link(framesOf(one.rows, 7)), 7)).toEqual(linked);
      link.dispose();
    },
  );

  it('leaves a video without tracks as it is', () => {
    const link = linker({});
    const empty = framesOf([[2, 0, 1, 1, 5, 5, 1]]);
    expect(rowsOf(link.link(empty))).toEqual([[2, 0, 1, 1]]);
    expect(link.link([])).toEqual([]);
    link.dispose();
  });
});
