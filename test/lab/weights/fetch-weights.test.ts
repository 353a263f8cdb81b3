// Weights by address and by name, from a server of this test: where they are looked for, what is downloaded, what is said.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Model, startEngine } from '../../../src';
import { convertCommand } from '../../../src/cli/convert';
import { fetchWeights } from '../../../src/lab/weights/fetch-weights';
import { type FileServer, fileServer, ranged } from '../../remote/file-server';
import { small } from '../small';
import { changed, weightsOf } from '../weights';

const cwd = process.cwd();
const browserFetch = fetch;
let server: FileServer;
let folder: string;
let cache: string;
let lines: string[];
const notice = (line: string) => void lines.push(line);
const quick = { pause: 1, attempts: 1, notice };

beforeAll(async () => {
  server = await fileServer();
  await startEngine();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'detlab-weights-'));
  cache = join(folder, 'torch', 'hub', 'checkpoints');
  process.chdir(folder);
  vi.stubEnv('DETLAB_OFFLINE', '');
  vi.stubEnv('TORCH_HOME', join(folder, 'torch'));
  lines = [];
  server.requests.length = 0;
  for (const path of Object.keys(server.answers)) delete server.answers[path];
  // the hosts of the hubs are this server
  vi.stubGlobal('fetch', (address: string, init: RequestInit) =>
    browserFetch(address.replace(/^https:\/\/download\.(pytorch|openmmlab)\.(org|com)/, server.root), init),
  );
});
afterEach(() => {
  process.chdir(cwd);
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

/** Serves a file under a name with its hash; returns its address. */
function publish(bytes: Buffer, folderName = '/zoo'): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  server.answers[`${folderName}/model-${hash}.pth`] = ranged(bytes);
  return `${server.root}${folderName}/model-${hash}.pth`;
}

test('downloaded once to the cache; DETLAB_OFFLINE uses it; weights/ comes first', async () => {
  const address = publish(Buffer.from('weights'));
  const name = address.replace(/^.*\//, '');
  vi.stubEnv('DETLAB_OFFLINE', '1');
  await expect(fetchWeights(address, quick)).rejects.toThrow(
    `Cannot download "${address}": DETLAB_OFFLINE is set in the environment. Unset it, or put the file at ` +
      `${join('weights', name)} or ${join(cache, name)}`,
  );
  vi.stubEnv('DETLAB_OFFLINE', '');
  expect(await fetchWeights(address, quick)).toBe(join(cache, name));
  vi.stubEnv('DETLAB_OFFLINE', '1');
  expect(await fetchWeights(address, quick)).toBe(join(cache, name));
  expect(server.requests.length).toBe(1);
  expect(readdirSync(cache)).toEqual([name]);
  expect(lines).toEqual([]);
  mkdirSync('weights');
  writeFileSync(join('weights', name), 'mine');
  expect(await fetchWeights(address, quick)).toBe(join('weights', name));
});

test('a damaged file of the cache is downloaded again, with a notice', async () => {
  const address = publish(Buffer.from('weights'));
  const file = await fetchWeights(address, quick);
  writeFileSync(file, 'something else');
  expect(readFileSync(await fetchWeights(address, quick), 'utf8')).toBe('weights');
  expect(lines).toEqual([expect.stringContaining('is not what its name says: its SHA-256 does not begin with')]);
});

test('a wrong hash: an error, and no file', async () => {
  server.answers['/zoo/model-00000000.pth'] = ranged(Buffer.from('weights'));
  await expect(fetchWeights(`${server.root}/zoo/model-00000000.pth`, quick)).rejects.toThrow(
    'expected a file whose SHA-256 begins with 00000000',
  );
  expect(readdirSync(cache)).toEqual([]);
});

test('without a hash: a notice, and another address of the same name is another file', async () => {
  server.answers['/a/best.pth'] = ranged(Buffer.from('a'));
  server.answers['/b/best.pth'] = ranged(Buffer.from('b'));
  const read = async (path: string) => readFileSync(await fetchWeights(`${server.root}${path}`, quick), 'utf8');
  expect([await read('/a/best.pth'), await read('/a/best.pth')]).toEqual(['a', 'a']);
  expect(lines.splice(0)).toEqual([
    expect.stringMatching(/no hash in the name, so the content is not checked; over http anybody/),
  ]);
  expect([await read('/b/best.pth'), await read('/a/best.pth')]).toEqual(['b', 'a']);
  expect(server.requests.length).toBe(3);
  rmSync(join(cache, 'best.pth.origin'));
  lines = [];
  expect(await read('/b/best.pth')).toBe('a');
  expect(lines).toEqual([expect.stringContaining('without a hash in the name that is not checked')]);
});

test('names of hubs; a file that has moved, an address that is none', async () => {
  server.answers['/models/resnet18-f37072fd.pth'] = ranged(Buffer.from('other'));
  await expect(fetchWeights('torchvision://resnet18', quick)).rejects.toThrow('SHA-256 begins with f37072fd');
  await expect(fetchWeights('open-mmlab://regnetx_400mf', quick)).rejects.toThrow(
    /answered 404 Not Found\. The file has moved: download it elsewhere and put it at weights.regnetx_400mf-a5b10d96\.pth/,
  );
  await expect(fetchWeights('torchvision://resnet181', quick)).rejects.toThrow('torchvision://resnet18');
  await expect(fetchWeights(`${server.root}/none.pth`, quick)).rejects.toThrow(
    '404 Not Found. Check the address: detlab configs --weights lists those of published detectors',
  );
  await expect(fetchWeights('s3://bucket/none.pth', quick)).rejects.toThrow('s3:// is not downloaded');
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/models/resnet18-f37072fd.pth',
    '/pretrain/third_party/regnetx_400mf-a5b10d96.pth',
    '/none.pth',
  ]);
});

