// The teacher after each step against the formula of MMDetection's hook, and detectors that it cannot be used with.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { ones, zeros } from '../../../src/nn/initializers';
import { Module } from '../../../src/nn/module';
import { registry } from '../registry';
import { TinyDetector, tinyDetector } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

/** A weight, a running statistic, a counter. */
class Part extends Module {
  readonly weight;
  readonly mean = this.addBuffer('bn.running_mean', [2], zeros);
  readonly count = this.addBuffer('bn.num_batches_tracked', [], () => Int32Array.of(0), 'int32');
  constructor(size: number) {
    super();
    this.weight = this.addParameter('weight', [size], ones);
  }
}
class Pair extends TinyDetector {
  readonly teacher;
  readonly student;
  constructor(teacher = 2, student = 2) {
    super();
    this.teacher = this.addChild('teacher', new Part(teacher));
    this.student = this.addChild('student', new Part(student));
  }
}

const hook = (options: object) =>
  registry.build('hook', { type: 'MeanTeacherHook', ...options }, { path: 'custom_hooks.0' });
const numbers = (part: Part) => [part.weight, part.mean].map(({ variable }) => Array.from(variable.dataSync()));

test.each([
  { momentum: 0.1, interval: 2, skip_buffer: true },
  { momentum: 0.25, interval: 1, skip_buffer: false },
])('%j', async ({ momentum, interval, skip_buffer }) => {
  const detector = new Pair();
  const { teacher, student } = detector;
  const set = (value: number) => {
    for (const { variable } of [student.weight, student.mean]) variable.assign(variable.mul(0).add(value));
  };
  set(3);
  let [weight, mean] = [3, skip_buffer ? 0 : 3];
  const found: number[][][] = [];
  const expected: number[][][] = [];
  await trainTiny({
    detector,
    epochs: 1,
    optimWrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0 } },
    hooks: [hook({ momentum, interval, skip_buffer })],
    callbacks: {
      onStep({ step }) {
        found.push(numbers(teacher));
        if (step % interval === 0) {
          weight += momentum * (student.weight.variable.dataSync()[0] - weight);
          if (!skip_buffer) mean += momentum * (student.mean.variable.dataSync()[0] - mean);
        }
        expected.push([
          [weight, weight],
          [mean, mean],
        ]);
        set(step);
      },
    },
  });
  // callbacks come after the hook of the same step
  for (const [i, row] of expected.entries())
    for (const [k, values] of row.entries())
      for (const [j, value] of values.entries()) expect(found[i][k][j]).toBeCloseTo(value, 5);
  expect(found).toHaveLength(5);
});

test('a detector without a teacher, and two that differ', async () => {
  const train = (detector: TinyDetector) => trainTiny({ detector, epochs: 1, hooks: [hook({})] });
  await expect(train(tinyDetector())).rejects.toThrow(/expected a detector with the parts teacher and student/);
  await expect(train(new Pair(2, 3))).rejects.toThrow(/teacher.weight is \[2\], student.weight \[3\]/);
});
