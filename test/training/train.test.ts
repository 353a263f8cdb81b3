import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engine, startEngine } from '../../src/engine';
import { tinyDetector, tinyLoader, weightsOf, withoutTimes } from './tiny-detector';
import { trainTiny as run, tinyOptimWrapper } from './tiny-run';

const folder = mkdtempSync(join(tmpdir(), 'detlab-loop-'));
let count = 0;
const freshDir = () => join(folder, `run-${count++}`);

beforeAll(async () => void (await startEngine()));
afterAll(() => rmSync(folder, { recursive: true }));

test("a run lowers its loss, leaves frozen parts alone and logs in mmengine's form", async () => {
  const before = weightsOf(tinyDetector());
  const lines: string[] = [];
  const workDir = freshDir();
  const { detector, result } = await run({ workDir, log: (line) => void lines.push(line) });
  const after = weightsOf(detector);
  expect(after['head.unused']).toEqual(before['head.unused']);
  expect(after['conv.weight']).not.toEqual(before['conv.weight']);
  expect(after['bn.num_batches_tracked']).toEqual([15]);
  expect(result).toMatchObject({ interrupted: false, epoch: 3, step: 15 });
  const losses = result.history.train.map((r) => r.loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  for (const r of result.history.train) expect(r.loss).toBeCloseTo(r.loss_cls + r.loss_bbox, 5);

  expect(lines[0]).toBe(`engine: ${engine().description}`);
  expect(lines[1]).toMatch(/^Epoch\(train\) {2}\[1\]\[2\/5\] {2}lr: \S+ {2}eta: 0:00:0\d {2}time: /);
  const golden = readFileSync(join(__dirname, '../golden/log_format_scalars.jsonl'), 'utf8').trim().split('\n');
  const keys = (line: string) =>
    Object.keys(JSON.parse(line)).filter((k) => !/^(grad_norm|memory|loss_rpn.*)$/.test(k));
  const own = readFileSync(join(workDir, 'scalars.jsonl'), 'utf8').trim().split('\n');
  // the detector's parts come in its own order; around them the keys stand as mmengine writes them
  expect(keys(own[0])).toEqual(keys(golden[0]));
  expect(own.map((l) => JSON.parse(l).step)).toEqual([2, 4, 7, 9, 12, 14]);
  expect(readFileSync(join(workDir, 'train.log'), 'utf8').trim().split('\n')).toEqual(lines);
});

test('one seed gives one run, bit by bit; another seed another', async () => {
  const [a, b, c] = [await run(), await run(), await run({ seed: 8 })];
  expect(weightsOf(b.detector)).toEqual(weightsOf(a.detector));
  expect(withoutTimes(b.result.history.train)).toEqual(withoutTimes(a.result.history.train));
  expect(weightsOf(c.detector)).not.toEqual(weightsOf(a.detector));
});

test('losses are averaged over the window, the learning rate is the current one', async () => {
  const losses: number[] = [];
  const { result } = await run({
    logInterval: 5,
    logWindow: 3,
    epochs: 1,
    callbacks: { onStep: (event) => void losses.push(event.scalars.loss) },
  });
  const last = result.history.train.at(-1)!;
  expect(last.loss).toBeCloseTo((losses[2] + losses[3] + losses[4]) / 3, 6);
  expect(last.lr).toBeCloseTo(0.05, 9);
});

test('accumulated gradients step as one large batch', async () => {
  // the same two images in both batches, no randomness in the gradient of loss_bbox: compare the scheduled steps only
  const steps: number[] = [];
  const wrapper = { ...tinyOptimWrapper, accumulative_counts: 2 };
  const before = weightsOf(tinyDetector())['conv.weight'];
  const detector = tinyDetector();
  await run({
    detector,
    optimWrapper: wrapper,
    epochs: 1,
    callbacks: {
      onStep: ({ step }) => void (weightsOf(detector)['conv.weight'].join() !== before.join() && steps.push(step)),
    },
  });
  // first update after iteration 2; the fifth and last iteration closes a half group
  expect(steps).toEqual([2, 3, 4, 5]);
  const weights: string[] = [];
  const other = tinyDetector();
  await run({
    detector: other,
    optimWrapper: wrapper,
    epochs: 1,
    callbacks: { onStep: () => void weights.push(weightsOf(other)['conv.weight'].join()) },
  });
  expect(weights.map((w, i) => w === (weights[i - 1] ?? before.join()))).toEqual([true, false, true, false, false]);
});

test('a loss that is not finite stops with its name, the images and the learning rate; the weights stay finite', async () => {
  const detector = tinyDetector();
  detector.poisonFrom = 7;
  await expect(run({ detector })).rejects.toThrow(
    /loss_bbox is NaN at epoch 2, iteration 2, learning rate 0\.05\d*, images "image-1-0.jpg", "image-1-1.jpg"/,
  );
  expect(weightsOf(detector)['conv.weight'].every(Number.isFinite)).toBe(true);
});

test('an abort ends the run after the iteration in hand and the model stays; resume finishes with the same numbers', async () => {
  const whole = await run({ workDir: freshDir() });
  const workDir = freshDir();
  const controller = new AbortController();
  const first = await run({
    workDir,
    signal: controller.signal,
    callbacks: { onStep: ({ step }) => void (step === 7 && controller.abort()) },
  });
  expect(first.result).toMatchObject({ interrupted: true, epoch: 1, step: 7 });
  expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['epoch_1', 'iter_7', 'last_checkpoint']);
  const second = await run({ workDir, resume: true, detector: tinyDetector(99) });
  expect(second.result).toMatchObject({ interrupted: false, epoch: 3, step: 15 });
  expect(weightsOf(second.detector)).toEqual(weightsOf(whole.detector));
  expect(withoutTimes(second.result.history.train)).toEqual(withoutTimes(whole.result.history.train));
});

