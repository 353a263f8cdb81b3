import { describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { HungarianAssigner, linearAssignment, taskModules } from '../../../src/models/task-modules';
import type { MatchCost } from '../../../src/models/task-modules/match-costs';
import { expectClose, golden, goldenJson, sgn, u01 } from '../../golden-data';

const registry = new Registry(taskModules);
const build = (config: ModuleConfig) => registry.build<MatchCost>('match_cost', config, { path: 'cost' });

const { tensors } = golden('assigners');
const data = (name: string) => tensors.get(name)!.data as Float32Array;
const predictions = { count: 12, classes: 4, scores: data('hung.scores'), bboxes: data('hung.bboxes') };
const truths = { bboxes: data('gts'), labels: Int32Array.from(data('labels')) };
const shape: [number, number] = [120, 160];

describe('match costs equal MMDetection', () => {
  test.each<[string, ModuleConfig]>([
    ['cost.cls', { type: 'ClassificationCost', weight: 1 }],
    ['cost.focal', { type: 'FocalLossCost', weight: 2 }],
    ['cost.l1', { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' }],
    ['cost.giou', { type: 'IoUCost', iou_mode: 'giou', weight: 2 }],
  ])('%s', (name, config) => expectClose(build(config).cost(predictions, truths, shape), data(name), 2e-5, name));

  interface MaskCost {
    cfg: ModuleConfig;
    cost: number[];
  }
  test.each(
    goldenJson<{ mask_costs: MaskCost[] }>('detr_family').mask_costs.map((c) => [JSON.stringify(c.cfg), c] as const),
  )('%s', (_, { cfg, cost }) => {
    const found = build(cfg).cost(
      {
        count: 4,
        classes: 7,
        scores: sgn('scores', [4, 7], 3),
        bboxes: new Float32Array(16),
        masks: sgn('masks', [4, 3, 5], 3),
      },
      {
        labels: Int32Array.of(0, 1),
        bboxes: new Float32Array(8),
        masks: sgn('truth', [2, 3, 5]).map((v) => (v > 0 ? 1 : 0)),
        positiveMaps: sgn('maps', [2, 7]).map((v) => (v > 0 ? 1 : 0)),
        tokenMask: Float32Array.of(1, 1, 0, 1, 1, 0, 1),
      },
      shape,
    );
    expectClose(found, cost, 2e-5);
  });

  test('a cost over masks without masks says what is missing', () => {
    expect(() => build({ type: 'DiceCost' }).cost(predictions, truths, shape)).toThrow(/no predicted masks/);
    expect(() => build({ type: 'BinaryFocalLossCost' }).cost(predictions, truths, shape)).toThrow(/FocalLossCost/);
  });
});

describe('linear assignment', () => {
  test('equals scipy', () => {
    const { rows, columns } = linearAssignment(data('lsa.cost'), 30, 20);
    expect([...rows]).toEqual([...data('lsa.row')]);
    expect([...columns]).toEqual([...data('lsa.col')]);
  });

  interface Tied {
    rows: number;
    columns: number;
    levels: number;
    row: number[];
    column: number[];
  }
  test.each(goldenJson<{ assignments: Tied[] }>('detr_family').assignments.map((a, k) => [k, a] as const))(
    'chooses as scipy does where many are equal (%i)',
    (k, { rows, columns, levels, row, column }) => {
      const cost = Float64Array.from({ length: rows * columns }, (_, i) => Math.floor(u01(`cost${k}`, i) * levels));
      const found = linearAssignment(cost, rows, columns);
      expect([...found.rows]).toEqual(row);
      expect([...found.columns]).toEqual(column);
    },
  );

  test('is the least of all assignments', () => {
    for (const [rows, columns] of [
      [5, 5],
      [4, 6],
      [6, 4],
    ]) {
      const cost = Array.from({ length: rows * columns }, (_, i) => u01(`all${rows}`, i));
      const found = linearAssignment(cost, rows, columns);
      const total = found.rows.reduce((sum, row, i) => sum + cost[row * columns + found.columns[i]], 0);
      expect(total).toBeCloseTo(least(cost, rows, columns), 12);
    }
  });

  test('none, one and forbidden pairs', () => {
    expect(linearAssignment([], 0, 4).rows.length).toBe(0);
    expect(linearAssignment([], 3, 0).columns.length).toBe(0);
    const infinity = Number.POSITIVE_INFINITY;
    expect([...linearAssignment([infinity, 1, 2, infinity], 2, 2).columns]).toEqual([1, 0]);
    expect(() => linearAssignment([infinity, infinity, 1, 2], 2, 2)).toThrow(/every assignment is forbidden/);
    expect(() => linearAssignment([1, Number.NaN], 1, 2)).toThrow(/row 0 and column 1 is NaN/);
    expect(() => linearAssignment([1, 2, 3], 2, 2)).toThrow(/expected 4 costs, received 3/);
  });
});

/** By trying all of them. */
function least(cost: number[], rows: number, columns: number): number {
  if (rows > columns) {
    const turned = Array.from({ length: rows * columns }, (_, k) => cost[(k % rows) * columns + Math.floor(k / rows)]);
    return least(turned, columns, rows);
  }
  const visit = (row: number, used: Set<number>): number => {
    if (row === rows) return 0;
    let best = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      if (used.has(j)) continue;
      best = Math.min(best, cost[row * columns + j] + visit(row + 1, new Set([...used, j])));
    }
    return best;
  };
  return visit(0, new Set());
}

test('the Hungarian assigner equals MMDetection', () => {
  const match_costs = [
    { type: 'ClassificationCost', weight: 1 },
    { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
    { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
  ];
  const assigner = registry.build<HungarianAssigner>(
    'assigner',
    { type: 'HungarianAssigner', match_costs },
    { path: '' },
  );
  const { assigned, labels } = assigner.assign(predictions, truths, shape);
  expect([...assigned]).toEqual([...data('hung.gt_inds')]);
  expect([...labels]).toEqual([...data('hung.labels')]);
  const none = { bboxes: new Float32Array(), labels: new Int32Array() };
  expect([...assigner.assign(predictions, none, shape).assigned]).toEqual(new Array(12).fill(0));
  expect(() =>
    registry.build('assigner', { type: 'HungarianAssigner', match_costs: [] }, { path: 'model.train_cfg.assigner' }),
  ).toThrow(/at least one cost/);
  const single = { type: 'HungarianAssigner', match_costs: { type: 'IoUCost' } };
  expect(registry.build('assigner', single, { path: '' })).toBeInstanceOf(HungarianAssigner);
});
