import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readWeights } from '../../../src/checkpoints';
import { startEngine } from '../../../src/engine';
import type { CheckpointHook, CheckpointOptions } from '../../../src/training/hooks/checkpoint-hook';
import { registry } from '../registry';
import { weightsOf } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

async function saved(checkpoint: CheckpointOptions, options: TinyRun = {}): Promise<string[]> {
  const workDir = freshDir();
  await trainTiny({ workDir, checkpoint, ...options });
  return readdirSync(join(workDir, 'checkpoints')).filter((name) => name !== 'last_checkpoint');
}

describe('checkpoints are written', () => {
  test.each<[string, CheckpointOptions, string[]]>([
    ['after every epoch', {}, ['epoch_1', 'epoch_2', 'epoch_3']],
    ['after every second epoch, and the last', { interval: 2 }, ['epoch_2', 'epoch_3']],
    ['inside epochs too', { interval: 3, everyIterations: 4 }, ['epoch_3', 'iter_12', 'iter_4', 'iter_8']],
    // the iteration that is due ends an epoch
    ['at the end of epochs by iterations', { interval: 3, everyIterations: 5 }, ['epoch_1', 'epoch_2', 'epoch_3']],
    ['and the newest kept', { maxKeep: 2 }, ['epoch_2', 'epoch_3']],
  ])('%s', async (_, options, expected) => {
    expect((await saved(options)).sort()).toEqual(expected);
  });

  test('once more where a run is interrupted, and not twice for one step', async () => {
    for (const [at, expected] of [
      [7, ['epoch_1', 'iter_7']],
      [10, ['epoch_1', 'epoch_2']],
    ] as const) {
      const stop = new AbortController();
      const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === at && stop.abort()) };
      expect((await saved({}, { signal: stop.signal, callbacks })).sort()).toEqual(expected);
    }
  });
});

test('the best model is the first with the largest metric', async () => {
  const values = [0.3, 0.5, 0.5];
  const workDir = freshDir();
  const saves: string[] = [];
  await trainTiny({
    workDir,
    checkpoint: { saveBest: 'AP' },
    evaluate: async ({ epoch }) => ({ AP: values[epoch - 1] }),
    callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
  });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'best', 'epoch_3']);
  expect(JSON.parse(readFileSync(join(workDir, 'checkpoints/best/state.json'), 'utf8')).epoch).toBe(2);
});

test('by rule, the best is the smallest, and a metric that no evaluation has is an error', async () => {
  const values = [0.5, 0.3, 0.3];
  const saves: string[] = [];
  const run = (checkpoint: CheckpointOptions) =>
    trainTiny({
      workDir: freshDir(),
      checkpoint,
      evaluate: async ({ epoch }) => ({ error: values[epoch - 1] }),
      callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
    });
  await run({ saveBest: 'error', rule: 'less' });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'best', 'epoch_3']);
  saves.length = 0;
  await run({ saveBest: 'auto' });
  expect(saves).toEqual(['epoch_1', 'best', 'epoch_2', 'epoch_3']);
  await expect(run({ saveBest: 'eror', rule: 'less' })).rejects.toThrow(
    /no such metric. Did you mean "error"\? It has error$/,
  );
  await expect(run({ saveBest: 'error' })).rejects.toThrow(/does not say which values are better. Pass rule/);
});

test('save_begin and save_last decide which epochs are saved', async () => {
  const saved = async (checkpoint: CheckpointOptions) => {
    const saves: string[] = [];
    await trainTiny({
      workDir: freshDir(),
      checkpoint: { maxKeep: -1, ...checkpoint },
      callbacks: { onCheckpoint: (directory) => void saves.push(directory.slice(directory.lastIndexOf('/') + 1)) },
    });
    return saves;
  };
  expect(await saved({ saveBegin: 2 })).toEqual(['epoch_2', 'epoch_3']);
  expect(await saved({ interval: 2 })).toEqual(['epoch_2', 'epoch_3']);
  expect(await saved({ interval: 2, saveLast: false })).toEqual(['epoch_2']);
  const never = Number.POSITIVE_INFINITY; // mmengine's -1
  expect(await saved({ interval: never, saveBegin: 2, saveLast: false })).toEqual([]);
});

