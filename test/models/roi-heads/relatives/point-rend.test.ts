// The seams of StandardRoIHead fit PointRend (Kirillov et al., CVPR 2020): a second mask loss at points of the
// positives, and detections' masks refined at points. Points are pixels of a grid here, and features are read at the
// nearest pixel.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { BuildContext } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { type MaskHead, StandardRoIHead } from '../../../../src/models/roi-heads';
import type { StageResult } from '../../../../src/models/roi-heads/bbox-stage';
import { maskTargets } from '../../../../src/models/roi-heads/mask-branch';
import { roisOf } from '../../../../src/models/roi-heads/rois';
import type { StageTraining } from '../../../../src/models/roi-heads/types';
import type { Losses } from '../../../../src/models/types';
import { Linear } from '../../../../src/nn';
import { Random } from '../../../../src/random';
import {
  batch,
  CHANNELS,
  context,
  features,
  inputs,
  lossesAndGradients,
  optionsOf,
  proposals,
  roiHeadConfig,
} from './small-second-stage';

type Options = ConstructorParameters<typeof StandardRoIHead>[0];

/** Points of each RoI, by row and column of its mask. */
type Grid = { size: number; rows: Int32Array };

class PointRendRoIHead extends StandardRoIHead {
  private readonly pointHead: Linear;

  constructor(config: Options, at: BuildContext) {
    super(config, at);
    this.pointHead = this.addChild('point_head', new Linear({ inFeatures: CHANNELS + 1, outFeatures: 1 }));
  }

  /** Logits [K * points] from the finest level and the coarse logits [K, H, W] at points. */
  private pointLogits(
    levels: tf.Tensor4D[],
    rois: Float32Array,
    coarse: tf.Tensor3D,
    { size, rows }: Grid,
  ): tf.Tensor1D {
    const [count, h, w] = coarse.shape;
    const [, height, width] = levels[0].shape;
    const fine: number[] = [];
    const inMask: number[] = [];
    for (let k = 0; k < count; k++) {
      const [image, x1, y1, x2, y2] = rois.subarray(5 * k, 5 * k + 5);
      for (const point of rows) {
        const [u, v] = [((point % size) + 0.5) / size, (Math.floor(point / size) + 0.5) / size];
        const pixel = (at: number, side: number) => Math.min(Math.max(Math.floor(at / inputs[0].stride), 0), side - 1);
        const [x, y] = [pixel(x1 + u * (x2 - x1), width), pixel(y1 + v * (y2 - y1), height)];
        fine.push((image * height + y) * width + x);
        inMask.push((k * h + Math.floor(v * h)) * w + Math.floor(u * w));
      }
    }
    const read = (x: tf.Tensor, channels: number, indices: number[]) =>
      tf.gather(x.reshape<tf.Tensor2D>([-1, channels]), tf.tensor1d(indices, 'int32'));
    const rowsOf = tf.concat([read(levels[0], CHANNELS, fine), read(coarse, 1, inMask)], 1);
    return this.pointHead.forward(rowsOf).reshape([-1]);
  }

  protected override maskLoss(head: MaskHead, result: StageResult, training: StageTraining): Losses {
    const { rois, labels, masks, size } = maskTargets(result.sampled, training, this.stage.sampler.cfg);
    const rows = Int32Array.from({ length: 10 }, () => training.context.random.integer(size[0] * size[1]));
    const coarse = head.classLogits(this.maskPooler!.forward(training.features, rois), labels);
    const logits = this.pointLogits(training.features, rois, coarse, { size: size[0], rows });
    const area = size[0] * size[1];
    const target = Float32Array.from({ length: logits.size }, (_, i) => {
      const [k, point] = [Math.floor(i / rows.length), i % rows.length];
      return masks[k * area + rows[point]];
    });
    return {
      ...super.maskLoss(head, result, training),
      loss_point: tf.losses.sigmoidCrossEntropy(tf.tensor1d(target), logits) as tf.Scalar,
    };
  }

  /** Every mask at twice its size, all of its pixels predicted anew. */
  protected override predictMasks(
    head: MaskHead,
    levels: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ) {
    const rois = roisOf(boxes);
    const coarse = head.classLogits(this.maskPooler!.forward(levels, rois), labels);
    const size = 2 * coarse.shape[1];
    const rows = Int32Array.from({ length: size * size }, (_, i) => i);
    const values = tf.sigmoid(this.pointLogits(levels, rois, coarse, { size, rows })).dataSync<'float32'>();
    return { values, size: [size, size] as [number, number] };
  }
}

function build() {
  const registry = createRegistry();
  const options = optionsOf<Options>(registry, 'StandardRoIHead', roiHeadConfig());
  const head = new PointRendRoIHead(options, { registry, path: 'roi_head', inputs, numClasses: 2 });
  head.initWeights(Random.seeded(1));
  return head;
}

beforeAll(async () => void (await startEngine()));

test('the loss at points joins the others and reaches the point head and the coarse masks', () => {
  const head = build();
  const levels = features();
  const images = batch();
  const { values, gradients } = lossesAndGradients(head, () => head.loss(levels, proposals(), images, context()));
  expect(Object.keys(values)).toEqual(['loss_cls', 'acc', 'loss_bbox', 'loss_mask', 'loss_point']);
  expect(values.loss_point).toBeGreaterThan(0);
  expect(gradients['point_head.weight']).toBeGreaterThan(0);
  expect(gradients['mask_head.conv_logits.weight']).toBeGreaterThan(0);
  tf.dispose([...levels, images.inputs]);
  head.dispose();
});

test('detections carry the refined masks', () => {
  const head = build();
  const point = [...head.named()].find(([name]) => name === 'point_head.bias')![1].variable;
  const levels = features();
  const images = batch();
  const areas = (bias: number) => {
    tf.tidy(() => point.assign(tf.tensor1d([bias])));
    const [{ masks }] = tf.tidy(() => head.predict(levels, proposals(), images) as never) as ReturnType<
      typeof head.predict
    >;
    return masks!.map(({ counts }) => counts.reduce((sum, n, i) => sum + (i % 2 === 1 ? n : 0), 0));
  };
  const before = tf.memory().numTensors;
  // the point head decides alone: far below and far above the threshold
  expect(areas(-100).every((area) => area === 0)).toBe(true);
  expect(areas(100).every((area) => area > 0)).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([...levels, images.inputs]);
  head.dispose();
});
