// Resuming a run, also one that was killed: the same numbers, and what is refused, skipped or reported.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { ones } from '../../src/nn/initializers';
import { Random } from '../../src/random';
import type { TrainHook } from '../../src/training/hooks/hook';
import type { TrainResult } from '../../src/training/train';
import { TinyDetector, tinyDetector, tinyLoader, weightsOf, withoutTimes } from './tiny-detector';
import { trainTiny as run, type TinyRun, tinyOptimWrapper } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

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

test('another seed, another dataset and another model are refused by name', async () => {
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

test('another model is refused by the names of its tensors', async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 1 });
  class Wider extends TinyDetector {
    readonly more = this.addParameter('head.more', [2], ones);
  }
  const detector = new Wider();
  await expect(run({ workDir, resume: true, detector })).rejects.toThrow(/it holds another model.*head.more/);
});

test('a damaged checkpoint is skipped and named; without any, the run starts from the beginning', async () => {
  const workDir = freshDir();
  const whole = await run({ workDir });
  truncateSync(join(workDir, 'checkpoints/epoch_3/model.safetensors'), 20);
  const lines: string[] = [];
  const { detector, result } = await run({ workDir, resume: true, log: (line) => void lines.push(line) });
  expect(lines[1]).toMatch(/^skipped: Cannot read the checkpoint .*epoch_3/);
  expect(lines[2]).toMatch(/^resumed from .*epoch_2: epoch 2, iteration 0$/);
  expect(result.step).toBe(15);
  expect(weightsOf(detector)).toEqual(weightsOf(whole.detector));
  lines.length = 0;
  await run({ workDir: freshDir(), epochs: 1, resume: true, log: (line) => void lines.push(line) });
  expect(lines[1]).toMatch(/^no checkpoint in .*checkpoints: starting from the beginning$/);
});

test('hooks go on from their states, two of a name apart; a state without a hook is reported', async () => {
  const workDir = freshDir();
  const counting = (name: string, by: number): TrainHook & { sum: number } => ({
    name,
    priority: 50,
    sum: 0,
    afterTrainIter() {
      this.sum += by;
    },
    state() {
      return { sum: this.sum };
    },
    restore(state) {
      this.sum = (state as { sum: number }).sum;
    },
  });
  await run({ workDir, epochs: 1, hooks: [counting('Sum', 1), counting('Sum', 10), counting('Other', 100)] });
  const hooks = [counting('Sum', 1), counting('Sum', 10)];
  const lines: string[] = [];
  await run({ workDir, epochs: 2, resume: true, hooks, log: (line) => void lines.push(line) });
  expect(hooks.map(({ sum }) => sum)).toEqual([10, 100]);
  expect(lines).toContain('the state of Other in the checkpoint is not used: this run has no such hook');
});