test.each<[object, CheckpointOptions]>([
  [{}, { interval: 1, maxKeep: 1 }],
  [
    { interval: 3, max_keep_ckpts: -1, save_best: 'auto' },
    { interval: 3, maxKeep: -1, saveBest: 'auto' },
  ],
  [
    { interval: 500, by_epoch: false },
    { interval: Number.POSITIVE_INFINITY, everyIterations: 500, maxKeep: 1 },
  ],
  [
    { interval: -1, save_last: false },
    { interval: Number.POSITIVE_INFINITY, maxKeep: 1, saveLast: false },
  ],
  [{ save_begin: 4 }, { interval: 1, maxKeep: 1, saveBegin: 4 }],
  [
    { save_best: 'coco/loss', rule: 'less' },
    { interval: 1, maxKeep: 1, saveBest: 'coco/loss', rule: 'less' },
  ],
  [
    { save_best: 'coco/loss', less_keys: 'loss' },
    { interval: 1, maxKeep: 1, saveBest: 'coco/loss', keys: { less: ['loss'] } },
  ],
  [
    { save_best: ['pascal_voc/mAP', 'FID'], rule: ['greater', 'less'] },
    { interval: 1, maxKeep: 1, saveBest: ['pascal_voc/mAP', 'FID'], rule: ['greater', 'less'] },
  ],
  [
    { save_optimizer: false, save_param_scheduler: false, out_dir: '/elsewhere' },
    { interval: 1, maxKeep: 1, saveOptimizer: false, saveSchedule: false, outDir: '/elsewhere' },
  ],
  [
    { filename_tmpl: 'model_{}.pth', published_keys: 'state_dict' },
    { interval: 1, maxKeep: 1, nameTemplate: 'model_{}.pth', publish: ['state_dict'] },
  ],
])('a config sets its options: %j', (config, expected) => {
  const hook = registry.build('hook', { type: 'CheckpointHook', ...config }, { path: 'default_hooks.checkpoint' });
  expect((hook as CheckpointHook).options).toEqual(expected);
});

test.each<[object, RegExp]>([
  [{ save_best: 'FID' }, /rule: the name of the metric does not say which values are better/],
  [{ save_best: ['auto', 'coco/bbox_mAP'] }, /save_best: expected 'auto' alone/],
  [{ save_best: ['a/mAP', 'a/mAP'] }, /save_best: expected 'auto' alone, and each metric once/],
  [{ save_best: ['a/mAP', 'b/mAP', 'c/mAP'], rule: ['less', 'less'] }, /rule: expected one rule, or one for each/],
  [{ filename_tmpl: 'model.pth' }, /filename_tmpl: expected a name with one \{\} for the number/],
  [{ filename_tmpl: '../{}' }, /filename_tmpl: expected a name/],
  [{ published_keys: ['state_dict', 'optimizer'] }, /published_keys.*: expected "state_dict" or "meta"/],
])('what it cannot do is refused: %j', (config, message) => {
  expect(() => registry.build('hook', { type: 'CheckpointHook', ...config }, { path: 'checkpoint' })).toThrow(message);
});

/** By mmengine 0.10.7: CheckpointHook(save_best=name, ...).rules, null where it cannot tell. */
const RULES: [object, Record<string, 'greater' | 'less' | null>][] = [
  [{}, { 'coco/bbox_mAP': 'greater', 'val/loss': 'less', 'AR@100': 'greater', FID: null, bbox_mAP_loss: 'greater' }],
  [{ greater_keys: ['loss'] }, { 'coco/bbox_mAP': null, 'val/loss': 'greater', bbox_mAP_loss: 'greater' }],
  [{ less_keys: ['map'] }, { 'coco/bbox_mAP': 'greater', 'val/loss': null, 'AR@100': 'greater' }],
  [
    { greater_keys: 'FID', less_keys: ['IS'] },
    { FID: 'greater', IS: 'less', 'val/loss': null },
  ],
];
test.each(RULES)("which values are better is mmengine's answer: %j", (keys, rules) => {
  for (const [save_best, expected] of Object.entries(rules)) {
    const build = () =>
      registry.build('hook', { type: 'CheckpointHook', save_best, ...keys }, { path: 'checkpoint' }) as CheckpointHook;
    if (expected === null) expect(build, save_best).toThrow(/does not say/);
    else expect(build().firstBest, save_best).toMatchObject({ metric: save_best, rule: expected });
  }
});

