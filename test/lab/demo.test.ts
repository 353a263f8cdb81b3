// Pages that `model.save('demo.html')` writes, opened from disk in a headless Chromium. Skipped, with a notice, where there is none.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../src';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { browser, withPage } from '../frontends/browser';
import { slowCases, slowTest } from '../slow-cases';
import { disagreement } from '../web/agreement';
import { bundled } from '../web/bundled';
import { NAMES, narrowModel } from '../web/narrow';
import { expectSameEverywhere } from '../web/same-everywhere';
import { expectSameInPage, onWasm } from '../web/same-in-page';
import { fewScenes, trainedModel } from '../web/trained';
import { foundIn, give, png, problems, scenePng } from '../web/web-page';

if (!browser) console.log('The tests of pages are skipped: no Chromium in PATH');

const dir = mkdtempSync(join(tmpdir(), 'detlab-demo-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(bundled);

// with masks, with anchors of none; npm run test:slow has every family
test.skipIf(!browser).each(['Mask R-CNN', 'YOLOv8'])('%s: the same in Node and in a page', (family) =>
  expectSameInPage(family, dir),
);

test.skipIf(!browser).each(slowCases(['FCOS']))(
  'a trained %s finds the same in Node, ONNX Runtime and a page',
  async (family) => {
    const data = await fewScenes(dir);
    const trained = await trainedModel(family, data, 60);
    await expectSameEverywhere(trained, data.train.records[0], dir);
    trained.dispose();
  },
);

describe.skipIf(!browser)('a page', () => {
  let model: Model;
  let file: string;
  beforeAll(async () => {
    model = await narrowModel('Faster R-CNN');
    file = model.save(join(dir, 'a page.html'));
  });

  test('keeps what is there when files are bad, and says what is wrong with each', async () => {
    await onWasm(file, async (page) => {
      const jpeg = await model.predict(scenePng()).then((p) => p.show().bytes('jpeg'));
      const bad = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });
      await give(page, [png('first.png')]);
      const found = await give(page, [
        bad('notes.txt', Buffer.from('not an image')),
        bad('empty.png', Buffer.alloc(0)),
        bad('cut.jpg', jpeg.subarray(0, jpeg.length / 2)),
        bad('cut.png', scenePng().subarray(0, 300)),
        bad('damaged.png', Buffer.concat([scenePng().subarray(0, 20), Buffer.alloc(300, 7), scenePng().subarray(-20)])),
        png('one.png', scenePng(1, 1)),
        png('last.png'),
      ]);
      expect(found.map(({ name }) => name)).toEqual(['first.png', 'one.png', 'last.png']);
      expect((await problems(page)).reverse()).toEqual([
        'Cannot read "notes.txt": it is no image that this browser knows. Expected JPEG, PNG, WebP, GIF, BMP or AVIF; convert ' +
          'others, such as TIFF and HEIC, to PNG',
        'Cannot read "empty.png": the file is empty',
        'Cannot read "cut.jpg": the image is cut off: its end is missing. Copy or download it again',
        'Cannot read "cut.png": the image is cut off: its end is missing. Copy or download it again',
        'Cannot read "damaged.png": the image is damaged',
      ]);
      expect(await page.locator('.detlab-live-tile').count()).toBe(3);
      await page.locator('.detlab-demo-problems button').first().click();
      expect(await problems(page)).toHaveLength(4);
    });
  });

  test('has a score slider, whose value stays for the next image', async () => {
    await onWasm(file, async (page) => {
      const [image] = await give(page, [png()]);
      const scores = image.boxes.map((box) => box[5] ?? 0).sort((a, b) => b - a);
      const threshold = Math.ceil(scores[5] * 100) / 100;
      const drawn = () => page.locator('rect[data-box]').count();
      await page.locator('input[type=range]').fill(threshold.toFixed(2));
      await page.waitForTimeout(100);
      const above = scores.filter((score) => score >= threshold).length;
      expect(above).toBeGreaterThan(0);
      expect(await drawn()).toBe(above);
      await give(page, [png('again.png')]);
      expect(await drawn()).toBe(2 * above);
      await page.getByText('Clear').click();
      expect(await page.locator('.detlab-live-tile').count()).toBe(0);
    });
  });

  test('takes what is dropped on it, and says when that is no file', async () => {
    await onWasm(file, async (page) => {
      const drop = (make: string) =>
        page.evaluate(`{
          const data = new DataTransfer();
          ${make};
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
        }`);
      await drop(`data.setData('text/plain', 'hello')`);
      expect(await problems(page)).toEqual([
        'What was dropped is no file: save the image and drop its file, or copy and paste it',
      ]);
      const base64 = scenePng().toString('base64');
      const bytes = `Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0))`;
      await drop(
        `for (const name of ['a.png', 'b.png']) data.items.add(new File([${bytes}], name, { type: 'image/png' }))`,
      );
      await page.locator('.detlab-live-tile').nth(1).waitFor();
      expect(await page.locator('.detlab-live-tile figcaption').allTextContents()).toEqual([
        expect.stringContaining('b.png'),
        expect.stringContaining('a.png'),
      ]);
    });
  });

  slowTest('takes the images of a folder that is dropped, from disk too', async () => {
    const [photos, empty] = [join(dir, 'photos'), join(dir, 'nothing')];
    for (const folder of [photos, join(photos, 'inside'), empty]) mkdirSync(folder);
    for (const name of ['10.png', '2.png', 'inside/3.png']) writeFileSync(join(photos, name), scenePng());
    for (const name of ['notes.txt', '../nothing/notes.txt']) writeFileSync(join(photos, name), 'no image');
    await onWasm(file, async (page) => {
      const session = await page.context().newCDPSession(page);
      const data = { items: [], files: [empty, photos], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
        await session.send('Input.dispatchDragEvent', { type, x: 100, y: 100, data });
      await page.locator('.detlab-live-tile').nth(1).waitFor();
      const captions = await page.locator('.detlab-live-tile figcaption').allTextContents();
      expect(captions.map((caption) => caption.split(' ')[0])).toEqual(['10.png', '2.png']);
      expect(await problems(page)).toEqual(['The folder "nothing" holds no images that a browser reads']);
    });
  });

  slowTest('watches a camera until Stop, while images are taken; and says when there is none', async () => {
    const fake = ['--disable-3d-apis', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
    const look = async (page: Page) => {
      await page.getByRole('button', { name: 'Camera' }).click();
      await page.evaluate(`{
        globalThis.frames = [];
        document.addEventListener('detlab-detections', ({ detail }) => frames.push(detail.name));
      }`);
      await page.waitForFunction("frames.filter((name) => name === 'camera').length > 2");
      await page.setInputFiles('input[type=file]', [png()]);
      await page.waitForFunction("frames.includes('scene.png')");
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('button', { name: 'Camera' }).waitFor();
      const tiles = await page.locator('.detlab-live-tile figcaption').allTextContents();
      expect(tiles.map((caption) => caption.split(' ')[0]).sort()).toEqual(['camera', 'scene.png']);
      expect(await problems(page)).toEqual([]);
    };
    await withPage(file, look, fake);
    await onWasm(file, async (page) => {
      await page.getByRole('button', { name: 'Camera' }).click();
      await page.locator('.detlab-demo-problems li').waitFor();
      expect(await problems(page)).toEqual([expect.stringMatching(/^Cannot watch the camera: /)]);
    });
  });

  slowTest('shows the frames of a video, and names one that the browser cannot decode', async () => {
    const clip = join(dir, 'clip.webm');
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=5:duration=1', '-c:v', 'libvpx', clip];
    const isMade = spawnSync('ffmpeg', ['-v', 'error', '-y', ...source]).status === 0;
    writeFileSync(join(dir, 'clip.avi'), 'RIFF----AVI no video');
    await onWasm(file, async (page) => {
      await page.setInputFiles('input[type=file]', [join(dir, 'clip.avi'), ...(isMade ? [clip] : [])]);
      if (isMade) await page.locator('.detlab-live-tile').waitFor();
      await page.getByRole('button', { name: 'Camera' }).waitFor();
      expect(await problems(page)).toEqual([
        'Cannot read the video "clip.avi": this browser cannot decode it. Convert it (ffmpeg -i FILE FILE.webm), or use detlab predict',
      ]);
    });
  });

  test('uses the GPU only after it has given the same detections', async () => {
    await withPage(file, async (page) => {
      const [first] = await give(page, [png()]);
      const engine = page.locator('.detlab-demo[data-engine]');
      await engine.waitFor({ timeout: 90_000 });
      // a browser without a GPU has a software renderer, or no WebGL
      expect(await engine.getAttribute('data-engine')).toMatch(
        /^(webgl|wasm: WebGL gives the same detections in .*|wasm: no WebGL 2 .*|wasm: WebGL without a GPU)$/,
      );
      const found = await give(page, [png('again.png')]);
      const { alone, box, score } = disagreement(foundIn(first, NAMES), foundIn(found[1], NAMES));
      expect(alone).toEqual([]);
      expect(box).toBeLessThan(0.1);
      expect(score).toBeLessThan(1e-3);
    });
  });

  slowTest('shows names of classes and of the model as they are, not as HTML', async () => {
    expect(readFileSync(file, 'utf8')).not.toContain('<traffic light>');
    await onWasm(file, async (page) => {
      await give(page, [png('<b>x.png')]);
      expect(await page.locator('h1').textContent()).toBe('Faster R-CNN <narrow>');
      expect(await page.locator('.detlab-live-chips').first().textContent()).toContain('<traffic light>');
      expect(await page.locator('.detlab-live-tile figcaption').textContent()).toContain('<b>x.png');
    });
  });

  test('has its weights in a folder beside it where they are large, which it finds, and misses by name', async () => {
    const large = model.demo().save(join(dir, 'large #1.html'), { oneFile: 100_000 });
    expect(existsSync(join(dir, 'large #1-weights', 'part-1.js'))).toBe(true);
    await onWasm(large, async (page) => {
      expect(await give(page, [png()])).toHaveLength(1);
      expect(await problems(page)).toEqual([]);
    });
    rmSync(join(dir, 'large #1-weights'), { recursive: true });
    await onWasm(large, async (page) => {
      await give(page, [png()]);
      expect(await problems(page)).toEqual([
        expect.stringContaining('is missing: the folder of the weights must be beside the page'),
      ]);
    });
  });

  slowTest('is the same in the HTML of a notebook, where it takes what is given to its cell', async () => {
    const { 'text/html': html } = model.demo()[JUPYTER_DISPLAY]();
    const exported = join(dir, 'notebook.html');
    writeFileSync(exported, `<!doctype html><body><main><div class="output">${html}</div></main></body>`);
    await onWasm(exported, async (page) => {
      expect(await give(page, [png()])).toHaveLength(1);
    });
  });

  test('has the extension .html', () => {
    expect(() => model.demo().save(join(dir, 'demo.png'))).toThrow('expected an extension of .html');
  });

  test('has neither paths of this machine nor what only training needs', () => {
    const [, weights] = /"weights":"([\w+/=]*)"/.exec(readFileSync(file, 'utf8')) ?? [];
    const header = Buffer.from(weights, 'base64').subarray(8, 200_000).toString('latin1');
    expect(header).toContain('test_dataloader');
    expect(header).not.toMatch(/train_dataloader|data_root|ann_file|torchvision:/);
  });
});
