// What the tests of RoI heads' relatives share: a config of a small second stage, features, proposals and a batch.

import * as tf from '@tensorflow/tfjs';
import { parseOptions, type Registry } from '../../../../src/catalogue/registry';
import type { Truths } from '../../../../src/data/types';
import { encodeRle, type Rle } from '../../../../src/masks';
import type { DetBatch, FeatureSpec, Losses } from '../../../../src/models/types';
import type { Module } from '../../../../src/nn';
import { Random } from '../../../../src/random';

export const SIZE = 64;
export const CHANNELS = 4;
export const inputs: FeatureSpec[] = [4, 8].map((stride) => ({ stride, channels: CHANNELS }));

const extractor = (bins: number) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins },
});

const trainCfg = {
  assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5 },
  sampler: { type: 'RandomSampler', num: 16, pos_fraction: 0.5, add_gt_as_proposals: true },
  mask_size: 8,
};

/** Options of a RoI head with masks: those of StandardRoIHead, or of a cascade of `stages`. */
export function roiHeadConfig(stages?: number) {
  return {
    ...(stages && { num_stages: stages, stage_loss_weights: Array.from({ length: stages }, (_, i) => 1 / (i + 1)) }),
    bbox_roi_extractor: extractor(3),
    bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 8, reg_class_agnostic: true },
    mask_roi_extractor: extractor(4),
    mask_head: { type: 'FCNMaskHead', num_convs: 1, conv_out_channels: CHANNELS },
    train_cfg: stages ? Array.from({ length: stages }, () => trainCfg) : trainCfg,
    test_cfg: { score_thr: 0, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 5, mask_thr_binary: 0.5 },
  };
}

/** The options of `type` as a definition's `build` gets them. */
export const optionsOf = <T>(registry: Registry, type: string, config: object): T =>
  parseOptions(registry.get('roi_head', type), config as Record<string, unknown>, 'roi_head') as T;

/** Filled with ones in a box. */
function boxMask([x1, y1, x2, y2]: number[]): Rle {
  const pixels = new Uint8Array(SIZE * SIZE);
  for (let y = y1; y < y2; y++) pixels.fill(1, y * SIZE + x1, y * SIZE + x2);
  return encodeRle(pixels, SIZE, SIZE);
}

const objects = [
  [8, 8, 32, 40],
  [24, 20, 60, 56],
];

export function batch(): DetBatch {
  const truths: Truths = {
    bboxes: Float32Array.from(objects.flat()),
    labels: Int32Array.of(0, 1),
    ignored: new Uint8Array(2),
    masks: { kind: 'bitmap', height: SIZE, width: SIZE, masks: objects.map(boxMask) },
  };
  const sample = (imgId: number) => ({
    image: { data: new Uint8Array(), width: SIZE, height: SIZE, order: 'bgr' as const },
    meta: {
      imgId,
      imgPath: `image ${imgId}`,
      oriShape: [SIZE, SIZE] as [number, number],
      imgShape: [SIZE, SIZE] as [number, number],
      scaleFactor: [1, 1] as [number, number],
      flip: false,
    },
    truths,
  });
  return { inputs: tf.zeros([0, 0, 0, 3]), samples: [sample(0), sample(1)], batchShape: [SIZE, SIZE] };
}

/** Near the objects and elsewhere. */
export function proposals() {
  const random = Random.seeded(3);
  const near = [0, 1].flatMap((i) => [-2, 1, 3].map((d) => objects[i].map((v) => v + d)));
  const far = Array.from({ length: 6 }, () => {
    const [x, y] = [random.uniform(0, 40), random.uniform(0, 40)];
    return [x, y, x + random.uniform(4, 20), y + random.uniform(4, 20)];
  });
  const bboxes = Float32Array.from([...near, ...far].flat());
  return [0, 1].map(() => ({ bboxes, scores: new Float32Array(12).fill(0.5) }));
}

export const features = (): tf.Tensor4D[] =>
  inputs.map(({ stride }, i) =>
    tf.randomNormal<tf.Rank.R4>([2, SIZE / stride, SIZE / stride, CHANNELS], 0, 1, 'float32', i + 1),
  );

export const context = () => ({ random: Random.seeded(4), epoch: 0, iteration: 0 });

/** The values of the losses and, by parameter, the largest magnitude of the gradient of their sum. */
export function lossesAndGradients(model: Module, losses: () => Losses) {
  const parameters = model.trainable();
  return tf.tidy(() => {
    let values: Record<string, number> = {};
    const { grads } = tf.variableGrads(
      () => {
        const found = Object.entries(losses()) as [string, tf.Scalar][];
        values = Object.fromEntries(found.map(([name, value]) => [name, value.arraySync()]));
        return tf.addN(found.filter(([name]) => name.includes('loss')).map(([, value]) => value)) as tf.Scalar;
      },
      parameters.map(([, p]) => p.variable),
    );
    const largest = ([name, p]: (typeof parameters)[number]): [string, number] => {
      const gradient: tf.Tensor | null = grads[p.variable.name];
      return [name, gradient ? (tf.max(tf.abs(gradient)).arraySync() as number) : 0];
    };
    return { values, gradients: Object.fromEntries(parameters.map(largest)) };
  });
}
