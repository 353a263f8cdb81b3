// The options of every method that takes some: names, types and ranges. What depends on the data or the model (a class, a layer,
// an image) is checked where it is looked up.

import { z } from 'zod';
import { ERROR_AREAS } from '../analysis/coco-error-analysis';
import { CONFUSION_RULES } from '../analysis/confusion';
import { ERROR_KINDS } from '../analysis/error-kinds';
import { abortSignal, type CallOptions, callback, checkCall } from '../catalogue/call-options';
import { IMAGE_MODES } from '../data/export/export-dataset';
import { BOX_FORMATS } from '../data/formats/plain-objects';
import { poseMetainfo } from '../geometry/skeleton';
import { CONFIDENCES } from '../ops/weighted-boxes-fusion';
import { isTemplate } from '../training/checkpoint-naming';
import { PUBLISHED } from '../training/publish-weights';
import { drawingShape } from '../visualization/drawing-options';
import { CAM_METHODS } from './cam-methods';
import { Folds } from './folds';
import { inferenceShape, precisionShape, sideShape } from './inference-shape';
import { corruptionShapes, metricShape, slicesShape, some } from './measured-options';
import { FOLDER_CONTENTS } from './prediction/folder-contents';

const positive = z.int().positive();
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const iou = z.number().positive().max(1);
const text = z.string().min(1);
const size = z.tuple([positive, positive]);
const precision = precisionShape;
const part = z.enum(['train', 'val']);
const side = sideShape;
const progress = { signal: abortSignal, onProgress: callback };
const rule = z.enum(['greater', 'less']);
const fit = {
  epochs: positive,
  lr: z.number().nonnegative(),
  scaleLr: z.boolean(),
  batch: positive.or(z.literal('auto')),
  classWeights: z.unknown(), // its forms are checked with the classes
  repeatFactors: z.union([z.boolean(), z.strictObject({ threshold: z.number().positive().max(1) })]),
  imageSize: z.unknown(), // three forms, which setImageSize explains
  amp: z.boolean(),
  seed: count,
  workDir: z.union([text, z.literal(false)]),
  resume: z.boolean(),
  loadFrom: text,
  checkpoint: z
    .strictObject({
      interval: positive.or(z.literal(Number.POSITIVE_INFINITY)),
      everyIterations: positive,
      maxKeep: positive.or(z.literal(-1)),
      saveBest: z.union([text, some(text, "saveBest: ['coco/bbox_mAP', 'val/loss']")]),
      rule: z.union([rule, some(rule, "rule: ['greater', 'less']")]),
      keys: z.strictObject({ greater: z.array(text).optional(), less: z.array(text).optional() }),
      saveBegin: count,
      saveLast: z.boolean(),
      saveOptimizer: z.boolean(),
      saveSchedule: z.boolean(),
      outDir: text,
      nameTemplate: z.string().refine(isTemplate, 'expected a name with one {} for the number, such as "model_{}"'),
      publish: z.array(z.enum(PUBLISHED)),
    })
    .partial(),
  evaluateEvery: positive,
  valLoss: z.boolean(),
  patience: z.union([
    positive,
    z.strictObject({
      patience: positive,
      monitor: text.optional(),
      rule: rule.optional(),
      minDelta: z.number().nonnegative().optional(),
      stoppingThreshold: z.number().optional(),
    }),
  ]),
  watch: z.union([count, z.literal(false), z.array(z.union([z.number(), text]))]),
  logInterval: positive,
  processes: positive,
  devices: some(count, 'devices: [0, 1]'),
  workers: count,
  fastDecoding: z.boolean(),
  imageCacheMB: z.number().nonnegative(),
  signal: abortSignal,
  log: callback,
  onStep: callback,
  onRecord: callback,
  hooks: z.array(z.looseObject({})), // checkHooks looks at their points
};