test('every door: Model.load, detector().load, loadFrom of both, load_from, init_cfg, detlab convert', async () => {
  const source = await small().build({ seed: 5 });
  const expected = weightsOf(source);
  const address = publish(readFileSync(source.save('source.pth'))) as `http://${string}`;
  const same = (model: Model) => {
    const differ = changed(expected, weightsOf(model));
    model.dispose();
    return differ;
  };
  const cold = () => rmSync(cache, { recursive: true, force: true });
  expect(same(await Model.load(address))).toEqual([]);
  cold();
  expect(same(await small().load(address))).toEqual([]);
  cold();
  expect(same(await small().loadFrom(address).build({ seed: 1 }))).toEqual([]);
  cold();
  expect(same(await small().set({ load_from: address }).build({ seed: 1 }))).toEqual([]);
  cold();
  const model = await small().build({ seed: 1 });
  const report = model.loadFrom(address);
  expect((await report).missing).toEqual([]);
  expect(same(model)).toEqual([]);
  cold();
  const pretrained = { type: 'Pretrained', checkpoint: address, prefix: 'backbone.', _delete_: true };
  const start = small().set({ 'model.backbone.init_cfg': pretrained });
  expect(same(await start.build({ seed: 1 })).filter((name) => name.startsWith('backbone.'))).toEqual([]);
  cold();
  expect(await convertCommand(address, 'converted.safetensors', { json: true })).toBe(0);
  expect(existsSync('converted.safetensors')).toBe(true);
  expect(server.requests.length).toBe(7);
  source.dispose();
});

test('a part that loadFrom has whole needs no weights of its own', async () => {
  const source = await small().build({ seed: 5 });
  const address = publish(readFileSync(source.save('source.pth')));
  const recipe = small().set({
    'model.backbone.init_cfg': { type: 'Pretrained', checkpoint: 'torchvision://resnet18', _delete_: true },
  });
  const built = await recipe.loadFrom(address).build({ seed: 1 });
  expect(changed(weightsOf(source), weightsOf(built))).toEqual([]);
  expect(server.requests.length).toBe(1);
  for (const model of [source, built]) model.dispose();
});

test('init_cfg: a server that is not there is a notice, a file that is cut off an error', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const start = (checkpoint: string) =>
    small().set({ 'model.backbone.init_cfg': { type: 'Pretrained', checkpoint, _delete_: true } });
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }) });
  });
  (await start('https://nowhere.invalid/a-0676ba61.pth').build()).dispose();
  expect(said.mock.calls.flat().join('\n')).toMatch(
    /pretrained weights "https:\/\/nowhere\.invalid\/a-0676ba61\.pth" not found: backbone starts from random weights\. Cannot download .*no such host\. Without a network, download it elsewhere and put it at weights/,
  );
  vi.stubGlobal('fetch', browserFetch);
  server.answers['/gone-0676ba61.pth'] = (r) => r.writeHead(404).end();
  await expect(start(`${server.root}/gone-0676ba61.pth`).build()).rejects.toThrow('404');
  said.mockRestore();
});

test('in a notebook: a bar in MB, and Stop leaves the part for the next time', async () => {
  const bytes = Buffer.alloc(2_000_000, 1);
  const address = publish(bytes);
  const path = new URL(address).pathname;
  const stop = new AbortController();
  const shown: string[] = [];
  const display = (bundle: Record<string, unknown>) => void shown.push(String(bundle['text/plain']));
  vi.stubGlobal('fetch', browserFetch);
  Object.assign(globalThis, { [Symbol.for('detlab.notebook')]: { signal: stop.signal, display } });
  try {
    server.answers[path] = (response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1_000_000));
      setTimeout(() => stop.abort(), 300);
    };
    await expect(fetchWeights(address, quick)).rejects.toThrow(/interrupted\. \d\.\d+ MB of 2\.00 MB are kept/);
  } finally {
    Reflect.deleteProperty(globalThis, Symbol.for('detlab.notebook'));
  }
  expect(shown.at(-1)).toMatch(/^downloading model-[0-9a-f]{8}\.pth {2}━+─+ {2}1\/2 MB/);
  server.answers[path] = ranged(bytes);
  expect(readFileSync(await fetchWeights(address, quick)).equals(bytes)).toBe(true);
  expect(server.requests.at(-1)?.range).toMatch(/^bytes=/);
});
