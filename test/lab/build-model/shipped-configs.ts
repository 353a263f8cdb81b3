// Every config of configs/: those with equal models once, and one training step and one prediction of each model.

import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { detector } from '../../../src';
import { type ConfigObject, type ConfigValue, isObject, listConfigs } from '../../../src/config';
import type { PackedSample } from '../../../src/data';
import type { Keypoints } from '../../../src/geometry/keypoints';
import { COCO_PERSON } from '../../../src/geometry/skeleton';
import { catalogue } from '../../../src/lab/catalogue';
import { objectAt, valueAt } from '../../../src/lab/config-access';
import sizes from '../../../src/lab/config-table/model-sizes.json';
import { detect } from '../../../src/lab/prediction/detect';
import { polygonsToRle } from '../../../src/masks';
import type { Detector } from '../../../src/models/types';
import { Random } from '../../../src/random';
import { disposeBatch } from '../../../src/training/dispose-batch';
import { pass } from '../../../src/training/gradients';
import { OptimWrapper, type OptimWrapperConfig } from '../../../src/training/optim-wrapper';

export interface ShippedModel {
  /** The first config with this model. */
  name: string;
  config: ConfigObject;
  /** Names of the configs with the same model. */
  names: string[];
}

/** The model without the file that it starts from. */
const structure = (value: ConfigValue | undefined): ConfigValue | undefined => {
  if (Array.isArray(value)) return value.map((item) => structure(item) ?? null);
  if (!isObject(value)) return value;
  if (value.type === 'Pretrained' || (value.type === undefined && 'checkpoint' in value)) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, structure(item) ?? null]));
};

/** Configs with a model, grouped by equal ones. */
export function shippedModels(): ShippedModel[] {
  const models = new Map<string, ShippedModel>();
  for (const name of listConfigs().keys()) {
    const { config } = detector(name);
    if (!isObject(config.model)) continue;
    const key = JSON.stringify(structure(config.model));
    const known = models.get(key);
    if (known) known.names.push(name);
    else models.set(key, { name, config, names: [name] });
  }
  return [...models.values()];
}

/** One model of each type of detector, the narrowest or shallowest. */
export function oneOfEachDetector(models: readonly ShippedModel[]): ShippedModel[] {
  const size = ({ config }: ShippedModel) => {
    const [width, depth] = ['widen_factor', 'depth'].map((key) => valueAt(config, `model.backbone.${key}`));
    return typeof width === 'number' ? width : typeof depth === 'number' ? depth : Number.POSITIVE_INFINITY;
  };
  const smallest = new Map<unknown, ShippedModel>();
  for (const shipped of models) {
    const type = valueAt(shipped.config, 'model.type');
    const known = smallest.get(type);
    if (!known || size(shipped) < size(known)) smallest.set(type, shipped);
  }
  return [...smallest.values()];
}

const FEWER: Record<string, number> = { nms_pre: 50, max_per_img: 20, num: 32, num_points: 64 };

/** Settings with fewer proposals, samples and detections. */
function fewer(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(fewer);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, ConfigValue] => [
    key,
    typeof item === 'number' && key in FEWER ? Math.min(item, FEWER[key]) : fewer(item),
  ]);
  return Object.fromEntries(entries);
}

const slim = (head: ConfigValue): ConfigValue => {
  if (Array.isArray(head)) return head.map(slim);
  return isObject(head) && 'fc_out_channels' in head ? { ...head, fc_out_channels: 32 } : head;
};

/** Whether `narrowed` makes its backbone narrow. */
function canNarrow(config: ConfigObject): boolean {
  const { backbone, neck } = config.model as ConfigObject;
  const trunk = objectAt({ backbone }, 'backbone');
  return trunk.type === 'ResNet' && objectAt(trunk, 'norm_cfg').type !== 'GN' && isObject([neck].flat()[0]);
}

const parameterCounts: Record<string, number[]> = sizes;

/** Whether a step of it, narrowed, takes a second or less: most of the others' parameters are not the backbone's. */
export const isQuick = ({ name, config }: ShippedModel): boolean =>
  !readsText(config) && imageSize(config) <= 96 && parameterCounts[name][2] < (canNarrow(config) ? 50e6 : 12e6);

/** Whether it has a text model, whose vocabulary and weights are files of their own. */
export const readsText = ({ model }: ConfigObject): boolean => isObject(model) && model.language_model !== undefined;