const folder = mkdtempSync(join(tmpdir(), 'detlab-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the script in `workDir`. It is killed `delay` ms after its `lines`-th training log line. Returns its exit signal. */
async function runProcess(workDir: string, kill?: { lines: number; delay: number }): Promise<NodeJS.Signals | null> {
  const preload = join(__dirname, '../typescript-require.cjs');
  const child: ChildProcess = spawn(process.execPath, ['-r', preload, join(__dirname, 'killed-run.ts'), workDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(`${workDir}.log`, { flags: 'a' });
  child.stderr!.pipe(log, { end: false });
  child.stdout!.pipe(log, { end: false });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  let seen = 0;
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('Epoch(train)').length - 1;
    if (kill && seen < kill.lines && lines >= kill.lines) setTimeout(() => child.kill('SIGKILL'), kill.delay);
    seen = lines;
  });
  const signal = await ended;
  log.end();
  return signal;
}

const numbers = (workDir: string) => JSON.parse(readFileSync(join(workDir, 'numbers.json'), 'utf8'));

test('a run killed again and again ends with the numbers of an uninterrupted one', async () => {
  const whole = join(folder, 'whole');
  // both at once: each waits most of the time
  const undisturbed = runProcess(whole);
  const killed = join(folder, 'killed');
  const random = Random.seeded(20);
  let kills = 0;
  for (let attempt = 0; attempt < 4; attempt++) {
    const at = { lines: 2 + random.integer(3), delay: random.uniform(0, 60) };
    if ((await runProcess(killed, at)) === 'SIGKILL') kills++;
    if (existsSync(join(killed, 'numbers.json'))) break;
  }
  if (!existsSync(join(killed, 'numbers.json'))) await runProcess(killed);
  expect(kills).toBeGreaterThan(1);
  expect(await undisturbed).toBe(null);
  expect(numbers(whole).evaluations).toHaveLength(6);
  expect(readFileSync(`${killed}.log`, 'utf8')).toMatch(/resumed from .*(epoch|iter)_\d+/);
  expect(numbers(killed)).toEqual(numbers(whole));
  const lines = (workDir: string) =>
    readFileSync(join(workDir, 'scalars.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).step);
  expect(lines(killed)).toEqual(lines(whole));
});

/** The learning rate of every iteration from the `first` on, from 1. */
const ratesFrom = ({ history }: TrainResult, first: number) =>
  history.train.filter(({ step }) => step >= first).map(({ step, lr }) => [step, lr]);

const counted = (batches: number) => ({ ...tinyLoader(batches), images: 10 });
const decays = (...milestones: number[]) => [{ type: 'MultiStepLR', milestones, by_epoch: true }];
const cosine = (T_max: number) => [{ type: 'CosineAnnealingLR', T_max, by_epoch: false }];
const withRate = (lr: number) => ({ ...tinyOptimWrapper, optimizer: { ...tinyOptimWrapper.optimizer, lr } });

test.each<[string, TinyRun, TinyRun, number]>([
  ['more epochs, decays', { epochs: 3, paramScheduler: decays(1, 2) }, { epochs: 6, paramScheduler: decays(4, 5) }, 16],
  ['more epochs, a cosine', { epochs: 3, paramScheduler: cosine(15) }, { epochs: 5, paramScheduler: cosine(25) }, 16],
  ['fewer epochs', { epochs: 2, paramScheduler: cosine(10) }, { epochs: 3, paramScheduler: cosine(15) }, 11],
  ['another rate', { epochs: 2 }, { epochs: 3, optimWrapper: withRate(0.01) }, 11],
  ['another rule', { epochs: 2 }, { epochs: 3, paramScheduler: cosine(15) }, 11],
  ['larger batches', { epochs: 2, loader: counted(5) }, { epochs: 4, loader: counted(3) }, 7],
  ['smaller batches', { epochs: 2, loader: counted(5) }, { epochs: 3, loader: counted(10) }, 21],
  ['more iterations', { iterations: 7 }, { iterations: 14 }, 8],
])('taken up with %s, a run has the rates of a new run of that plan', async (_, before, after, first) => {
  const fresh = await run({ ...after, logInterval: 1 });
  const workDir = freshDir();
  await run({ ...before, workDir });
  const lines: string[] = [];
  const { result } = await run({
    ...after,
    workDir,
    resume: true,
    logInterval: 1,
    log: (line) => void lines.push(line),
  });
  expect(ratesFrom(result, first)).toEqual(ratesFrom(fresh.result, first));
  expect(ratesFrom(result, first).length).toBeGreaterThan(3);
  expect(result.step).toBe(fresh.result.step);
  const steps = result.history.train.map(({ step }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
});

test('another learning rate and another batch are reported, the same ones are not', async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 1, loader: counted(5), paramScheduler: [] });
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const shared = { workDir, resume: true, paramScheduler: [], log };
  await run({ ...shared, epochs: 2, loader: counted(5) });
  expect(lines.filter((line) => /from here on/.test(line))).toEqual([]);
  await run({ ...shared, epochs: 3, loader: counted(10), optimWrapper: withRate(0.01) });
  expect(lines).toContain('an epoch has 10 batches from here on, before 5');
  expect(lines).toContain('learning rate 0.01 from here on, by the schedule of this run (0.05 in the checkpoint)');
});

test('other images are refused', async () => {
  const workDir = freshDir();
  await run({ workDir, epochs: 1, loader: counted(5) });
  const loader = { ...tinyLoader(4), images: 8 };
  await expect(run({ workDir, resume: true, loader })).rejects.toThrow(
    /its number of training images is 10, this run's is 8/,
  );
});
