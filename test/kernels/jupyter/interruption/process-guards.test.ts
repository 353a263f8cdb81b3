// Cells that would end the kernel, or break what it needs: it stays up, answers, and reports what happened.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel(
    "import fs from 'node:fs'; const kept = 'still here'; const world = globalThis as any; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));",
  );
});
afterAll(() => kernel?.stop());

const expectAlive = async () => {
  expect((await kernel.execute("await sleep(5); console.log('alive'); kept")).stdout).toBe('alive\n');
};

describe('values', () => {
  it.each([
    ['that refer to themselves', 'const ring: any = { name: 1 }; ring.self = ring; console.log(ring)', 'Circular'],
    ['with a getter that throws', "console.log({ get trap() { throw new Error('no') } })", '[Getter]'],
    [
      'in a proxy that throws',
      "console.log(new Proxy({}, { get() { throw new Error('no') }, ownKeys() { throw new Error('no') } }))",
      '{}',
    ],
    [
      'of many keys',
      'console.log(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => ["k" + i, i])))',
      'k199999: 199999',
    ],
  ])('%s are printed', async (_, code, expected) => {
    const { stdout, error } = await kernel.execute(code);
    expect(error).toBeUndefined();
    expect(stdout).toContain(expected);
  });

  it.each([
    ['an error whose message throws', "throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })"],
    ['an error whose stack throws', "throw Object.defineProperty(new Error('x'), 'stack', { get() { throw 1 } })"],
    [
      'a proxy',
      "throw new Proxy(new Error('x'), { get() { throw new Error('no') }, getPrototypeOf() { throw new Error('no') } })",
    ],
    [
      'an object whose inspection throws',
      "throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no') } }",
    ],
    [
      'a value whose display is hostile',
      "({ [Symbol.for('Jupyter.display')]() { throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } }) } })",
    ],
  ])('thrown: %s is an error of the cell', async (_, code) => {
    const { reply } = await kernel.execute(code);
    expect(reply.status).toBe('error');
    await expectAlive();
  });

  it('of endless recursion are an error', async () => {
    const { error } = await kernel.execute(
      'function deeper(n: number): number { return deeper(n + 1) + 1 }\ndeeper(0)',
    );
    expect(error).toMatchObject({ ename: 'RangeError' });
    await expectAlive();
  });
});

describe('errors outside of cells', () => {
  it('are printed', async () => {
    const { stderr, reply } = await kernel.execute(
      "setTimeout(() => { throw new Error('from a timer') }, 10); Promise.reject(new Error('unhandled')); await sleep(100);",
    );
    expect(reply.status).toBe('ok');
    expect(stderr).toContain('from a timer');
    expect(stderr).toContain('unhandled');
    await expectAlive();
  });

  it('may be handled by a listener of a cell', async () => {
    const { stdout, stderr } = await kernel.execute(
      "const take = (e: Error) => console.log('took ' + e.message); process.on('uncaughtException', take); setTimeout(() => { throw new Error('loose') }, 5); await sleep(100); process.off('uncaughtException', take); void 0",
    );
    expect(stdout).toBe('took loose\n');
    expect(stderr).toBe('');
    const after = await kernel.execute("setTimeout(() => { throw new Error('looser') }, 5); await sleep(100)");
    expect(after.stderr).toContain('Uncaught Error: looser');
  });
});

describe('cells', () => {
  it('may replace stdout.write, and restore it', async () => {
    const { stdout } = await kernel.execute(
      "const write = process.stdout.write; const seen: string[] = []; process.stdout.write = ((text: string) => { seen.push(text); return true }) as any; console.log('caught'); process.stdout.write = write; console.log(seen[0].trim() + ' once')",
    );
    expect(stdout).toBe('caught once\n');
  });

  it('may close the descriptors of stdout and stderr', async () => {
    const { stdout } = await kernel.execute("fs.closeSync(1); fs.closeSync(2); console.log('even so')");
    expect(stdout).toBe('even so\n');
    await expectAlive();
  });

  it.each(['process', 'Promise', 'setTimeout', 'Buffer', 'Object', 'console', 'Symbol'])(
    'may delete %s, which is restored',
    async (name) => {
      const end = await kernel.execute(`delete world.${name}`);
      expect(end.reply.status).toMatch(/ok|error/);
      expect(end.stderr).toContain(name);
      await expectAlive();
    },
  );

  it('may delete what is awaited with', async () => {
    const { reply } = await kernel.execute('await sleep(1); delete world.Promise; await null;');
    expect(reply.status).toMatch(/ok|error/);
    await expectAlive();
  });

  it.each([
    ['process.exit(1)', 'process.exit()'],
    ['process.exit(3)', 'process.exit()'],
    ['process.abort()', 'process.abort()'],
    ['process.kill(process.pid)', 'SIGTERM'],
    ["process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
    ['setTimeout(() => process.exit(1), 1); await sleep(50)', 'process.exit()'],
  ])('do not end the kernel by %s', async (code, named) => {
    const { error, stderr } = await kernel.execute(code);
    expect(`${error?.evalue}${stderr}`).toContain(named);
    expect(`${error?.evalue}${stderr}`).toContain('would end the kernel');
    await expectAlive();
  });

  it('may send themselves signals they listen to', async () => {
    const { stdout } = await kernel.execute(
      "const got = new Promise<void>((done) => process.once('SIGTERM', () => { console.log('got it'); done(); })); process.kill(process.pid, 'SIGTERM'); await got;",
    );
    expect(stdout).toBe('got it\n');
  });
});
