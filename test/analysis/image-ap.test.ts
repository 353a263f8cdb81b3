// The AP of an image by itself is that of an evaluation of it alone.

import { expect, test } from 'vitest';
import { imageAps } from '../../src/analysis/image-ap';
import { rankMatches } from '../../src/analysis/ranked-matches';
import { evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { randomResults } from './random-results';

test('every image', () => {
  const results = randomResults({ images: 30, classes: 3, seed: 9 });
  const aps = imageAps(rankMatches(results));
  for (const [i, { imageId, record, detections }] of results.images.entries()) {
    const alone = evaluateBoxes(truthsOfDataset({ records: [record] }), new Map([[imageId, detections]]), {
      classes: results.dataset.classes,
    });
    if (alone.metrics.AP < 0) expect(aps[i]).toBeNaN();
    else expect(aps[i]).toBeCloseTo(alone.metrics.AP, 12);
  }
  expect(aps.filter(Number.isNaN).length).toBeGreaterThan(0);
});