const { seed, epochs } = fit;
const batch = positive;
const image = z.union([count, text]);
const input = { seed, batch, epochs, epoch: positive };
const evaluation = {
  batch,
  ...inferenceShape,
  part: z.enum(['val', 'test']),
  metric: metricShape,
  slices: slicesShape,
  ...progress,
};
const rate = z.number().positive().max(240);
/** A tracker's options are checked where it is built. */
const track = z.union([z.literal(true), z.looseObject({})]);
const prediction = {
  ...inferenceShape,
  text: z.union([text, z.array(text).min(1)]),
  batch,
  fps: rate,
  maxFrames: positive,
  track,
  ...progress,
};
const saving = {
  as: z.enum(FOLDER_CONTENTS),
  data: z.custom<object>(
    (value) => typeof value === 'object' && value !== null && 'evaluated' in value,
    'expected a dataset',
  ),
  threshold: share,
  overwrite: z.boolean(),
  fps: rate,
};
const matching = { iou, masks: z.boolean(), maxDetections: positive };
const kinds = { ...matching, background: z.number().positive().max(1) };
const draws = { resamples: positive, seed };
const losses = z.custom<ReadonlyMap<number, number>>(
  (value) => value instanceof Map,
  'expected a Map of image ids to losses',
);
const page = { worst: positive, precision: z.number().positive().max(1), score: share };
const classes = some(text, "classes: ['car', 'person']");
const firstPixel = z.union([z.literal(0), z.literal(1)]);
const absentClasses = z.enum(['refuse', 'note', 'suspect']);
const selection = { classes, absentClasses, otherClasses: z.enum(['count', 'report']), name: text };
const filter = { filterEmpty: z.boolean(), filterIgnored: z.boolean(), minSize: z.number().nonnegative() };
const weights = { key: text, prefix: text, part: text };
const { limit: _, ...withoutLimit } = drawingShape;

const profiled = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && ('detector' in value || 'modules' in value),
  'expected a model, or a module of nn',
);

/** Of a file's path, or of an image. */
const groups = z.custom<RegExp | ((...args: never[]) => unknown)>(
  (value) => value instanceof RegExp || typeof value === 'function',
  'expected a pattern such as /scene(\\d+)/, or a function of an image',
);
const folding = { stratified: z.boolean(), seed, groups };

const fineTune = {
  ...fit,
  stages: some(
    z.strictObject({
      train: z.union([text, some(text, "train: ['neck']")]),
      top: positive.optional(),
      epochs: positive.optional(),
      lr: z.number().positive().optional(),
    }),
    "stages: [{ train: 'heads', epochs: 2 }]",
  ),
};
const rangeTest = {
  seed,
  batch,
  from: z.number().positive(),
  to: z.number().positive(),
  steps: z.int().min(10).max(100_000),
  smoothing: z.number().min(0).max(0.999),
  divergence: z.number().min(1.01),
  amp: z.boolean(),
  workers: count,
  signal: abortSignal,
};

