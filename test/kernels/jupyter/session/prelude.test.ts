// Names that cells have without an import; and that the kernel itself keeps nothing alive that cells have made.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
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
