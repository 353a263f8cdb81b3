// What the tests of box heads share: targets of a made-up batch, shapes of weights.

import type { BBoxHead, BoxHead } from '../../../../src/models/roi-heads';
import { type BBoxTargets, bboxTargets } from '../../../../src/models/roi-heads/bbox-heads/bbox-targets';
import { torchShape } from '../../../../src/nn';
import { boxes } from '../../../golden-data';

/** Two images, four positives, four negatives. */
export function targetsFor(head: Pick<BoxHead, 'coder'>, decoded = false, positiveWeight = -1): BBoxTargets {
  const sampled = ['one', 'two'].map((name) => ({
    priors: boxes(name, 6),
    numTruths: 0,
    positive: Int32Array.of(0, 2),
    negative: Int32Array.of(3, 5),
    positiveTruth: Int32Array.of(0, 1),
    positiveLabels: Int32Array.of(2, 0),
    positiveBoxes: boxes(`${name} truth`, 2),
    avgFactor: 4,
    maxOverlaps: new Float32Array(6),
  }));
  return bboxTargets(sampled, { coder: head.coder, decoded, classes: 3, positiveWeight });
}

/** Shapes of the weights as PyTorch has them, by name. */
export const weightShapes = (head: BBoxHead) =>
  Object.fromEntries([...head.named()].filter(([n]) => n.endsWith('weight')).map(([n, p]) => [n, torchShape(p)]));
