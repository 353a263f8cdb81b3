// Hooks that a cell passes to `fit`: called at every point in order, checked by name, and never the end of a run.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IterationEvent, type LabDataset, type RunHook, startEngine } from '../../src';
import { checkHooks, POINTS } from '../../src/lab/run-hooks';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-hooks-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = (await scenes(folder)).take(4);
});
afterAll(() => rmSync(folder, { recursive: true }));

const options = { ...quick, batch: 2, workers: 0, seed: 1, watch: false } as const;
const lossesOf = ({ history }: { history: { train: Record<string, number>[] } }) =>
  history.train.map(({ loss }) => loss);

describe('in a run', () => {
  test('every point is called in order, with the place, the numbers and the model of the moment', async () => {
    const calls: string[] = [];
    const iterations: IterationEvent[] = [];
    const note = (point: string) => (event: { epoch: number; iteration: number; step: number }) =>
      void calls.push(`${point} ${event.epoch} ${event.iteration} ${event.step}`);
    const everything: RunHook = {
      beforeRun: note('beforeRun'),
      beforeEpoch: note('beforeEpoch'),
      beforeIteration: note('beforeIteration'),
      async afterIteration(event) {
        await Promise.resolve();
        iterations.push(event);
        note('afterIteration')(event);
      },
      afterEpoch: note('afterEpoch'),
      beforeValidation: note('beforeValidation'),
      afterValidation({ metrics, ...event }) {
        metrics['mine/answer'] = 42;
        note('afterValidation')(event);
      },
      afterRun: ({ ended, ...event }) => note(`afterRun ${ended}`)(event),
    };
    const run = await small().fit(data, { ...options, logInterval: 1, hooks: [everything] });
    const epoch = (n: number) => [
      `beforeEpoch ${n} 0 ${2 * n - 2}`,
      `beforeIteration ${n} 0 ${2 * n - 2}`,
      `afterIteration ${n} 1 ${2 * n - 1}`,
      `beforeIteration ${n} 1 ${2 * n - 1}`,
      `afterIteration ${n} 2 ${2 * n}`,
      `afterEpoch ${n} 2 ${2 * n}`,
      `beforeValidation ${n} 2 ${2 * n}`,
      `afterValidation ${n} 2 ${2 * n}`,
    ];
    expect(calls).toEqual(['beforeRun 1 0 0', ...epoch(1), ...epoch(2), 'afterRun finished 3 0 4']);
    expect(iterations[0]).toMatchObject({ unit: 'epoch', maxEpochs: 2, maxSteps: 4, batchesPerEpoch: 2 });
    expect(iterations[0].images).toHaveLength(2);
    expect(iterations[0].model).toBe(run.model);
    expect(iterations.every(({ time, losses }) => time > 0 && losses.loss > 0 && 'loss_rpn_cls' in losses)).toBe(true);
    expect(iterations[0].losses.loss).toBe(run.history.train[0].loss);
    expect(run.history.evaluations.map((record) => record['mine/answer'])).toEqual([42, 42]);
    expect(run.hookErrors).toEqual([]);
    run.model.dispose();
  });

  test('an error, also of a promise, is named with its place, and changes nothing of the run', async () => {
    const lines: string[] = [];
    let others = 0;
    const broken: RunHook = {
      name: 'my counter',
      async afterIteration({ step }) {
        await Promise.resolve();
        if (step === 2) throw new TypeError('no such thing');
        others++;
      },
      afterEpoch() {
        others += 100;
      },
    };
    const plain = await small().fit(data, { ...options, logInterval: 1 });
    const run = await small().fit(data, {
      ...options,
      logInterval: 1,
      log: (line) => void lines.push(line),
      hooks: [broken],
    });
    expect(lossesOf(run)).toEqual(lossesOf(plain));
    expect(others).toBe(201);
    expect(run.hookErrors).toMatchObject([{ hook: 'my counter', point: 'afterIteration', calls: 1 }]);
    expect(lines.filter((line) => line.includes('my counter'))).toEqual([
      expect.stringMatching(
        /^"my counter" failed in afterIteration after iteration 2: no such thing \(.*run-hooks\.test\.ts.*\)\. The run goes on/,
      ),
    ]);
    expect(run.headline).toMatch(/"my counter" failed in afterIteration$/);
    for (const { model } of [plain, run]) model.dispose();
  });

  test('a prediction in the middle of an epoch leaves the training as it was', async () => {
    const plain = await small().fit(data, { ...options, logInterval: 1 });
    const image = data.train.records[0].path;
    const run = await small().fit(data, {
      ...options,
      logInterval: 1,
      hooks: [{ afterIteration: ({ model }) => model.predict(image) }],
    });
    expect(run.hookErrors).toEqual([]);
    expect(lossesOf(run)).toEqual(lossesOf(plain));
    for (const { model } of [plain, run]) model.dispose();
  });

  test('it ends the run where it asks to, and Stop does not wait for one that hangs', async () => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const early = await small().fit(data, { ...options, log, hooks: [{ afterEpoch: ({ stop }) => stop('enough') }] });
    expect(early).toMatchObject({ epoch: 1, interrupted: false, early: 'stopped early at epoch 1 of 2' });
    expect(lines).toContain('"hook 1" ends the run after this epoch: enough');
    const stop = new AbortController();
    const ends: string[] = [];
    const hanging: RunHook = {
      afterIteration() {
        stop.abort();
        return new Promise(() => {});
      },
      afterRun: ({ ended }) => void ends.push(ended),
    };
    const stopped = await small().fit(data, { ...options, signal: stop.signal, hooks: [hanging] });
    expect(stopped).toMatchObject({ step: 1, interrupted: true, hookErrors: [] });
    expect(ends).toEqual(['interrupted']);
    for (const { model } of [early, stopped]) model.dispose();
  });

  test('before the first iteration an error ends the run, and lines of a hook are in train.log', async () => {
    const failing = { beforeRun: () => Promise.reject(new Error('no disk')) };
    await expect(small().fit(data, { ...options, hooks: [failing] })).rejects.toThrow(
      /^Cannot train: "hook 1" failed in beforeRun: no disk/,
    );
    const workDir = join(folder, 'run');
    const run = await small().fit(data, { ...options, workDir, hooks: [{ beforeRun: ({ log }) => log('hello') }] });
    expect(readFileSync(join(workDir, 'train.log'), 'utf8')).toContain('\nhello\n');
    run.model.dispose();
  });
});