describe('with options of mmengine', () => {
  const values = { 'coco/bbox_mAP': [0.3, 0.5, 0.4], 'val/loss': [2, 1.5, 1] };
  const evaluate = async ({ epoch }: { epoch: number }) =>
    Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list[epoch - 1]]));
  const epochOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).epoch;

  test('several metrics have a best model each, and the first is that of the run', async () => {
    const workDir = freshDir();
    const saveBest = ['coco/bbox_mAP', 'val/loss'];
    const { result } = await trainTiny({ workDir, checkpoint: { saveBest, maxKeep: 1 }, evaluate });
    const root = join(workDir, 'checkpoints');
    expect(readdirSync(root).sort()).toEqual(['best_coco_bbox_mAP', 'best_val_loss', 'epoch_3', 'last_checkpoint']);
    expect(epochOf(join(root, 'best_coco_bbox_mAP'))).toBe(2);
    expect(epochOf(join(root, 'best_val_loss'))).toBe(3);
    expect(result.best).toEqual({ metric: 'coco/bbox_mAP', value: 0.5, epoch: 2 });
  });

  test('names by a template are kept, counted and resumed from; a stop inside an epoch has the usual name', async () => {
    const workDir = freshDir();
    const checkpoint = { nameTemplate: 'model_{}.pth', maxKeep: 2 };
    const stop = new AbortController();
    const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === 12 && stop.abort()) };
    await trainTiny({ workDir, checkpoint, epochs: 4, signal: stop.signal, callbacks });
    expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['iter_12', 'last_checkpoint', 'model_2']);
    const whole = await trainTiny({ epochs: 4 });
    const resumed = await trainTiny({ workDir, checkpoint, epochs: 4, resume: true });
    expect(weightsOf(resumed.detector)).toEqual(weightsOf(whole.detector));
    expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['last_checkpoint', 'model_3', 'model_4']);
    rmSync(join(workDir, 'checkpoints/last_checkpoint'));
    const lines: string[] = [];
    await trainTiny({ workDir, checkpoint, epochs: 4, resume: true, log: (line) => void lines.push(line) });
    expect(lines).toContainEqual(expect.stringMatching(/^resumed from .*model_4: epoch 4/));
  });

  test('without the schedule a run goes on with its rates; without the optimizer its momentum starts anew, which is said', async () => {
    const whole = await trainTiny({ epochs: 4 });
    const rates = ({ history }: typeof whole.result) => history.train.map(({ step, lr }) => [step, lr]);
    for (const checkpoint of [{ saveSchedule: false }, { saveOptimizer: false }]) {
      const workDir = freshDir();
      const stop = new AbortController();
      const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === 7 && stop.abort()) };
      await trainTiny({ workDir, checkpoint, epochs: 4, signal: stop.signal, callbacks });
      const lines: string[] = [];
      const log = (line: string) => void lines.push(line);
      const { detector, result } = await trainTiny({ workDir, checkpoint, epochs: 4, resume: true, log });
      expect(rates(result)).toEqual(rates(whole.result));
      const isSame = JSON.stringify(weightsOf(detector)) === JSON.stringify(weightsOf(whole.detector));
      expect(isSame).toBe(!('saveOptimizer' in checkpoint));
      expect(lines.some((line) => /without the optimizer .* momentum starts anew/.test(line))).toBe(!isSame);
    }
  });

  test('out_dir has the checkpoints, the folder of the run a link to them, and a new run puts them aside', async () => {
    const [workDir, outDir] = [freshDir(), freshDir()];
    const place = join(outDir, basename(workDir));
    for (const resume of [false, true, false]) {
      const lines: string[] = [];
      await trainTiny({ workDir, checkpoint: { outDir, maxKeep: 1 }, resume, log: (line) => void lines.push(line) });
      expect(readdirSync(place).sort()).toEqual(['epoch_3', 'last_checkpoint']);
      expect(realpathSync(join(workDir, 'checkpoints'))).toBe(realpathSync(place));
      expect(lines.some((line) => line.startsWith('resumed from'))).toBe(resume);
    }
    expect(readdirSync(outDir).sort()).toEqual([basename(workDir), `${basename(workDir)}-previous`]);
    const other = { outDir: freshDir() };
    await expect(trainTiny({ workDir, checkpoint: other, resume: true })).rejects.toThrow(
      /Cannot resume: the checkpoints of this run are in ".*", and out_dir asks for/,
    );
    // and back again
    await trainTiny({ workDir, checkpoint: { maxKeep: 1 } });
    expect(lstatSync(join(workDir, 'checkpoints')).isSymbolicLink()).toBe(false);
    expect(readdirSync(place)).toContain('epoch_3');
  });

  test('published weights are named by the hash of their file, and are those of the last and the best', async () => {
    const workDir = freshDir();
    const meta = { classes: ['a', 'b'], config: {} };
    const { detector } = await trainTiny({
      workDir,
      meta,
      checkpoint: { saveBest: 'coco/bbox_mAP', publish: ['state_dict', 'meta'] },
      evaluate,
    });
    const files = readdirSync(join(workDir, 'checkpoints')).filter((name) => name.endsWith('.pth'));
    expect(files.map((name) => name.replace(/-[0-9a-f]{8}\.pth$/, '')).sort()).toEqual(['best', 'epoch_3']);
    for (const name of files) {
      const file = join(workDir, 'checkpoints', name);
      const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
      expect(name).toContain(`-${hash.slice(0, 8)}.pth`);
      const { tensors, detlab } = readWeights(file);
      expect(JSON.parse(detlab ?? '')).toEqual(meta);
      if (name.startsWith('epoch_3')) expect([...tensors.keys()]).toEqual(Object.keys(weightsOf(detector)));
    }
  });
});
