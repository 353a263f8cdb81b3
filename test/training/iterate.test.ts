import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { startEngine } from '../../src/engine';
import { joinGroup } from '../../src/engine/torch/process-group';
import { checkpointInWriting } from '../../src/training/checkpoint-writer';
import { LeftRanks, Ranks } from '../../src/training/ranks/ranks';
import { urgentSignal } from '../urgent-signal';
import { tinyDetector, weightsOf, withoutTimes } from './tiny-detector';
import { trainTiny as run, tinyOptimWrapper } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();

beforeAll(async () => void (await startEngine()));

test('a loss that is not finite stops with its name, the images and the learning rate; the weights stay finite', async () => {
  const detector = tinyDetector();
  detector.poisonFrom = 7;
  await expect(run({ detector })).rejects.toThrow(
    /loss_bbox is NaN at epoch 2, iteration 2, learning rate 0\.05\d*, images "image-1-0.jpg", "image-1-1.jpg"/,
  );
  expect(weightsOf(detector)['conv.weight'].every(Number.isFinite)).toBe(true);
});

test('an iteration that Stop does not wait for is left and done again by the run that goes on, which ends bit-equal', async () => {
  const whole = await run();
  const workDir = freshDir();
  const { signal, hurry } = urgentSignal();
  const detector = tinyDetector();
  const loss = detector.loss.bind(detector);
  // the seventh iteration is a long one, after another long one
  vi.spyOn(detector, 'loss').mockImplementation((...args) => {
    const losses = loss(...args);
    if (detector.calls === 6) for (const end = performance.now() + 350; performance.now() < end; );
    if (detector.calls === 7) hurry();
    return losses;
  });
  const lines: string[] = [];
  const { result } = await run({ detector, workDir, signal, log: (line) => void lines.push(line) });
  expect(result).toMatchObject({ interrupted: true, epoch: 1, step: 6 });
  expect(weightsOf(detector)['bn.num_batches_tracked']).toEqual([6]);
  const checkpoint = join(workDir, 'checkpoints', 'iter_6');
  await checkpointInWriting(dirname(checkpoint)); // a busy disk is not waited for by Stop
  expect(existsSync(checkpoint)).toBe(true);
  expect(existsSync(join(workDir, '.training'))).toBe(false);
  expect(lines.filter((line) => !line.includes('still being written')).at(-1)).toBe(
    `stopped in epoch 2 of 3, after 1 of its 5 iterations; kept: run.model and ${checkpoint}; ` +
      'go on with fit(..., { resume: true }), on the command line --resume',
  );
  const resumed = await run({ workDir, resume: true });
  expect(weightsOf(resumed.detector)).toEqual(weightsOf(whole.detector));
  expect(withoutTimes(resumed.result.history.train)).toEqual(withoutTimes(whole.result.history.train));
});

test('short iterations end before they are left', async () => {
  const { signal, hurry } = urgentSignal();
  const { result } = await run({ signal, callbacks: { onStep: ({ step }) => void (step === 4 && hurry()) } });
  expect(result).toMatchObject({ interrupted: true, step: 4 });
});

/** The only rank of a group of its own. */
async function aloneInGroup(signal?: AbortSignal): Promise<Ranks> {
  const folder = freshDir();
  mkdirSync(folder, { recursive: true });
  const meeting = { file: join(folder, 'meeting') };
  return new Ranks(await joinGroup({ rank: 0, size: 1, meeting, timeout: 20 }), signal);
}

/** Ranks whose exchange of that name fails at a call, as after Stop while the others do not answer. */
function leavesAt(ranks: Ranks, exchange: 'means' | 'meanGradients', call: number): void {
  const answer = ranks[exchange].bind(ranks) as (...given: unknown[]) => Promise<never>;
  let calls = 0;
  vi.spyOn(ranks, exchange).mockImplementation((...given: unknown[]) => {
    if (++calls < call) return answer(...given);
    ranks.leave();
    return Promise.reject(new LeftRanks('the other processes have not answered in time'));
  });
}

test('Stop, while the other processes do not answer, leaves the last whole iteration: the run goes on from it bit-equal', async () => {
  const whole = await run();
  for (const exchange of ['means', 'meanGradients'] as const) {
    const workDir = freshDir();
    const ranks = await aloneInGroup();
    leavesAt(ranks, exchange, 3);
    const { detector, result } = await run({ workDir, ranks });
    ranks.close(true);
    expect(result).toMatchObject({ interrupted: true, step: 2 });
    expect(weightsOf(detector)['bn.num_batches_tracked']).toEqual([2]);
    await checkpointInWriting(join(workDir, 'checkpoints'));
    expect(existsSync(join(workDir, 'checkpoints', 'iter_2'))).toBe(true);
    const resumed = await run({ workDir, resume: true });
    expect(weightsOf(resumed.detector)).toEqual(weightsOf(whole.detector));
  }
});

test('an accumulation that cannot be exchanged any more is named in the log, also at its last iteration', async () => {
  const workDir = freshDir();
  const ranks = await aloneInGroup();
  leavesAt(ranks, 'meanGradients', 1);
  const lines: string[] = [];
  const optimWrapper = { ...tinyOptimWrapper, accumulative_counts: 3 };
  const { result } = await run({ workDir, ranks, optimWrapper, log: (line) => void lines.push(line) });
  ranks.close(true);
  expect(result).toMatchObject({ interrupted: true, step: 2 });
  expect(lines.join()).toContain('the gradients accumulated since the last step are not in the checkpoint');
});

test('a process that has left an iteration exchanges nothing more with the others', async () => {
  const { signal, hurry } = urgentSignal();
  const ranks = await aloneInGroup(signal);
  const sum = vi.spyOn(ranks.group, 'sum');
  const detector = tinyDetector();
  const loss = detector.loss.bind(detector);
  let before = 0;
  vi.spyOn(detector, 'loss').mockImplementation((...args) => {
    const losses = loss(...args);
    before = sum.mock.calls.length;
    hurry();
    return losses;
  });
  const { result } = await run({ detector, ranks });
  ranks.close(true);
  expect(ranks.hasLeft).toBe(true);
  expect(result).toMatchObject({ interrupted: true });
  expect(sum.mock.calls.length).toBe(before);
});
