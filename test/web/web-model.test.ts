// detlab/web as a program uses it: a page that a server on the loopback gives imports the bundle and loads a model that Node saved.
// Skipped, with a notice, where there is no Chromium.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../src';
import { writeSafetensors } from '../../src/checkpoints/safetensors-file';
import { packageRoot } from '../../src/paths';
import { browser } from '../frontends/browser';
import { disagreement, type Found } from './agreement';
import { bundled } from './bundled';
import { narrowModel } from './narrow';
import { scenePng } from './web-page';

if (!browser) console.log('The tests of detlab/web are skipped: no Chromium in PATH');

const dir = mkdtempSync(join(tmpdir(), 'detlab-web-'));
const tfjs = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');

const PAGE = `<!doctype html><script type="module">
import * as web from './detlab.mjs';
globalThis.web = web;
const bytes = async (name) => (await fetch(name)).arrayBuffer();
globalThis.load = async (name) => web.loadModel(await bytes(name), { wasm: './tfjs/', threads: 2 });
globalThis.scene = async () => new Blob([await bytes('scene.png')]);
globalThis.attempt = (work) => work().then(() => 'no error', (error) => error.name + ': ' + error.message);
</script>`;

/** Gives the page, the bundle, the binaries and the models; isolated, so that the page may have threads. */
function serve(isolated: boolean): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const name = new URL(url, 'http://localhost').pathname.slice(1);
    const kind = { mjs: 'text/javascript', wasm: 'application/wasm', '': 'text/html' }[name.split('.')[1] ?? ''];
    const headers = {
      'content-type': kind ?? 'application/octet-stream',
      ...(isolated && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
    };
    try {
      const body =
        name === ''
          ? PAGE
          : name === 'scene.png'
            ? scenePng()
            : name === 'detlab.mjs'
              ? readFileSync(join(packageRoot, 'dist/web/index.mjs'))
              : name.startsWith('tfjs/')
                ? readFileSync(join(tfjs, name.slice(5)))
                : readFileSync(join(dir, name));
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.skipIf(!browser)('detlab/web', () => {
  let model: Model;
  beforeAll(async () => {
    bundled();
    model = await narrowModel('Faster R-CNN');
    model.withThreshold(0.4).save(join(dir, 'model.safetensors'));
    writeSafetensors(join(dir, 'bare.safetensors'), new Map(), { format: 'pt' });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.each([
    [false, '1 thread'],
    [true, '2 threads'],
  ])('detects as Node does (isolated: %s, with %s)', async (isolated, threads) => {
    const server = await serve(isolated);
    const running = await chromium.launch({ executablePath: browser, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await running.newPage();
      // the backend takes half of the processors
      await page.addInitScript("Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 4 })");
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction('globalThis.scene');
      const { found, description, ...facts } = await page.evaluate<{
        found: Found[];
        description: string;
      }>(`(async () => {
        globalThis.model = await load('model.safetensors');
        const { description } = await web.startEngine({ wasm: './tfjs/' });
        const { name, classes, threshold } = model;
        return { name, classes, threshold, description, found: await model.predict(await scene()) };
      })()`);
      expect(facts).toEqual({ name: model.name, classes: model.classes, threshold: 0.4 });
      expect(description).toContain(threads);
      const { alone, box, score } = disagreement([...(await model.predict(scenePng()))], found);
      expect(alone).toEqual([]);
      expect(box).toBeLessThan(1e-2);
      expect(score).toBeLessThan(1e-4);

      // pixels, a canvas and a bitmap of the same image
      const same = await page.evaluate<number[]>(`(async () => {
        const bitmap = await createImageBitmap(await scene());
        const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
        canvas.getContext('2d').drawImage(bitmap, 0, 0);
        const counts = [];
        for (const image of [canvas, canvas.getContext('2d').getImageData(0, 0, 128, 96), bitmap])
          counts.push((await model.predict(image)).length);
        return counts;
      })()`);
      expect(same).toEqual([found.length, found.length, found.length]);
      const attempt = (work: string) => page.evaluate<string>(`attempt(() => ${work})`);
      expect(await attempt(`model.predict(new Blob(['hello']))`)).toMatch(
        /^DetLabError: Cannot read "image": it is no image/,
      );
      expect(await attempt(`model.predict('scene.png')`)).toMatch(/^DetLabError: Cannot predict on the string/);
      expect(await attempt(`load('bare.safetensors')`)).toMatch(
        /^DetLabError: Cannot load the model: its file has no config/,
      );
      expect(await attempt(`load('scene.png')`)).toMatch(/^DetLabError: Cannot read the tensors of "the model"/);
    } finally {
      await running.close();
      server.close();
    }
  });
});