/** A model that takes less time: an eighth of the width of a ResNet before a neck, 32 fully connected channels, few RoIs. */
export function narrowed(config: ConfigObject): ConfigObject {
  const { backbone, neck, roi_head, train_cfg, test_cfg } = config.model as ConfigObject;
  const [first, ...others] = [neck].flat();
  const [trunk, lanes] = [objectAt({ backbone }, 'backbone'), objectAt({ first }, 'first')];
  const model: ConfigObject = {
    ...(config.model as ConfigObject),
    train_cfg: fewer(train_cfg ?? null),
    test_cfg: fewer(test_cfg ?? null),
  };
  const preprocessor = objectAt(model, 'data_preprocessor');
  // to a size that is a large one
  if (JSON.stringify(preprocessor).includes('"BatchResize"'))
    model.data_preprocessor = { ...preprocessor, batch_augments: null };
  if (isObject(roi_head)) {
    const { feat_relay_head: relay } = roi_head;
    model.roi_head = { ...roi_head, bbox_head: slim(roi_head.bbox_head ?? null) };
    if (isObject(relay)) model.roi_head.feat_relay_head = { ...relay, in_channels: 32 };
  }
  const { in_channels } = lanes;
  if (canNarrow(config)) {
    model.backbone = { ...trunk, base_channels: 8 };
    const narrow: ConfigObject = Array.isArray(in_channels)
      ? { in_channels: in_channels.map((count) => Number(count) / 8) }
      : typeof in_channels === 'number'
        ? { in_channels: in_channels / 8 }
        : {};
    model.neck = Array.isArray(neck) ? [{ ...lanes, ...narrow }, ...others] : { ...lanes, ...narrow };
  }
  return { ...config, model };
}

/**
 * The side of the smallest image that all parts of a model have a place in: SSD's levels are cut for one size, and a first
 * stage chooses its queries (at most 900) among the positions of all levels, and SAC needs a coarsest map of 3 x 3.
 */
export function imageSize(config: ConfigObject): number {
  const fixed = valueAt(config, 'model.bbox_head.anchor_generator.input_size');
  if (typeof fixed === 'number') return fixed;
  if (valueAt(config, 'model.as_two_stage') === true) return 224;
  return JSON.stringify(config.model).includes('"SAC"') ? 96 : 64;
}

/** A square image of noise with two objects, masks and, but for a first stage that learns them, proposals. */
function sample(size: number, imgId: number, learned: boolean, text = false): PackedSample {
  const random = Random.seeded(imgId);
  const data = Uint8Array.from({ length: size * size * 3 }, () => random.integer(256));
  const boxes = [0.1, 0.15, 0.6, 0.7, 0.35, 0.3, 0.9, 0.95].map((side) => side * size);
  const outline = ([x1, y1, x2, y2]: number[]) => polygonsToRle([[x1, y1, x2, y1, x2, y2, x1, y2]], size, size);
  const shape: [number, number] = [size, size];
  return {
    image: { data, width: size, height: size, order: 'rgb' },
    meta: { imgId, imgPath: `image ${imgId}`, oriShape: shape, imgShape: shape, scaleFactor: [1, 1], flip: false },
    truths: {
      bboxes: Float32Array.from(boxes),
      labels: Int32Array.from([0, 1]),
      ignored: new Uint8Array(2),
      masks: {
        kind: 'bitmap',
        height: size,
        width: size,
        masks: [outline(boxes.slice(0, 4)), outline(boxes.slice(4))],
      },
      instanceIds: Int32Array.from([1, 2]),
    },
    semantic: { data: new Uint8Array(size * size).map((_, p) => (p >> 4) % 3), width: size, height: size },
    ...(text && { prompt: { text: ['cat', 'dog'] } }),
    ...(!learned && {
      proposals: {
        bboxes: Float32Array.from([...boxes, 0, 0, size / 2, size / 2]),
        scores: new Float32Array(3).fill(1),
      },
    }),
  };
}

/** Whether frames of a video train a model together. */
function learnsFromClips(config: ConfigObject): boolean {
  const { type, use_det_processor: ofImages } = objectAt(config, 'model.data_preprocessor');
  return type === 'TrackDataPreprocessor' && ofImages !== true;
}

/** Whether batches become one size, which is done to boxes alone. */
const resizesBatches = ({ model }: ConfigObject): boolean => JSON.stringify(model).includes('"BatchResize"');

/** MMDetection's own pretraining on text, whose settings of losses it has not published: no train_cfg, or default losses. */
const isOnlyEvaluated = (config: ConfigObject): boolean =>
  readsText(config) &&
  (!valueAt(config, 'model.train_cfg') || valueAt(config, 'model.bbox_head.loss_bbox') === undefined);

/** The same boxes with an angle of 0. */
const unturned = (bboxes: Float32Array): Float32Array =>
  Float32Array.from({ length: (bboxes.length / 4) * 5 }, (_, i) => {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * Math.floor(i / 5));
    return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0][i % 5];
  });

