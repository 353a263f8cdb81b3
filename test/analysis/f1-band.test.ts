// The band of F1 is that of the curves on the drawn images.

import { expect, test } from 'vitest';
import { quantile, resampleImages } from '../../src/analysis/bootstrap';
import { f1Bands } from '../../src/analysis/f1-band';
import { rankMatches } from '../../src/analysis/ranked-matches';
import { randomResults } from './random-results';

test('equal to counting the drawn images, one draw at a time', () => {
  const { classes, images } = rankMatches(randomResults({ images: 25, classes: 2, seed: 4 }), { ious: [0.5, 0.75] });
  const [points, draws] = [11, { seed: 2, resamples: 150 }];
  const bands = f1Bands(classes, { iou: 1, points, ...draws });
  expect(bands).toHaveLength(2);
  for (const [c, { scores, images: places, trues, falses, truths }] of classes.entries()) {
    const values = Array.from({ length: points }, () => [] as number[]);
    resampleImages(images, draws, (weights) => {
      const positives = truths.reduce((sum, count, i) => sum + count * weights[i], 0);
      for (let p = 0; p < points; p++) {
        let [right, all] = [0, 0];
        for (let k = 0; k < scores.length; k++) {
          if (Math.floor(scores[k] * (points - 1)) < p) continue;
          right += ((trues[k] >>> 1) & 1) * weights[places[k]];
          all += (((trues[k] | falses[k]) >>> 1) & 1) * weights[places[k]];
        }
        values[p].push(all + positives === 0 ? 0 : (2 * right) / (all + positives));
      }
    });
    for (let p = 0; p < points; p++) {
      const sorted = values[p].sort((a, b) => a - b);
      expect(bands[c].low[p]).toBeCloseTo(quantile(sorted, 0.025), 6);
      expect(bands[c].high[p]).toBeCloseTo(quantile(sorted, 0.975), 6);
    }
  }
});