describe('what is no hook is refused', () => {
  test.each([
    [{}, /expected hooks as a list/],
    [[3], /hooks\[0\]: expected an object with points/],
    [[{ name: 'x' }], /expected one of beforeRun, .* received none/],
    [[{ afterIter() {} }], /no point "afterIter"\. Did you mean "afterIteration"\?/],
    [[{ after_train_iter() {} }], /Did you mean "afterIteration"\?/],
    [[{ onEpochEnd() {} }], /Did you mean "afterEpoch"\?/],
    [[{ beforeVal() {} }], /Did you mean "beforeValidation"\?/],
    [[{ afterEpoch() {} }, { sing() {}, afterRun() {} }], /hooks\[1\]: a run has no point "sing"/],
    [[{ afterIteration: 3 }], /expected a function as afterIteration, received the number 3/],
    [[{ afterRun() {}, priority: 200 }], /expected a priority from 0 \(first\) to 100/],
    [[{ type: 'EMAHook' }], /is a hook of a config\. Add it there/],
  ])('%o', (hooks, message) => {
    expect(() => checkHooks(hooks)).toThrow(message);
  });

  test('a class may have other methods and a state', () => {
    class Counter {
      count = 0;
      afterIteration(): void {
        this.add();
      }
      add(): void {
        this.count++;
      }
    }
    expect(() => checkHooks([new Counter()])).not.toThrow();
    expect(() => checkHooks([Object.assign(new Counter(), { afterEpochs() {} })])).toThrow(/Did you mean "afterEpoch"/);
    expect(POINTS).toHaveLength(8);
  });
});