/** A labelled image, and one without labels as the teacher and the student see it, for a model that learns from both. */
function views(given: PackedSample, other: PackedSample): PackedSample[] {
  const seen: PackedSample = {
    ...other,
    meta: { ...other.meta, homography: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) },
    truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  };
  return [
    { ...given, branches: { sup: given } },
    { ...seen, branches: { unsup_teacher: seen, unsup_student: seen } },
  ];
}

/** Seventeen keypoints in each box, all visible. */
const keypointsIn = (bboxes: Float32Array): Keypoints => ({
  kind: 'keypoints',
  points: Float32Array.from({ length: (bboxes.length / 4) * 17 * 3 }, (_, i) => {
    const [object, axis] = [Math.floor(i / 51), i % 3];
    if (axis === 2) return 2;
    const [least, most] = [bboxes[4 * object + axis], bboxes[4 * object + axis + 2]];
    return least + ((most - least) * (1 + ((Math.floor(i / 3) * (axis + 3)) % 17))) / 18;
  }),
  flipIndices: COCO_PERSON.flipIndices,
});

/** Trained on crops of persons (test/models/reid), or not as a whole (test/models/detectors/deep-sort). */
export const TRAINED_ELSEWHERE = ['BaseReID', 'DeepSORT', 'StrongSORT'];

/** The config's optimizer with the rate that a warm-up begins with. */
function firstStep(config: ConfigObject): OptimWrapperConfig {
  const given = objectAt(config, 'optim_wrapper');
  const optimizer = objectAt(given, 'optimizer');
  return { ...given, optimizer: { ...optimizer, lr: Number(optimizer.lr) / 1000 } };
}

/** The model's config without the files that it starts from. */
export function ofScratch(config: ConfigObject): ConfigObject {
  const model = structure(config.model) as ConfigObject;
  return readsText(config) ? withTinyText(model) : model;
}

/** BERT of two layers and a few words, in place of one whose files are not here. */
function withTinyText(model: ConfigObject): ConfigObject {
  const name = path.join(__dirname, '../../golden/tiny-bert');
  const head = objectAt(model, 'bbox_head');
  const own: ConfigObject = head.lang_model_name === undefined ? {} : { lang_model_name: name };
  return {
    ...model,
    language_model: { ...objectAt(model, 'language_model'), name, max_tokens: 48 },
    bbox_head: { ...head, ...own },
  };
}

/** Builds a model, predicts, and takes a step of its optimizer. `whenBuilt` sees its initial weights. */
export async function expectTrainable(config: ConfigObject, whenBuilt?: (network: Detector) => void): Promise<void> {
  const size = imageSize(config);
  const learned = valueAt(config, 'model.rpn_head.type') === 'EmbeddingRPNHead';
  const text = readsText(config);
  // a model that continues another's training starts from random weights here
  const model = await detector({ ...config, load_from: null, model: ofScratch(config) }).build();
  const network = model.detector;
  whenBuilt?.(network);
  const wrapper = new OptimWrapper(network, firstStep(config), catalogue, 10);
  try {
    // before the step: far from pretrained weights, one can be too large
    network.eval();
    const [found] = detect(network, [sample(size, 2, learned, text)]);
    expect(found.bboxes.length).toBe(4 * found.scores.length);
    expect(found.scores.every(Number.isFinite)).toBe(true);
    if (isOnlyEvaluated(config)) return;
    network.train();
    const given = sample(size, 1, learned, text);
    if (resizesBatches(config)) {
      delete given.truths.masks;
      delete given.semantic;
    }
    if (learnsFromClips(config)) given.clip = { others: [sample(size, 3, learned)], before: 0 };
    for (const { truths } of [given, ...(given.clip?.others ?? [])]) {
      truths.labels = truths.labels.map((label) => Math.min(label, network.numClasses - 1));
      if (network.rotated) truths.rboxes = unturned(truths.bboxes);
      if (valueAt(config, 'model.bbox_head.type') === 'YOLOXPoseHead') truths.keypoints = keypointsIn(truths.bboxes);
    }
    const fromViews = valueAt(config, 'model.data_preprocessor.type') === 'MultiBranchDataPreprocessor';
    const batch = network.preprocess(fromViews ? views(given, sample(size, 3, learned)) : [given], 0);
    const context = { random: Random.seeded(0), epoch: 0, iteration: 0 };
    const { scalars, gradients } = pass(network, batch, wrapper.variables, context);
    disposeBatch(batch);
    for (const [name, value] of Object.entries(scalars)) expect(value, name).not.toBeNaN();
    expect(scalars.loss).toBeGreaterThan(0);
    expect(gradients.some((gradient) => gradient !== undefined)).toBe(true);
    for (const gradient of gradients)
      if (gradient) expect(tf.tidy(() => tf.isFinite(gradient).all().arraySync())).toBe(1);
    wrapper.update(gradients);
  } finally {
    wrapper.dispose();
    network.dispose();
  }
}
