// Names that cells have without an import; and that the kernel itself keeps nothing alive that cells have made.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { createPrelude } from '../../../../kernels/jupyter/session/prelude';
import { slowTest } from '../../../slow-cases';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel(
    `const SHOW = Symbol.for('Jupyter.display');
     class Holder { tensor = tf.ones([8]); [SHOW]() { return { 'text/plain': 'held' }; } }
     const make = () => new Holder();`,
  );
});
afterAll(() => kernel?.stop());

const tensors = async () => Number((await kernel.execute('(await memory()).total.tensors')).result);

describe('tensors of earlier cells are freed that were only', () => {
  it.each([
    ['a result', 'make()'],
    ['the result of a promise', 'Promise.resolve(make())'],
    ['displayed', "display(make()); display(make(), { id: 'one' });"],
    ['displayed when they came', 'display(Promise.resolve(make()));'],
    ['printed', 'console.log(make()); console.error({ made: make() });'],
    ['part of an error', "throw Object.assign(new Error('x'), { made: make() });"],
    ['thrown', 'throw make();'],
    ['part of an unhandled rejection', "void Promise.reject(Object.assign(new Error('x'), { made: make() })); 1"],
    ['part of an error in a timer', "setTimeout(() => { throw Object.assign(new Error('x'), { made: make() }); }, 1);"],
    ['in a variable that was declared again', 'const again = make();'],
    ['in a variable of a cell that failed', "const failed = make(); throw new Error('x');"],
    ['in local variables of a cell that was awaited', '{ const local = make(); await Promise.resolve(local); }'],
  ])('%s', async (_, code) => {
    const before = await tensors();
    for (let i = 0; i < 3; i++) await kernel.execute(code);
    // The last value of a variable is the variable's.
    const held = /^const (again|failed)/.test(code) ? 1 : 0;
    expect(await tensors()).toBe(before + held);
  });
});

it('memory() names the variables that hold tensors, and free() frees them', async () => {
  await kernel.execute('const filter = tf.ones([256, 256]);');
  const shown = await kernel.execute('await memory()');
  expect(shown.result).toMatch(/filter +tensor +float32 \[256,256\] +1 +0\.3/);
  expect((await kernel.execute('free(filter)')).result).toBe("'0.3 MB freed'");
  expect((await kernel.execute('await memory()')).result).not.toContain('filter');
});

slowTest('an engine runs when a local module uses TensorFlow.js before any cell does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'detlab-prelude-'));
  writeFileSync(
    join(folder, 'sums.ts'),
    "import * as tf from '@tensorflow/tfjs';\nexport const sum = (x: number[]) => tf.sum(tf.tensor1d(x)).dataSync()[0];\n",
  );
  const fresh = await startKernel('', folder);
  try {
    const { error, result } = await fresh.execute("import { sum } from './sums';\nsum([1, 2, 4])", {}, 60_000);
    expect(error?.traceback.join('\n')).toBeUndefined();
    expect(result).toBe('7');
  } finally {
    await fresh.stop();
    rmSync(folder, { recursive: true });
  }
});

describe('the packages', () => {
  it('are loaded for a cell that may need them, and leave names that cells have taken', () => {
    const { variables, isNeeded, load } = createPrelude((problem) => expect(problem).toBeUndefined());
    const names = Object.keys(variables);
    expect(names).toEqual(expect.arrayContaining(['tf', 'detector', 'dataset']));
    expect(['1 + 1', 'const a = [1]; a.map((b) => b)', 'tfoo; detectors'].filter(isNeeded)).toEqual([]);
    for (const code of ['tf.ones([1])', "detector('a')", "import 'detlab'", "require('a')"])
      expect(isNeeded(code)).toBe(true);
    variables.dataset = 'mine';
    delete variables.runs;
    load();
    expect(variables.dataset).toBe('mine');
    expect('runs' in variables).toBe(false);
    expect(typeof variables.detector).toBe('function');
    expect(isNeeded('tf.ones([1])')).toBe(false);
  });

  it('are loaded when a name is read', () => {
    const { variables } = createPrelude((problem) => expect(problem).toBeUndefined());
    expect(typeof variables.register).toBe('function');
    expect(Object.getOwnPropertyDescriptor(variables, 'tf')).toMatchObject({ writable: true, enumerable: true });
  });

  slowTest('do not include TypeScript, which has a thread of its own', async () => {
    const loaded = 'Object.keys(require.cache).filter((path) => /node_modules.typescript/.test(path)).length';
    const fresh = await startKernel();
    expect((await fresh.execute(loaded)).result).toBe('0');
    await fresh.stop();
  });
});
