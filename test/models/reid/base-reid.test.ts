// BaseReID against MMDetection's: parameters, losses, gradients, embeddings.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { torchShape } from '../../../src/nn';
import { fillByFormula, goldenJson, image, maxDifference } from '../../golden-data';
import { checkTraining } from '../detectors/check-small-model';

beforeAll(async () => void (await startEngine()));

interface Golden {
  config: ModuleConfig & { head: Record<string, unknown> };
  identities: number[];
  params: [string, number[]][];
  losses: Record<string, number>;
  grad_norms: Record<string, number>;
  embeddings: number[][];
}
const golden = goldenJson<Golden>('reid_model');
const [H, W] = [64, 32];

/** The formula image, moved by so many pixels around its borders. */
function moved(down: number, right: number): Uint8Array {
  const from = image(H, W);
  return Uint8Array.from({ length: from.length }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % W, Math.floor(i / 3 / W)];
    return from[3 * (((y + H - (down % H)) % H) * W + ((x + W - (right % W)) % W)) + c];
  });
}

const samples = (): PackedSample[] =>
  golden.identities.map((identity, k) => ({
    image: {
      data: moved(5 * Math.floor(k / 2) + (k > 1 ? 9 * (k % 2) : 0), 3 * Math.floor(k / 2)),
      width: W,
      height: H,
      order: 'bgr',
    },
    meta: { imgId: k, imgPath: `${k}`, oriShape: [80, 40], imgShape: [H, W], scaleFactor: [0.8, 0.8], flip: false },
    truths: {
      bboxes: Float32Array.of(0, 0, W, H),
      labels: Int32Array.of(identity),
      ignored: Uint8Array.of(0),
    },
  }));

describe('BaseReID', () => {
  it("equals MMDetection's", () => {
    const model = buildDetector(golden.config);
    expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(golden.params);
    fillByFormula(model);
    model.train();
    const batch = model.preprocess(samples());
    checkTraining(model, batch, golden);
    model.eval();
    const found = tf.tidy(() => model.predict(batch) as never) as ReturnType<typeof model.predict>;
    for (const [i, { bboxes, embeddings }] of found.entries()) {
      expect([...bboxes]).toEqual([0, 0, 40, 80]); // the whole image
      expect(maxDifference(embeddings!, golden.embeddings[i])).toBeLessThan(2e-5);
    }
    batch.inputs.dispose();
    model.dispose();
  });

  it('says which images it is for, and what is missing', () => {
    const model = buildDetector(golden.config);
    const [sample] = samples();
    const wide = { ...sample, image: { ...sample.image, width: H, height: W } };
    const batch = model.preprocess([wide]);
    expect(() => tf.tidy(() => void model.predict(batch))).toThrow(/kernel_size 2 x 1/);
    batch.inputs.dispose();
    model.train();
    const alone = model.preprocess([sample, sample]);
    const context = { random: undefined as never, epoch: 0, iteration: 0 };
    expect(() => tf.tidy(() => void model.loss(alone, context))).toThrow(/two identities.*triplet_sampler/);
    alone.inputs.dispose();
    model.dispose();
    const head = (change: object) => ({ ...golden.config, head: { ...golden.config.head, ...change } });
    expect(() => buildDetector(head({ loss_cls: null, loss_triplet: null }))).toThrow(/loss_cls, loss_triplet or both/);
    expect(() => buildDetector(head({ in_channels: 32 }))).toThrow(/in_channels is 32.*64 channels/);
    expect(() => buildDetector(golden.config, { numClasses: 7 })).toThrow(/num_classes is 5.*7 classes/);
  });
});
