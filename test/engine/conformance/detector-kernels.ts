// The kernels that a Faster R-CNN runs while it trains and predicts, as the engine is asked for them.

import * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { loadConfig } from '../../../src/config';
import type { PackedSample } from '../../../src/data/types';
import type { Engine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { Random } from '../../../src/random';
import { pass } from '../../../src/training/gradients';

/** Runs `f` and adds the name of every kernel it asks for to `names`. */
export function recordKernels<T>(names: Set<string>, f: () => T): T {
  const engine = tf.engine() as unknown as { runKernel(name: string, ...rest: unknown[]): unknown };
  const own = Object.getOwnPropertyDescriptor(engine, 'runKernel');
  const original = engine.runKernel.bind(engine);
  engine.runKernel = (name, ...rest) => {
    names.add(name);
    return original(name, ...rest);
  };
  try {
    return f();
  } finally {
    if (own) Object.defineProperty(engine, 'runKernel', own);
    else delete (engine as { runKernel?: unknown }).runKernel;
  }
}

function sample(random: Random, width: number, height: number): PackedSample {
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  const meta = { imgId: 1, imgPath: 'noise', oriShape: [height, width], imgShape: [height, width] };
  return {
    image: { data, width, height, order: 'bgr' },
    meta: { ...meta, scaleFactor: [1, 1], flip: false } as PackedSample['meta'],
    truths: {
      bboxes: Float32Array.of(4, 6, 44, 40, 30, 10, 70, 60),
      labels: Int32Array.of(0, 1),
      ignored: new Uint8Array(2),
    },
  };
}

/** One step of SGD with clipping, and one prediction, of a detector on two small images of noise. */
export function runDetector(config: string, numClasses: number, engine: Engine): void {
  const random = Random.seeded(3);
  const model = buildDetector(loadConfig(config).config.model as ModuleConfig, { numClasses });
  model.initWeights(random);
  const batch = model.preprocess([sample(random, 96, 64), sample(random, 80, 64)]);
  const variables = model
    .train()
    .trainable()
    .map(([, p]) => p.variable);
  const { scalars, gradients } = pass(model, batch, variables, { random, epoch: 0, iteration: 0 });
  if (!Number.isFinite(scalars.loss)) throw new Error(`The loss of ${config} is ${scalars.loss}`);
  tf.tidy(() => {
    const reached = variables.flatMap((v, i) => (gradients[i] ? [{ variable: v, gradient: gradients[i] }] : []));
    const clipped = engine.clipGradNorm(
      reached.map((r) => r.gradient),
      1,
    );
    const buffers = reached.map((r) => tf.variable(tf.zerosLike(r.variable), false));
    const options = { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 };
    engine.sgdStep(
      reached.map((r) => r.variable),
      clipped.gradients,
      buffers,
      options,
    );
    tf.dispose(buffers);
  });
  model.eval();
  tf.tidy(() => {
    model.predict(batch);
  });
  tf.dispose(gradients.filter((g) => g !== undefined));
  batch.inputs.dispose();
  model.dispose();
}
