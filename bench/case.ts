// One measurement of `npm run bench`, in a separate process. Prints one JSON line { seconds, peakMB, ... }.
//   node dist/bench/case.js --case faster_rcnn_r50 --mode train --batch 1 --precision bf16 --reps 3
// `--size` and `--classes` change the square image and the number of classes of a subject.

import './compact-loading';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { loadConfig } from '../src/config';
import { noiseSample } from '../src/data/noise-sample';
import { engine, type Precision, startEngine } from '../src/engine';
import { releaseYoungGeneration } from '../src/engine/young-generation';
import { buildDetector } from '../src/models/build';
import type { Detector } from '../src/models/types';
import { Random } from '../src/random';
import { parseLosses } from '../src/training/gradients';
import { chosen, readOptions, runScript } from './options';

/** Peak resident memory of this process (Linux), in MB. */
function peakResidentMB(): number {
  const kB = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kB ? Number(kB) / 1024 : process.memoryUsage().rss / 2 ** 20;
}

interface Subject {
  config: string;
  options?: Record<string, number>;
  /** Options that are the number of classes, beside what a detector is built for. */
  classOptions?: string[];
  classes: number;
  /** Width and height of the images. */
  size: [number, number];
}

const SUBJECTS: Record<string, Subject> = {
  resnet50_fpn: {
    config: 'faster-rcnn_r50_fpn_1x_coco',
    options: { 'model.backbone.frozen_stages': -1 },
    classes: 80,
    size: [1333, 800],
  },
  faster_rcnn_r50_fpn: { config: 'faster-rcnn_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  faster_rcnn_r18_fpn: { config: 'faster-rcnn_r18_fpn_bccd', classes: 3, size: [320, 240] },
  retinanet_r50_fpn: { config: 'retinanet_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  mask_rcnn_r50_fpn: { config: 'mask-rcnn_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  solov2_r50_fpn: { config: 'solov2_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  tood_r50_fpn: { config: 'tood_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  sparse_rcnn_r50_fpn: { config: 'sparse-rcnn_r50_fpn_1x_coco', classes: 80, size: [1333, 800] },
  mask2former_r50: { config: 'mask2former_r50_8xb2-lsj-50e_coco', classes: 80, size: [1024, 1024] },
  detr_r50: { config: 'detr_r50_8xb2-150e_coco', classes: 80, size: [1333, 800] },
  yolov5_s: {
    config: 'yolov5_s-v61_syncbn_8xb16-300e_coco',
    classOptions: ['model.bbox_head.head_module.num_classes'],
    classes: 80,
    size: [640, 640],
  },
  yolov8_s: {
    config: 'yolov8_s_syncbn_fast_8xb16-500e_coco',
    classOptions: ['model.bbox_head.head_module.num_classes', 'model.train_cfg.assigner.num_classes'],
    classes: 80,
    size: [640, 640],
  },
};

async function main(): Promise<void> {
  releaseYoungGeneration();
  const options = readOptions({
    case: 'resnet50_fpn',
    mode: 'fwd',
    batch: 1,
    reps: 3,
    precision: 'f32',
    classes: 0,
    size: 0,
  });
  const { mode, batch: batchSize, reps } = options;
  const [model] = chosen('case', options.case, Object.keys(SUBJECTS));
  const [half] = chosen('precision', options.precision, ['f32', 'bf16']);
  const precision: Precision = half === 'bf16' ? 'bfloat16' : 'float32';
  await startEngine();
  const amp = <T>(f: () => T): T => (precision === 'float32' ? f() : engine().autocast(precision, f));

  const subject = SUBJECTS[model];
  const classes = options.classes || subject.classes;
  const [width, height] = options.size ? [options.size, options.size] : subject.size;
  const perClass = Object.fromEntries(subject.classOptions?.map((key) => [key, classes]) ?? []);
  const { config } = loadConfig(subject.config, { options: { ...subject.options, ...perClass } });
  const detector: Detector = buildDetector(config.model as never, { numClasses: classes });
  detector.initWeights(Random.seeded(0));
  const samples = Array.from({ length: batchSize }, (_, i) => noiseSample(i, { width, height, boxes: 10, classes }));
  const training = mode === 'train' || mode === 'fwdbwd';
  detector.train(training);

  const variables = detector.trainable().map(([, p]) => p.variable);
  const buffers = mode === 'train' ? variables.map((v) => tf.variable(tf.zerosLike(v), false)) : [];
  const random = Random.seeded(1);
  const feed = model === 'resnet50_fpn' ? tf.randomUniform([batchSize, 800, 1344, 3], -2, 2, 'float32', 7) : undefined;

  /** A scalar that depends on every level, so that the backward pass covers all of them. */
  const featureLoss = () =>
    detector
      .extractFeatures(feed as tf.Tensor4D)
      .map((level) => tf.mean(tf.square(tf.cast(level, 'float32'))))
      .reduce((a, b) => tf.add(a, b)) as tf.Scalar;

  const step: Record<string, () => void> = {
    fwd: () => tf.tidy(() => void amp(() => detector.extractFeatures(feed as tf.Tensor4D).map((t) => t.dataId))),
    fwdbwd: () => {
      const { value, grads } = amp(() => tf.variableGrads(featureLoss, variables));
      value.dataSync();
      tf.dispose([value, ...Object.values(grads)]);
    },
    train: () => {
      const batch = detector.preprocess(samples);
      const { value, grads } = amp(() =>
        tf.variableGrads(() => parseLosses(detector.loss(batch, { random, epoch: 0, iteration: 0 })).total, variables),
      );
      value.dataSync();
      const gradients = variables.map((v) => grads[v.name]);
      engine().sgdStep(variables, gradients, buffers, { lr: 1e-4, momentum: 0.9, weightDecay: 1e-4 });
      tf.dispose([batch.inputs, value, ...gradients]);
    },
    infer: () =>
      tf.tidy(() => {
        const batch = detector.preprocess(samples);
        amp(() => detector.predict(batch));
      }),
  };
  const [run] = chosen('mode', mode, Object.keys(step)).map((name) => step[name]);
  run();
  const seconds: number[] = [];
  for (let i = 0; i < reps; i++) {
    const start = performance.now();
    run();
    seconds.push((performance.now() - start) / 1000);
  }
  console.log(
    JSON.stringify({ name: `${model}/${mode}`, engine: engine().description, seconds, peakMB: peakResidentMB() }),
  );
}

runScript(main);
