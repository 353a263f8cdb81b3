// Assigners on grids of anchors and points, and the coder of FSAF, against MMDetection's (task_modules.json); the rest of
// the assigners of assigners.safetensors.

import { describe, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import {
  type ATSSAssigner,
  type CenterRegionAssigner,
  type Instances,
  type PointAssigner,
  type SimOTAAssigner,
  type TaskAlignedAssigner,
  type TBLRBBoxCoder,
  taskModules,
} from '../../../src/models/task-modules';
import { Random } from '../../../src/random';
import { boxes, expectClose, golden, goldenJson, sgn, u01 } from '../../golden-data';

type Options = Record<string, unknown>;
interface Assigned {
  truths: number;
  assigned: number[];
  labels: number[];
}
const reference = goldenJson<{
  center_region: (Assigned & { options: Options; size: number; ignored: number; shadows: [number, number][] })[];
  task_aligned: (Assigned & { topk: number; call: object; size: number; overlaps: number[]; metrics: number[] })[];
  point: (Assigned & { options: Options })[];
  tblr: { options: Options; encoded: number[]; decoded: number[] }[];
}>('task_modules');
const registry = new Registry(taskModules);
const assigner = <T>(config: { type: string } & Options) => registry.build<T>('assigner', config, { path: 'assigner' });

const [height, width] = [96, 128];
const scene = { w: width, h: height };
const none: Float32Array = new Float32Array(0);
const truths = (name: string, n: number, ignored = none): Instances => ({
  bboxes: boxes(name, n, scene),
  labels: Int32Array.from({ length: n }, (_, i) => i % 3),
  ignored,
});
/** x, y, stride, stride. */
const points = (offset: number) =>
  Float32Array.from(
    [8, 16, 32].flatMap((s) =>
      Array.from({ length: (height / s) * (width / s) }, (_, i) => {
        const columns = width / s;
        return [((i % columns) + offset) * s, (Math.floor(i / columns) + offset) * s, s, s];
      }).flat(),
    ),
  );
const anchors = (size: number) =>
  points(0).map((_, i, p) => {
    const at = i - (i & 3);
    const half = (p[at + 2] * size) / 2;
    return p[at + (i & 1)] + (i & 2 ? half : -half);
  });
const uniform = (name: string, n: number) => Float32Array.from({ length: n }, (_, i) => u01(name, i));

test.each(reference.center_region.map((c, i) => [i, c] as const))('CenterRegionAssigner, case %i', (_, c) => {
  const found = assigner<CenterRegionAssigner>({ type: 'CenterRegionAssigner', ...c.options }).assign(
    anchors(c.size),
    truths('cr.gt', c.truths, boxes('cr.ignored', c.ignored, scene)),
  );
  expect([...found.assigned]).toEqual(c.assigned);
  expect([...found.labels]).toEqual(c.labels);
  const shadows = found.shadows ?? new Int32Array(0);
  const pairs = Array.from({ length: shadows.length / 2 }, (__, k) => [shadows[2 * k], shadows[2 * k + 1]]);
  expect(pairs.sort(([a, b], [x, y]) => a - x || b - y)).toEqual(c.shadows);
});

test.each(reference.task_aligned.map((c, i) => [i, c] as const))('TaskAlignedAssigner, case %i', (_, c) => {
  const priors = anchors(c.size);
  const shift = sgn('tal.shift', [priors.length / 4, 4], 6);
  const predictions = {
    priors,
    boxes: priors.map((v, i) => v + shift[i]),
    scores: uniform('tal.scores', (3 * priors.length) / 4),
    classes: 3,
  };
  const found = assigner<TaskAlignedAssigner>({ type: 'TaskAlignedAssigner', topk: c.topk }).assign(
    predictions,
    truths('tal.gt', c.truths),
    c.call,
  );
  expect([...found.assigned]).toEqual(c.assigned);
  expect([...found.labels]).toEqual(c.labels);
  expectClose(found.maxOverlaps, c.overlaps, 1e-6);
  expectClose(found.metrics, c.metrics, 1e-6);
});

test.each(reference.point.map((c, i) => [i, c] as const))('PointAssigner, case %i', (_, c) => {
  const found = assigner<PointAssigner>({ type: 'PointAssigner', ...c.options }).assign(
    points(0.5),
    truths('point.gt', c.truths),
  );
  expect([...found.assigned]).toEqual(c.assigned);
  expect([...found.labels]).toEqual(c.labels);
});

test.each(reference.tblr.map((c, i) => [i, c] as const))('TBLRBBoxCoder, case %i', (_, c) => {
  const coder = registry.build<TBLRBBoxCoder>('bbox_coder', { type: 'TBLRBBoxCoder', ...c.options }, { path: 'coder' });
  const priors = boxes('tblr.priors', 9, scene);
  expectClose(coder.encode(priors, boxes('tblr.gts', 9, scene)), c.encoded, 3e-6);
  expectClose(coder.decode(priors, uniform('tblr.codes', 36), [height, width]), c.decoded, 2e-5);
});

describe('assigners.safetensors', () => {
  const { tensors } = golden('assigners');
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const ints = (name: string) => [...tensors.get(name)!.data];
  const given: Instances = { bboxes: floats('gts'), labels: Int32Array.from(ints('labels')), ignored: none };

  test('SimOTAAssigner', () => {
    const found = assigner<SimOTAAssigner>({ type: 'SimOTAAssigner' }).assign(
      { scores: floats('simota.scores'), classes: 3, boxes: floats('simota.bboxes'), priors: floats('simota.priors') },
      given,
    );
    expect([...found.assigned]).toEqual(ints('simota.gt_inds'));
    expectClose(found.maxOverlaps, floats('simota.max_overlaps'), 1e-6);
  });

  test('ATSSAssigner', () => {
    const found = assigner<ATSSAssigner>({ type: 'ATSSAssigner', topk: 4 }).assign(
      floats('atss.priors'),
      given,
      Random.seeded(0),
      [40, 15, 5],
    );
    expect([...found.assigned]).toEqual(ints('atss.gt_inds'));
    expectClose(found.maxOverlaps, floats('atss.max_overlaps'), 1e-6);
  });

  test('TaskAlignedAssigner finds nothing where no anchor has its centre in a truth', () => {
    const found = assigner<TaskAlignedAssigner>({ type: 'TaskAlignedAssigner', topk: 5 }).assign(
      { scores: floats('simota.scores'), classes: 3, boxes: floats('simota.bboxes'), priors: floats('simota.priors') },
      given,
    );
    expect([...found.assigned]).toEqual(ints('tal.gt_inds'));
    expectClose(found.maxOverlaps, floats('tal.max_overlaps'), 1e-6);
  });
});