test('an abort while the loader hangs ends the run at once', async () => {
  const controller = new AbortController();
  const inner = tinyLoader();
  const loader = {
    length: 5,
    async *epoch(epoch: number, options: { start: number; signal?: AbortSignal }) {
      yield* inner.epoch(epoch, { ...options, start: 4 });
      await new Promise((resolve) => options.signal!.addEventListener('abort', resolve));
    },
  };
  setTimeout(() => controller.abort(), 50);
  const started = performance.now();
  const { result } = await run({ loader, signal: controller.signal });
  expect(result).toMatchObject({ interrupted: true, step: 1 });
  expect(performance.now() - started).toBeLessThan(1000);
});

test('resuming inside an accumulation keeps the gradients gathered so far', async () => {
  const optimWrapper = { ...tinyOptimWrapper, accumulative_counts: 4 };
  const whole = await run({ optimWrapper });
  const workDir = freshDir();
  const controller = new AbortController();
  const callbacks = { onStep: ({ step }: { step: number }) => void (step === 6 && controller.abort()) };
  await run({ optimWrapper, workDir, signal: controller.signal, callbacks });
  const { detector } = await run({ optimWrapper, workDir, resume: true });
  expect(weightsOf(detector)).toEqual(weightsOf(whole.detector));
});

test('evaluations run when due, once each, and the best model is kept', async () => {
  const workDir = freshDir();
  const values = [0.2, 0.5, 0.4];
  const asked: number[] = [];
  const evaluate = async ({ epoch }: { epoch: number }) => {
    asked.push(epoch);
    return { 'coco/bbox_mAP': values[epoch - 1] };
  };
  const checkpoint = { saveBest: 'coco/bbox_mAP', maxKeep: 1 };
  const { result } = await run({ workDir, evaluate, checkpoint });
  expect(asked).toEqual([1, 2, 3]);
  expect(result.best).toEqual({ epoch: 2, value: 0.5 });
  expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['best', 'epoch_3', 'last_checkpoint']);
  const best = JSON.parse(readFileSync(join(workDir, 'checkpoints/best/state.json'), 'utf8'));
  expect(best.epoch).toBe(2);
  // killed between the last checkpoint and its evaluation: the evaluation is made up for, nothing is trained
  const again = await run({ workDir, evaluate, checkpoint, resume: true });
  expect(asked).toEqual([1, 2, 3, 3]);
  expect(again.result.history.evaluations.map((e) => e['coco/bbox_mAP'])).toEqual(values);

  asked.length = 0;
  await run({ evaluate, evaluation: { interval: 2 } });
  expect(asked).toEqual([2, 3]);
});

test('another seed, another data set and another model are refused by name', async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 1 });
  await expect(run({ workDir, resume: true, seed: 8 })).rejects.toThrow(/its seed is 7, this run's is 8/);
  await expect(run({ workDir, resume: true, loader: tinyLoader(4) })).rejects.toThrow(
    /its batchesPerEpoch is 5, this run's is 4/,
  );
  const thawed = tinyDetector();
  thawed.unfreeze('head.unused');
  await expect(run({ workDir, resume: true, detector: thawed })).rejects.toThrow(
    /Only in the model: momentum.head.unused/,
  );
});

test("a fresh start moves an earlier run's checkpoints aside", async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 2 });
  await run({ workDir, epochs: 1 });
  expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['epoch_1', 'last_checkpoint']);
  expect(readdirSync(join(workDir, 'checkpoints-previous')).sort()).toEqual(['epoch_1', 'epoch_2', 'last_checkpoint']);
});

test('mistakes in the optimizer wrapper are named; a frozen model is refused', async () => {
  const optimWrapper = { ...tinyOptimWrapper, clip_grads: { max_norm: 1 } };
  await expect(run({ optimWrapper })).rejects.toThrow(/unknown option "clip_grads". Did you mean "clip_grad"/);
  const frozen = tinyDetector();
  frozen.freeze();
  await expect(run({ detector: frozen })).rejects.toThrow(/every parameter of the model is frozen/);
});

test('a run leaves no tensor behind', async () => {
  const detector = tinyDetector();
  await run({ detector, epochs: 1 });
  const before = tf.memory().numTensors;
  await run({ detector, epochs: 2, workDir: freshDir() });
  expect(tf.memory().numTensors).toBe(before);
});

test('two runs never share a folder; a dead process leaves it free', async () => {
  const workDir = freshDir();
  const controller = new AbortController();
  const callbacks = {
    onStep: () => new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve())),
  };
  const first = run({ workDir, signal: controller.signal, callbacks });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await expect(run({ workDir })).rejects.toThrow(new RegExp(`process ${process.pid} is training there`));
  controller.abort();
  await first;
  writeFileSync(join(workDir, '.training'), '999999999');
  expect((await run({ workDir, epochs: 1 })).result.interrupted).toBe(false);
});
