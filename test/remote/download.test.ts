// Downloads from a server of this test that fails as servers do: what is in its place afterwards is whole, or nothing is.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type DownloadOptions, download } from '../../src/remote/download';
import { cutAfter, type FileServer, fileServer, inTurn, ranged } from './file-server';

const SIZE = 300_000;
const bytes = randomBytes(SIZE);
const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
const quick = { pause: 1, stall: 300 };
let server: FileServer;
let folder: string;
let target: string;

beforeAll(async () => {
  vi.stubEnv('DETLAB_OFFLINE', '');
  server = await fileServer();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'detlab-download-'));
  target = join(folder, 'checkpoints', 'a.pth');
  server.requests.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const get = (path: string, options: DownloadOptions = {}) =>
  download(`${server.root}${path}`, target, { sha256, ...quick, ...options });
const files = () => readdirSync(join(folder, 'checkpoints'));
const ranges = () => server.requests.map(({ range }) => range);

async function expectWhole(): Promise<void> {
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(files()).toEqual(['a.pth']);
}

test('whole, after a redirect, with progress', async () => {
  server.answers['/a'] = (r) => r.writeHead(302, { location: '/b' }).end();
  server.answers['/b'] = ranged(bytes);
  const progress: [number, number | undefined][] = [];
  await get('/a', { onProgress: (...state) => progress.push(state) });
  await expectWhole();
  expect(progress[0]).toEqual([0, SIZE]);
  expect(progress.at(-1)).toEqual([SIZE, SIZE]);
});

test('cut off: resumes where it ended, in this attempt and in a later one', async () => {
  server.answers['/a'] = inTurn(cutAfter(bytes, 100_000), ranged(bytes));
  await get('/a');
  await expectWhole();
  expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);

  rmSync(target);
  server.answers['/a'] = cutAfter(bytes, 100_000);
  await expect(get('/a', { attempts: 1 })).rejects.toThrow(
    /Cannot download "http:[^"]+\/a": the connection ended.*0\.\d+ MB of 0\.30 MB are kept: the next attempt resumes there/,
  );
  expect(files()).toEqual(['a.pth.partial']);
  server.answers['/a'] = ranged(bytes);
  server.requests.length = 0;
  await get('/a');
  await expectWhole();
  expect(ranges()).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
});

test('a server without Range sends all of it, one with a wrong range is asked for all of it', async () => {
  server.answers['/a'] = inTurn(cutAfter(bytes, 100_000), (r) => r.end(bytes));
  await get('/a');
  await expectWhole();
  rmSync(target);
  server.answers['/a'] = inTurn(
    cutAfter(bytes, 100_000),
    (r) => r.writeHead(206, { 'content-range': `bytes 7-${SIZE - 1}/${SIZE}` }).end(bytes.subarray(7)),
    ranged(bytes),
  );
  await get('/a');
  await expectWhole();
  expect(ranges().at(-1)).toBeUndefined();
});

test('all bytes are there already: nothing more is sent', async () => {
  server.answers['/a'] = cutAfter(bytes, 100_000);
  await get('/a', { attempts: 1 }).catch(() => {});
  writeFileSync(`${target}.partial`, bytes);
  server.answers['/a'] = ranged(bytes);
  await get('/a');
  await expectWhole();
});

test('a wrong hash: deleted; after a part of something else, once more from the first byte', async () => {
  server.answers['/a'] = ranged(Buffer.concat([bytes, Buffer.from('more')]));
  await expect(get('/a')).rejects.toThrow(
    `expected a file whose SHA-256 begins with ${sha256}, as its name says, received one with `,
  );
  expect(files()).toEqual([]);
  writeFileSync(`${target}.partial`, randomBytes(1000));
  server.answers['/a'] = ranged(bytes);
  server.requests.length = 0;
  await get('/a');
  await expectWhole();
  expect(ranges()).toEqual(['bytes=1000-', undefined]);
});

test.each([
  ['404 at once', (r) => r.writeHead(404, 'Not Found').end(), 1, 'the server answered 404 Not Found'],
  ['503 again and again', (r) => r.writeHead(503).end(), 4, 'the server answered 503 Service Unavailable'],
  [
    'a web page',
    (r) => r.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    1,
    'the server answered with a web page, not with a file',
  ],
  ['silence', () => {}, 4, 'no byte within 0.1 seconds'],
  ['too large', (r) => r.writeHead(200, { 'content-length': 1e12 }).write('x'), 1, 'expected at most 1.00 MB'],
  [
    'endless',
    (r) => {
      const timer = setInterval(() => r.write(Buffer.alloc(300_000)), 1);
      r.on('close', () => clearInterval(timer));
    },
    1,
    'expected at most 1.00 MB, received 1.',
  ],
] as [string, FileServer['answers'][string], number, string][])('%s', async (_, answer, attempts, message) => {
  server.answers['/a'] = answer;
  await expect(get('/a', { stall: 100, limit: 1e6 })).rejects.toThrow(message);
  expect(server.requests.length).toBe(attempts);
  expect(files()).toEqual([]);
});