const SHAPES = {
  detector: ['read the config', { options: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]) }],
  profile: ['profile', { model: profiled, name: text, repeats: positive }],
  compareFeatures: ['compare features', { at: text, show: z.enum(['mean', 'max']) }],
  'dataset.coco': [
    'load a COCO dataset',
    {
      ...selection,
      ...filter,
      proposalFile: text,
      keypoints: z.union([z.boolean(), poseMetainfo]),
      val: z.strictObject({ annFile: z.unknown().optional(), imgDir: z.unknown().optional() }),
    },
  ],
  'dataset.voc': [
    'load a VOC dataset',
    {
      ...selection,
      ...filter,
      bboxMinSize: z.number().nonnegative(),
      firstPixel,
      train: text,
      val: text,
    },
  ],
  'dataset.cityscapes': ['load Cityscapes', { classes, absentClasses, name: text, train: text, val: text }],
  'dataset.open': [
    'open a data set',
    { ...selection, ...filter, format: text, images: text, labels: text, train: text, val: text, attribute: text },
  ],
  'dataset.from': ['make a data set', { classes, absentClasses, name: text, boxFormat: z.enum(BOX_FORMATS) }],
  'dataset.toytown': [
    'generate toytown',
    {
      layout: z.enum(['coco', 'cityscapes']),
      images: z.int().min(2).max(1_000_000),
      seed,
      dir: text,
      width: z.int().min(64).max(8192),
      height: z.int().min(64).max(8192),
      valShare: share,
      ...progress,
    },
  ],
  'LabDataset.export': [
    'export the dataset',
    { images: z.enum(IMAGE_MODES), overwrite: z.boolean(), firstPixel, onNotice: callback, signal: abortSignal },
  ],
  'LabDataset.split': ['split the dataset', { seed }],
  'LabDataset.kFold': ['split into folds', folding],
  'LabDataset.browse': [
    'browse the dataset',
    {
      class: z.union([text, some(text, "class: ['car', 'person']")]),
      split: part,
      objects: z.tuple([count, count.or(z.literal(Number.POSITIVE_INFINITY))]),
      page: positive,
      size: positive,
      ...withoutLimit,
    },
  ],
  'LabDataset.duplicates': [
    'look for duplicates',
    { bits: z.int().min(0).max(16), difference: z.number().min(0).max(255), workers: positive, ...progress },
  ],
  'LabDataset.labelMistakes': ['look for label mistakes', { minimum: share }],
  'Recipe.fit': ['train', fit],
  'Recipe.fineTune': ['fine-tune', fineTune],
  fineTune: ['fine-tune', fineTune],
  'Recipe.crossValidate': [
    'cross-validate',
    {
      ...fit,
      stratified: z.boolean(),
      groups,
      folds: z.union([
        z.int().min(2),
        z.custom<object>((value) => value instanceof Folds, 'expected folds of data.kFold'),
      ]),
    },
  ],
  'Recipe.findLearningRate': ['find a learning rate', rangeTest],
  'Model.findLearningRate': ['find a learning rate', rangeTest],
  'Recipe.plan': ['plan the training', fit],
  'Recipe.build': ['build the model', { seed }],
  'Recipe.summary': ['summarise the model', { input: size }],
  'Recipe.batches': ['show training batches', { ...input, count: positive }],
  'Recipe.steps': ['show the steps of the pipeline', { ...input, image }],
  'Recipe.lostTruths': [
    'count lost truths',
    { ...input, images: positive.or(z.literal(Number.POSITIVE_INFINITY)), signal: abortSignal },
  ],
  'Recipe.assignments': ['show assignments', { ...input, image }],
  'Recipe.profile': [
    'profile',
    { mode: z.enum(['predict', 'train']), amp: z.boolean(), batch, imageSize: fit.imageSize, repeats: positive },
  ],
  'Recipe.necks': ['try necks', { input: size, flops: z.boolean(), onRow: callback }],
  'Recipe.loadFrom': ['load the weights', weights],
  'Recipe.freeze': ['freeze', { stages: count, epoch: positive }],
  'Recipe.unfreeze': ['unfreeze', { stages: count, epoch: positive }],
  'compare.fit': ['compare', { ...fit, seeds: z.union([positive, some(count, 'seeds: [0, 1, 2]')]) }],
  'compare.reports': ['compare reports', { ...draws, against: text }],
  'RunList.evaluate': ['compare runs', { ...draws, against: text }],
  search: [
    'search',
    {
      space: z.unknown(), // lists and ranges, checked by name
      strategy: z.enum(['grid', 'random', 'halving']),
      budget: positive,
      factor: z.int().min(2),
      metric: text,
      seed,
    },
  ],
  'search.fit': ['search', fit],
  ensemble: [
    'make an ensemble',
    {
      weights: z.array(z.number().positive()),
      merge: z.enum(['wbf', 'nms']),
      iou,
      score: share,
      confidence: z.enum(CONFIDENCES),
    },
  ],
  'Ensemble.predict': ['predict', { ...prediction, ...drawingShape }],
  'Ensemble.stream': ['predict', { ...prediction, onSkip: callback, ...drawingShape }],
  'Ensemble.evaluate': ['evaluate', evaluation],
  'Model.predict': ['predict', { ...prediction, ...drawingShape }],
  'Model.stream': ['predict', { ...prediction, onSkip: callback, ...drawingShape }],
  'Predictions.save': ['save the predictions', saving],
  'PredictionList.save': ['save the predictions', saving],
  'VideoPredictions.save': ['save the predictions', saving],
  'Model.evaluate': ['evaluate', { ...evaluation, ...corruptionShapes }],
  'Model.pseudoLabel': [
    'label images',
    {
      threshold: z.union([share, z.record(z.string(), share)]),
      ignore: share,
      weights: z.literal('score'),
      batch,
      precision,
      ...progress,
    },
  ],
  'PseudoLabels.filter': [
    'review pseudo-labels',
    { label: text, image: text, below: share, from: share, id: z.union([positive, z.array(positive)]) },
  ],
  'PseudoLabels.browse': ['browse the pseudo-labels', drawingShape],
  'PseudoLabels.edit': [
    'edit a pseudo-label',
    { label: text, bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]) },
  ],
  'Model.save': [
    'save the model',
    {
      nms: z.boolean(),
      size: side,
      batch,
      dynamic: z.union([z.boolean(), z.enum(['size', 'batch'])]),
      precision: z.enum(['float32', 'float16']),
      tracker: z.boolean(),
    },
  ],
  'Model.errors': ['list the errors', { ...evaluation, ...kinds, losses: z.boolean() }],
  'Model.imageLosses': ['compute losses', { precision, ...progress }],
  'Model.assignments': ['show assignments', { ...input, image }],
  'Model.features': [
    'show features',
    { at: some(text, "at: ['neck']"), show: z.union([z.enum(['mean', 'max']), some(count, 'show: [0, 1]')]) },
  ],
  'Model.cam': ['make a class activation map', { layer: text, detection: count, method: z.enum(CAM_METHODS) }],
  'Model.profile': ['profile', { precision, repeats: positive }],
  'Profile.detailed': ['show the profile', { rows: positive, depth: count }],
  'Model.attention': ['show attention', { detection: count, layer: count }],
  'Model.loadFrom': ['load the weights', weights],
  'Model.withThreshold': ['choose a threshold', { ...draws, iou, masks: z.boolean() }],
  'Report.curves': [
    'draw the curves',
    { ...draws, iou: z.union([iou, some(iou, 'iou: [0.5, 0.75]')]), bins: z.int().min(1).max(100), masks: z.boolean() },
  ],
  'Report.threshold': ['choose a threshold', { ...draws, iou, masks: z.boolean() }],
  'Report.errors': ['list the errors', { ...kinds, losses }],
  'Report.confusion': [
    'draw the confusion matrix',
    {
      score: share,
      iou: share,
      rule: z.enum(CONFUSION_RULES),
      nms: share,
      normalize: z.boolean(),
      imagesPerCell: count,
      limit: count,
    },
  ],
  'Report.cocoErrors': ['analyse the errors', { area: z.enum(ERROR_AREAS), class: text, masks: z.boolean() }],
  'Report.slices': ['slice the evaluation', { slices: slicesShape }],
  'Report.gallery': ['show the images', { ...kinds, ...drawingShape }],
  'Report.page': ['write the page', { ...page, ...kinds, losses }],
  'ErrorReport.gallery': [
    'show the worst images',
    { worst: positive, by: z.enum(['AP', 'loss', ...ERROR_KINDS]), ...drawingShape },
  ],
  'ErrorReport.page': ['write the page', page],
} as const satisfies Record<string, readonly [what: string, options: z.core.$ZodLooseShape]>;

export type MethodWithOptions = keyof typeof SHAPES;

/** By class (or object) and method. */
export const METHOD_OPTIONS = Object.fromEntries(
  Object.entries(SHAPES).map(([method, [what, shape]]) => [
    method,
    { what, options: z.strictObject(shape as z.core.$ZodLooseShape).partial() },
  ]),
) as unknown as Readonly<Record<MethodWithOptions, CallOptions>>;

/**
 * @throws DetLabError for an unknown option, with the nearest name, and for a value that it cannot have
 * @example checkMethod('Recipe.fit', { epochs: 3 })
 */
export const checkMethod = (method: MethodWithOptions, options: unknown): void =>
  checkCall(METHOD_OPTIONS[method], options);
