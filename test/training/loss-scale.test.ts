import { beforeAll, expect, test, vi } from 'vitest';
import { engine, type Precision, startEngine } from '../../src/engine';
import { readCheckpoint } from '../../src/training/checkpoint';
import { LossScale } from '../../src/training/loss-scale';
import { weightsOf } from './tiny-detector';
import { tinyOptimWrapper, trainTiny } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

// whether the steps are good, and the scale after each: torch._amp_update_scale_ of torch 2.x with these factors
test.each<[ConstructorParameters<typeof LossScale>[0], string, number[]]>([
  [{ init_scale: 8, growth_interval: 2 }, '++++-+++-', [8, 16, 16, 32, 16, 16, 32, 32, 16]],
  [
    { init_scale: 4, growth_interval: 3, growth_factor: 3, backoff_factor: 0.25 },
    '+++-++-+++',
    [4, 4, 12, 3, 3, 3, 0.75, 0.75, 0.75, 2.25],
  ],
  [128, '+-+', [128, 128, 128]],
  [{ enabled: false }, '+-', [1, 1]],
  ['dynamic', '--+', [32768, 16384, 16384]],
])('%j', (options, steps, expected) => {
  const scale = new LossScale(options);
  const found = [...steps].map((step) => {
    scale.update(step === '+');
    return scale.value;
  });
  expect(found).toEqual(expected);
});

test('a run in float16 goes on with its scale, and with its own where that is a constant', async () => {
  // processors do not compute in it: here float32 stands for it, and the scale is what is tested
  if (!engine().precisions.includes('float16')) (engine().precisions as Precision[]).push('float16');
  vi.spyOn(engine(), 'autocast').mockImplementation((_, f) => f());
  const amp = { ...tinyOptimWrapper, type: 'AmpOptimWrapper', dtype: 'float16' };
  const optimWrapper = { ...amp, loss_scale: { init_scale: 64, growth_interval: 4 } };
  const whole = await trainTiny({ optimWrapper });
  const workDir = freshDir();
  const stop = new AbortController();
  const callbacks = { onStep: ({ step }: { step: number }) => void (step === 6 && stop.abort()) };
  const first = await trainTiny({ optimWrapper, workDir, signal: stop.signal, callbacks });
  expect(readCheckpoint(first.result.checkpoint!).state.optimizer).toEqual({ inner: 6, scale: [128, 2] });
  const second = await trainTiny({ optimWrapper, workDir, resume: true });
  expect(weightsOf(second.detector)).toEqual(weightsOf(whole.detector));
  expect(readCheckpoint(second.result.checkpoint!).state.optimizer.scale).toEqual([512, 3]);
  const constant = await trainTiny({ optimWrapper: { ...amp, loss_scale: 32 }, workDir, epochs: 4, resume: true });
  expect(readCheckpoint(constant.result.checkpoint!).state.optimizer.scale).toEqual([32, 0]);
  const misspelt = { ...amp, loss_scale: { init_scal: 64 } };
  await expect(trainTiny({ optimWrapper: misspelt })).rejects.toThrow(/loss_scale/);
});
