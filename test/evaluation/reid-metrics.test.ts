// ReIDMetrics against MMDetection's.

import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';
import { goldenJson } from '../golden-data';

interface Case {
  options: object | null;
  identities: number[];
  embeddings: number[][];
  metrics: Record<string, number>;
}

async function evaluate({ options, identities, embeddings }: Omit<Case, 'metrics'>, more: object = {}) {
  const records = identities.map((identity, i) => ({ id: i + 10, truths: { labels: Int32Array.of(identity) } }));
  const config = { type: 'ReIDMetrics', metric: ['mAP', 'CMC'], metric_options: options, ...more };
  const metric = await catalogue.build('metric', config, { path: 'metric' })({ records } as unknown as Dataset);
  const box = { bboxes: [0, 0, 1, 1], scores: [1], labels: [0] };
  for (const [i, row] of embeddings.entries()) metric.add(i + 10, { ...box, embeddings: row });
  metric.add(999, box); // of no record
  return metric;
}

describe('ReIDMetrics', () => {
  it.each(goldenJson<Case[]>('reid_metrics').map((one, i) => [i, one] as const))(
    "equals MMDetection's: case %i",
    async (_, one) => {
      const { metrics, logged, images } = (await evaluate(one)).compute();
      expect(Object.keys(metrics)).toEqual(Object.keys(one.metrics));
      for (const [name, value] of Object.entries(one.metrics)) expect(metrics[name], name).toBeCloseTo(value, 9);
      expect(logged).toMatchObject({ 'reid-metric/mAP': metrics.mAP });
      expect(images).toBe(one.identities.length);
    },
  );

  it('leaves out the query by its place where another image equals it', async () => {
    const same = {
      options: null,
      identities: [0, 1, 0],
      embeddings: [
        [1, 1],
        [1, 1],
        [5, 5],
      ],
    };
    expect((await evaluate(same)).compute().metrics).toMatchObject({ mAP: 0.75, R1: 0.5 });
  });

  it('refuses what cannot be measured', async () => {
    const alone = await evaluate({ options: null, identities: [0, 1], embeddings: [[1], [2]] });
    expect(() => alone.compute()).toThrow(/two images or more of an identity/);
    expect(() => alone.add(10, { bboxes: [], scores: [], labels: [] })).toThrow(/BaseReID/);
    const ranks = { metric_options: { rank_list: [30] } };
    await expect(evaluate({ options: null, identities: [], embeddings: [] }, ranks)).rejects.toThrow(/max_rank/);
  });
});
