// Weighted boxes fusion against ensemble-boxes, and its properties.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ScoredBoxes,
  type WeightedBoxesFusionOptions,
  weightedBoxesFusion,
} from '../../src/ops/weighted-boxes-fusion';

interface Plain {
  bboxes: number[];
  scores: number[];
  labels: number[];
}
const { wbf } = JSON.parse(readFileSync(join(__dirname, '../golden/tiles_fusion.json'), 'utf8')) as {
  wbf: (Plain & { models: Plain[]; options: WeightedBoxesFusionOptions })[];
};
const boxesOf = ({ bboxes, scores, labels }: Plain): ScoredBoxes => ({
  bboxes: Float32Array.from(bboxes),
  scores: Float32Array.from(scores),
  labels: Int32Array.from(labels),
});

describe('weighted boxes fusion', () => {
  it.each(wbf.map((one, i) => [i, one] as const))('equals ensemble-boxes: case %i', (_, one) => {
    const fused = weightedBoxesFusion(one.models.map(boxesOf), [120, 120], one.options);
    expect([...fused.labels]).toEqual(one.labels);
    for (const [i, score] of one.scores.entries()) expect(fused.scores[i]).toBeCloseTo(score, 5);
    for (const [i, v] of one.bboxes.entries()) expect(fused.bboxes[i]).toBeCloseTo(v, 3);
  });

  it('keeps what one model alone detects, and averages two that agree', () => {
    const one = boxesOf({ bboxes: [0, 0, 10, 10], scores: [0.8], labels: [1] });
    const two = boxesOf({ bboxes: [0, 0, 12, 10, 50, 50, 60, 60], scores: [0.4, 0.6], labels: [1, 1] });
    const fused = weightedBoxesFusion([one, two], [100, 100]);
    expect(fused.scores[0]).toBeCloseTo(0.6, 6);
    expect(fused.bboxes[2]).toBeCloseTo((10 * 0.8 + 12 * 0.4) / 1.2, 5);
    expect(fused.scores[1]).toBeCloseTo(0.3, 6); // only one of two models
  });

  it('refuses weights that do not fit the models', () => {
    const none = boxesOf({ bboxes: [], scores: [], labels: [] });
    expect(() => weightedBoxesFusion([none, none], [9, 9], { weights: [1] })).toThrow(
      /one positive weight for each of the 2/,
    );
    expect(() => weightedBoxesFusion([none], [9, 9], { weights: [0] })).toThrow(/received \[0\]/);
    expect(weightedBoxesFusion([none], [9, 9]).scores).toHaveLength(0);
  });
});
