// Cells that would take the kernel down: it stays up, answers, and says what happened.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  const { error } = await kernel.execute(
    "import fs from 'node:fs'; const kept = 'still here'; const world = globalThis as any; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));",
  );
  expect(error).toBeUndefined();
});
afterAll(() => kernel?.stop());

const isAlive = async () => {
  expect((await kernel.execute("await sleep(5); console.log('heard'); kept")).stdout).toBe('heard\n');
};

/** Megabytes of memory the kernel's process has used at most. */
async function peak() {
  const { result } = await kernel.execute('process.pid');
  const status = readFileSync(`/proc/${result}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

describe('output', () => {
  it('of one line of 200 MB arrives', async () => {
    const { published } = await kernel.execute("console.log('x'.repeat(200e6)); console.log('end')", {}, 60_000);
    const texts = published.filter((m) => m.type === 'stream').map((m) => m.content.text as string);
    expect(texts.reduce((sum, text) => sum + text.length, 0)).toBe(200e6 + 5);
    expect(texts.at(-1)!.endsWith('\nend\n')).toBe(true);
    kernel.received.length = 0;
  });

  it.skipIf(process.platform !== 'linux')('of 400 MB arrives, and does not pile up in the kernel', async () => {
    const before = await peak();
    const { published, reply } = await kernel.execute(
      "const line = 'y'.repeat(999_999) + '\\n'; for (let i = 0; i < 400; i++) process.stdout.write(line);",
      {},
      90_000,
    );
    expect(reply.status).toBe('ok');
    const bytes = published.filter((m) => m.type === 'stream').reduce((sum, m) => sum + m.content.text.length, 0);
    expect(bytes).toBe(400e6);
    expect((await peak()) - before).toBeLessThan(400);
    kernel.received.length = 0;
  });

  it('with characters outside of the basic plane is cut at none of them', async () => {
    const { stdout } = await kernel.execute("console.log('a' + '😀'.repeat(400_000))", {}, 30_000);
    expect(stdout).toBe(`a${'😀'.repeat(400_000)}\n`);
  });
});

describe('values', () => {
  it.each([
    ['that refer to themselves', 'const ring: any = { name: 1 }; ring.self = ring; console.log(ring)', 'Circular'],
    ['with a getter that throws', "console.log({ get trap() { throw new Error('no') } })", '[Getter]'],
    [
      'behind a proxy that throws',
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
    await isAlive();
  });

  it('of endless recursion are an error', async () => {
    const { error } = await kernel.execute(
      'function deeper(n: number): number { return deeper(n + 1) + 1 }\ndeeper(0)',
    );
    expect(error).toMatchObject({ ename: 'RangeError' });
    await isAlive();
  });
});

describe('cells that take things apart', () => {
  it('may replace stdout.write, and put it back', async () => {
    const { stdout } = await kernel.execute(
      "const write = process.stdout.write; const seen: string[] = []; process.stdout.write = ((text: string) => { seen.push(text); return true }) as any; console.log('caught'); process.stdout.write = write; console.log(seen[0].trim() + ' once')",
    );
    expect(stdout).toBe('caught once\n');
  });

  it('may close the descriptors of stdout and stderr', async () => {
    const { stdout } = await kernel.execute("fs.closeSync(1); fs.closeSync(2); console.log('even so')");
    expect(stdout).toBe('even so\n');
    await isAlive();
  });

  it.each(['process', 'Promise', 'setTimeout', 'Buffer', 'Object', 'console', 'Symbol'])(
    'may delete %s',
    async (name) => {
      const end = await kernel.execute(`delete world.${name}`);
      expect(end.reply.status).toMatch(/ok|error/);
      expect(end.stderr).toContain(name);
      await isAlive();
    },
  );

  it('may delete what is awaited with', async () => {
    const { reply } = await kernel.execute('await sleep(1); delete world.Promise; await null;');
    expect(reply.status).toMatch(/ok|error/);
    await isAlive();
  });

  it.each([
    ['process.exit(1)', 'process.exit()'],
    ['process.abort()', 'process.abort()'],
    ['process.kill(process.pid)', 'SIGTERM'],
    ["process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
    ['setTimeout(() => process.exit(1), 1); await sleep(50)', 'process.exit()'],
  ])('do not end the kernel by %s', async (code, named) => {
    const { error, stderr } = await kernel.execute(code);
    expect(`${error?.evalue}${stderr}`).toContain(named);
    expect(`${error?.evalue}${stderr}`).toContain('would end the kernel');
    await isAlive();
  });

  it('may send themselves signals they listen to', async () => {
    const { stdout } = await kernel.execute(
      "process.once('SIGTERM', () => console.log('got it')); process.kill(process.pid, 'SIGTERM'); await sleep(100)",
    );
    expect(stdout).toBe('got it\n');
  });

  it('may take care of errors nobody catches', async () => {
    const { stdout, stderr } = await kernel.execute(
      "const take = (e: Error) => console.log('took ' + e.message); process.on('uncaughtException', take); setTimeout(() => { throw new Error('loose') }, 5); await sleep(100); process.off('uncaughtException', take); void 0",
    );
    expect(stdout).toBe('took loose\n');
    expect(stderr).toBe('');
    const after = await kernel.execute("setTimeout(() => { throw new Error('looser') }, 5); await sleep(100)");
    expect(after.stderr).toContain('Uncaught Error: looser');
  });
});
