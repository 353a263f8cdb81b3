// ReIDMetrics: every image is a query, all others are searched for its identity by the distance of their embeddings: mean average
// precision, and how often the first k have a hit (CMC). As MMDetection's, in single precision and rounded to a thousandth; the query itself is
// left out by its place, there as the nearest of all, which an equal image may be as well.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { roundHalfEven } from '../geometry/round-half-even';
import { acceptedOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';

const kind = z.enum(['mAP', 'CMC']);
const rank = z.int().positive();

const options = z.strictObject({
  metric: z
    .union([kind, z.array(kind).min(1)])
    .default('mAP')
    .describe('mAP: where all images of the identity are; CMC: whether one is among the first k'),
  metric_options: z
    .strictObject({
      rank_list: z.array(rank).min(1).default([1, 5, 10, 20]).describe('Each k, named R1, R5, ..'),
      max_rank: rank.default(20).describe('The largest k that may be asked for'),
    })
    .refine(({ rank_list, max_rank }) => rank_list.every((k) => k <= max_rank), {
      error: 'expected no rank above max_rank',
      path: ['rank_list'],
    })
    .nullable()
    .default(null)
    .describe('Ranks of CMC; null: 1, 5, 10 and 20'),
  ...acceptedOptions,
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: reid-metric'),
});
type Options = z.output<typeof options>;

export const ReIDMetrics = defineModule({
  kind: 'metric',
  type: 'ReIDMetrics',
  summary: 'How well images of one object are found by their embeddings: mAP and CMC',
  paper: 'Zheng et al., Scalable Person Re-Identification: A Benchmark, ICCV 2015',
  shapes: 'an embedding of each image -> mAP, R1, R5, R10, R20',
  example: "{ type: 'ReIDMetrics', metric: ['mAP', 'CMC'] }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new ReIDEvaluation(dataset, given),
});

interface Seen {
  identity: number;
  embedding: Float32Array;
}

class ReIDEvaluation implements BoxMetric {
  private readonly identities: ReadonlyMap<number, number>;
  private readonly seen: Seen[] = [];

  constructor(
    { records }: Dataset,
    private readonly options: Options,
  ) {
    this.identities = new Map(records.map(({ id, truths }) => [id, truths.labels[0]]));
  }

  add(imageId: number, { embeddings }: BoxDetections): void {
    const identity = this.identities.get(imageId);
    if (identity === undefined) return;
    if (!embeddings)
      throw new DetLabError(
        'Cannot evaluate embeddings: the model gives none. Use a model of identities, such as BaseReID',
      );
    this.seen.push({ identity, embedding: Float32Array.from(embeddings) });
  }

  compute(): EvaluationReport {
    const { metric, metric_options, prefix } = this.options;
    const ranks = metric_options?.rank_list ?? [1, 5, 10, 20];
    const queries = this.hits().filter((hits) => hits.includes(true));
    if (queries.length === 0)
      throw new DetLabError(
        `Cannot evaluate embeddings: expected two images or more of an identity, received ${this.seen.length} images of ` +
          'different ones',
      );
    const mean = (values: number[]) => roundHalfEven((1000 * values.reduce((a, b) => a + b, 0)) / values.length) / 1000;
    const metrics: MetricValues = {};
    if ([metric].flat().includes('mAP')) metrics.mAP = mean(queries.map(averagePrecision));
    if ([metric].flat().includes('CMC'))
      for (const k of ranks) metrics[`R${k}`] = mean(queries.map((hits) => (hits.slice(0, k).includes(true) ? 1 : 0)));
    const logged = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [`${prefix ?? 'reid-metric'}/${name}`, value]),
    );
    const images = this.seen.length;
    return {
      metric: 'ReIDMetrics',
      metrics,
      logged,
      perClass: [],
      problems: [],
      images,
      truths: images,
      detections: images,
    };
  }

  /** Of each image, whether the others have its identity, from near to far. */
  private hits(): boolean[][] {
    const f = Math.fround;
    const squares = this.seen.map(({ embedding }) => f(embedding.reduce((sum, v) => sum + v * v, 0)));
    return this.seen.map((query, i) => {
      const distances = this.seen.map(({ embedding }, j) => {
        const product = f(embedding.reduce((sum, v, k) => sum + v * query.embedding[k], 0));
        return f(f(squares[i] + squares[j]) - 2 * product);
      });
      const others = [...distances.keys()].filter((j) => j !== i);
      return others.sort((a, b) => distances[a] - distances[b]).map((j) => this.seen[j].identity === query.identity);
    });
  }
}

function averagePrecision(hits: readonly boolean[]): number {
  let [found, sum] = [0, 0];
  for (const [i, hit] of hits.entries()) if (hit) sum += ++found / (i + 1);
  return sum / found;
}
