// Targets of SOLO and SOLOv2 against the reference's (generate/mask_heads.py): no objects, objects without pixels or on borders, cells
// of several objects.

import { expect, test } from 'vitest';
import { encodeRle, rescaleMask } from '../../../src/masks';
import { gridTargets, lastOfEachCell } from '../../../src/models/mask-heads/grid-targets';
import { goldenJson } from '../../golden-data';

interface Case {
  boxes: number[][];
  labels: number[][];
  cells: number[][];
  areas: number[][];
  cells2: number[][];
  areas2: number[][];
}
const { targets } = goldenJson<{ targets: Case[] }>('mask_heads');
const [H, W] = [64, 96];
const rule = {
  levels: [
    { grid: 9, range: [1, 24] },
    { grid: 6, range: [16, 48] },
    { grid: 4, range: [32, 200] },
  ] as const,
  numClasses: 3,
  scale: 0.5,
};

/** The pixels in a box, without a corner. */
function maskOf([a, b, c, d]: number[]) {
  const bits = new Uint8Array(H * W);
  for (let y = Math.trunc(b); y < Math.ceil(d); y++)
    for (let x = Math.trunc(a); x < Math.ceil(c); x++)
      if (!(y < Math.trunc((b + d) / 2) && x >= Math.trunc((a + c) / 2))) bits[y * W + x] = 1;
  return encodeRle(bits, H, W);
}

test.each(targets.map((one, i) => [i, one] as const))(
  'case %i',
  (_, { boxes, labels, cells, areas, cells2, areas2 }) => {
    const masks = boxes.map(maskOf);
    const instances = {
      bboxes: Float32Array.from(boxes.flat()),
      labels: Int32Array.from(boxes, (_box, i) => i % 3),
      ignored: new Float32Array(),
    };
    const assigned = gridTargets(instances, masks, [H, W], rule);
    const area = (truths: Int32Array, stride: number) =>
      Array.from(truths, (g) => rescaleMask(masks[g], 1 / stride).data.reduce((a, b) => a + b, 0));
    expect(assigned.map((level) => [...level.labels])).toEqual(labels);
    expect(assigned.map((level) => [...level.cells])).toEqual(cells2);
    expect(assigned.map((level) => area(level.truths, 4))).toEqual(areas2);
    const last = assigned.map(lastOfEachCell);
    expect(last.map((level) => [...level.cells])).toEqual(cells);
    expect(last.map((level, i) => area(level.truths, i === 2 ? 8 : 4))).toEqual(areas);
  },
);
