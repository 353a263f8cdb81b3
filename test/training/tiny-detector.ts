// A detector of 60 numbers and a loader of made-up images: enough for the loop, its checkpoints and its resume to be
// tested in seconds. It has what a real one has: a filter, running statistics, random sampling, a frozen part.

import * as tf from '@tensorflow/tfjs';
import type { PackedSample } from '../../src/data/types';
import type { DetBatch, Detector, LossContext, Losses } from '../../src/models/types';
import { kaiming, ones, zeros } from '../../src/nn/initializers';
import { Module } from '../../src/nn/module';
import { Random } from '../../src/random';
import type { TrainLoader } from '../../src/training/train-run';

export class TinyDetector extends Module implements Detector {
  readonly numClasses = 2;
  private readonly filter = this.addParameter('conv.weight', [3, 3, 3, 2], kaiming(), { kind: 'conv' });
  private readonly scale = this.addParameter('head.scale', [2], ones);
  readonly unused = this.addParameter('head.unused', [2], ones);
  private readonly mean = this.addBuffer('bn.running_mean', [2], zeros);
  private readonly batches = this.addBuffer('bn.num_batches_tracked', [], () => Int32Array.of(0), 'int32');
  /** Set by a test: the loss from this call on is NaN. */
  poisonFrom = Number.POSITIVE_INFINITY;
  calls = 0;

  preprocess(samples: PackedSample[]): DetBatch {
    const inputs = tf.tidy(() =>
      tf.stack(samples.map((s) => tf.tensor3d(Float32Array.from(s.image.data), [8, 8, 3]).div(255))),
    ) as tf.Tensor4D;
    return { inputs, samples, batchShape: [8, 8] };
  }

  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    return [tf.conv2d(inputs, this.filter.variable as tf.Tensor4D, 1, 'valid')];
  }

  loss(batch: DetBatch, { random }: LossContext): Losses {
    if (!this.training) throw new Error('loss was asked for in evaluation mode');
    const [features] = this.extractFeatures(batch.inputs);
    const means = tf.mean(features, [0, 1, 2]);
    tf.tidy(() => {
      const old: tf.Tensor = this.mean.variable;
      this.mean.variable.assign(tf.add(tf.mul(old, 0.9), tf.mul(means, 0.1)));
      this.batches.variable.assign(tf.add(this.batches.variable, tf.scalar(1, 'int32')));
    });
    // a random share of the positions, as a sampler takes
    const mask = tf.tensor1d(Float32Array.from({ length: 36 }, () => (random.uniform() < 0.5 ? 1 : 0)));
    const rows = features.reshape([-1, 36, 2]).mul(mask.reshape([1, 36, 1]));
    const lossCls = tf.mean<tf.Scalar>(tf.square(tf.sub(tf.mul(rows, this.scale.variable), 0.3)));
    const poison = ++this.calls >= this.poisonFrom ? Number.NaN : 0;
    const lossBox = [tf.mean<tf.Scalar>(tf.abs(features)), tf.scalar(poison)];
    return { loss_cls: lossCls, acc: tf.scalar(50), loss_bbox: lossBox };
  }

  forward({ inputs }: DetBatch): tf.Tensor4D[] {
    return this.extractFeatures(inputs);
  }

  get backbone(): never {
    throw new Error('not asked for');
  }

  predict(): never {
    throw new Error('not asked for');
  }
}

export function tinyDetector(seed = 1): TinyDetector {
  const detector = new TinyDetector();
  detector.initWeights(Random.seeded(seed));
  detector.freeze('head.unused');
  return detector;
}

/** Batches that depend on (epoch, index) alone. */
export function tinyLoader(length = 5): TrainLoader {
  return {
    length,
    async *epoch(epoch, { start, signal }) {
      for (let i = start; i < length; i++) {
        if (signal?.aborted) return;
        yield [0, 1].map((k): PackedSample => {
          const random = Random.seeded(1000 * epoch + 10 * i + k);
          const data = Uint8Array.from({ length: 192 }, () => random.integer(256));
          return {
            image: { data, width: 8, height: 8, order: 'bgr' },
            meta: {
              imgId: i,
              imgPath: `image-${i}-${k}.jpg`,
              oriShape: [8, 8],
              imgShape: [8, 8],
              scaleFactor: [1, 1],
              flip: false,
            },
            truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
          };
        });
      }
    },
  };
}

/** Weights and momentum-free numbers of a finished run, to compare two runs bit by bit. */
export const weightsOf = (detector: Module): Record<string, number[]> =>
  Object.fromEntries([...detector.stateDict()].map(([name, t]) => [name, [...t.data]]));

/** Log records without the times and memory. */
export const withoutTimes = (records: Record<string, number>[]) =>
  records.map(({ time, data_time, memory, ...rest }) => rest);