test('busy, then there; stalled, then resumed', async () => {
  server.answers['/a'] = inTurn((r) => r.writeHead(503).end(), ranged(bytes));
  await get('/a');
  await expectWhole();
  rmSync(target);
  const stalls: FileServer['answers'][string] = (r) => {
    r.writeHead(200, { 'content-length': SIZE });
    r.write(bytes.subarray(0, 50_000));
  };
  server.answers['/a'] = inTurn(stalls, ranged(bytes));
  server.requests.length = 0;
  await get('/a', { stall: 150 });
  await expectWhole();
  expect(ranges()).toEqual([undefined, 'bytes=50000-']);
});

test('a disk without room is named before anything is written', async () => {
  server.answers['/a'] = (r) => void r.writeHead(200, { 'content-length': 10 ** 15 }).write('x');
  await expect(get('/a', { limit: 10 ** 16 })).rejects.toThrow(
    /no room for 1000000000 MB in .*checkpoints: \d+ MB are free\. Free some, or name another folder by TORCH_HOME/,
  );
  expect(files()).toEqual([]);
});

test('Stop keeps what is there', async () => {
  const stop = new AbortController();
  server.answers['/a'] = (r) => {
    r.writeHead(200, { 'content-length': SIZE });
    r.write(bytes.subarray(0, 50_000));
  };
  const stopped = get('/a', { signal: stop.signal, stall: 10_000, onProgress: (done) => done > 0 && stop.abort() });
  await expect(stopped).rejects.toThrow(/interrupted\. 0\.0\d MB of 0\.30 MB are kept/);
  server.answers['/a'] = ranged(bytes);
  await get('/a');
  await expectWhole();
});

test('without a hash a part is resumed only for the same version of the same file', async () => {
  const unnamed = { sha256: undefined, attempts: 1 };
  const cut = (tag: string) => cutAfter(bytes, 100_000, { etag: tag });
  server.answers['/a'] = cut('"1"');
  await expect(get('/a', unnamed)).rejects.toThrow('are kept');
  expect(files()).toEqual([expect.stringMatching(/^a\.pth\.[0-9a-f]{16}\.partial$/)]);
  server.answers['/a'] = ranged(bytes, { etag: '"1"' });
  server.requests.length = 0;
  await get('/a', unnamed);
  await expectWhole();
  expect(ranges()).toEqual([expect.stringMatching(/^bytes=/)]);

  rmSync(target);
  server.answers['/a'] = cut('"1"');
  await get('/a', unnamed).catch(() => {});
  const changed = randomBytes(SIZE);
  server.answers['/a'] = ranged(changed, { etag: '"2"' });
  await get('/a', unnamed);
  expect(readFileSync(target).equals(changed)).toBe(true);
  // a server that says no version
  rmSync(target);
  server.answers['/a'] = cutAfter(bytes, 100_000);
  await expect(get('/a', unnamed)).rejects.not.toThrow('are kept');
  expect(files()).toEqual([]);
});

test('two at once in a process: one of them downloads', async () => {
  server.answers['/a'] = ranged(bytes);
  await Promise.all([get('/a'), get('/a')]);
  await expectWhole();
  expect(server.requests.length).toBe(1);
});

test('two processes at once: both have it whole', async () => {
  // slow enough that the second begins before the first ends
  server.answers['/a'] = (response) => {
    response.writeHead(200, { 'content-length': SIZE });
    response.write(bytes.subarray(0, 1000));
    setTimeout(() => response.end(bytes.subarray(1000)), 1500);
  };
  const root = join(__dirname, '../..');
  const script =
    `require('${join(root, 'src/remote/download')}').download('${server.root}/a', '${target}', { sha256: '${sha256}' })` +
    '.catch((error) => { console.error(error); process.exitCode = 1; })';
  const run = () =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--require', join(root, 'test/typescript-require.cjs'), '-e', script], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      child.once('exit', resolve);
    });
  expect(await Promise.all([run(), run()])).toEqual([0, 0]);
  expect(server.requests.length).toBe(2);
  await expectWhole();
});

test('the part of a process that was ended is taken over, that of a living one is not', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const partOf = (pid: number) => `${target}.partial.${hostname().replace(/[^\w.-]/g, '_')}-${pid}`;
  server.answers['/a'] = cutAfter(bytes, 100_000);
  await get('/a', { attempts: 1 }).catch(() => {});
  rmSync(`${target}.partial`);
  writeFileSync(partOf(child.pid!), bytes.subarray(0, 1000));
  server.answers['/a'] = ranged(bytes);
  server.requests.length = 0;
  await get('/a');
  expect(ranges()).toEqual([undefined]);
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(readFileSync(partOf(child.pid!)).length).toBe(1000);

  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  rmSync(target);
  server.requests.length = 0;
  await get('/a');
  expect(ranges()).toEqual(['bytes=1000-']);
  await expectWhole();
});

test('DETLAB_OFFLINE, and a folder that cannot be written to', async () => {
  vi.stubEnv('DETLAB_OFFLINE', '1');
  await expect(get('/a')).rejects.toThrow('DETLAB_OFFLINE is set');
  vi.stubEnv('DETLAB_OFFLINE', '');
  expect(server.requests).toEqual([]);
  writeFileSync(join(folder, 'file'), '');
  await expect(download(`${server.root}/a`, join(folder, 'file', 'a.pth'), { sha256 })).rejects.toThrow(
    /Cannot download .*: cannot write to .*file/,
  );
});
