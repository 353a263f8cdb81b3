// `detlab predict`: the config that a weights file holds, another one, sources of all forms, drawings and files.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writeWeights } from '../../src/checkpoints';
import { encodeState } from '../../src/nn/stored-tensor';
import { clip, hasFfmpeg } from '../ffmpeg';
import { scenes, small } from '../lab/small';
import { smallArguments } from '../lab/small-options';
import { detlab } from './detlab';

const CONFIG = 'faster-rcnn_r18_fpn_toytown';
let root: string;
let images: string[];
let weights: string;
let bare: string;
let config: string;
const at = (...names: string[]) => join(root, ...names);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'detlab-cli-predict-'));
  const town = await scenes(at('town'));
  images = town.train.records.map(({ path }) => path);
  // another neck than the config of its name
  const model = await small().neck({ type: 'PAFPN' }).classes(town.classes).build({ seed: 4 });
  weights = model.save(at('pafpn.safetensors'));
  config = model.save(at('pafpn.py'));
  bare = at('bare.safetensors');
  writeWeights(bare, encodeState(model.detector.stateDict()), { classes: [...model.classes] });
  model.dispose();
  mkdirSync(at('photos'));
  for (const i of [0, 1]) copyFileSync(images[i], at('photos', `${i}.jpg`));
  writeFileSync(at('photos', 'bad.jpg'), 'no image');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the config is that of the weights file', async () => {
  const { code, lines } = await detlab('predict', weights, images[0], '--json', '--threshold', '0');
  expect(code).toBe(0);
  expect(lines()).toEqual([expect.objectContaining({ event: 'predictions', image: images[0] })]);
  expect(lines()[0].predictions.length).toBeGreaterThan(3);
  const changed = await detlab(
    'predict',
    weights,
    images[0],
    '--json',
    '--cfg-options',
    'model.test_cfg.rcnn.max_per_img=2',
    '--threshold',
    '0',
  );
  expect(changed.lines()[0].predictions).toHaveLength(2);
});

test('another config: what differs is named', async () => {
  const other = await detlab('predict', CONFIG, weights, images[0], ...smallArguments);
  expect(other.code).toBe(2);
  expect(other.err).toContain('tensors do not match the config');
  expect(other.err).toContain(
    'the file holds its own config, which differs: model.neck.type is "PAFPN" in the file, "FPN" in the given config',
  );
  expect(other.err).toContain(`Leave the given config out: Model.load("${weights}"), detlab predict ${weights} SOURCE`);
  // of the same tensors: used, with a notice
  const override = ['--cfg-options', 'model.test_cfg.rcnn.max_per_img=3'];
  const same = await detlab('predict', config, weights, images[0], '--json', '--threshold', '0', ...override);
  expect([same.code, same.lines()[0]?.predictions.length]).toEqual([0, 3]);
  expect(same.err).toMatch(
    /holds a config of its own that differs from the given one, which is used: .*max_per_img is 100 in the file, 3 in the given config/,
  );
});

test('weights without a config need one', async () => {
  const { code, err } = await detlab('predict', bare, images[0]);
  expect(code).toBe(2);
  expect(err).toContain(
    `it has tensors but no config. Use detector(config).load("${bare}"), or detlab predict CONFIG ${bare} SOURCE`,
  );
});

test.each([
  [['nothing-such'], 'expected [CONFIG] WEIGHTS, received "nothing-such" alone'],
  [['nowhere.pth', 'a.jpg'], 'Cannot find the model "nowhere.pth"'],
])('%j', async (args, message) => {
  const { code, err } = await detlab('predict', ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test('no source, and options that cannot be met, before anything is loaded or predicted', async () => {
  expect(await detlab('predict', weights)).toMatchObject({
    code: 2,
    err: expect.stringContaining('received no source'),
  });
  const target = await detlab('predict', weights, images[0], '--save', at('a.bmp'));
  expect([target.code, target.out]).toEqual([2, '']);
  expect(target.err).toContain('expected an extension of .coco.json');
  expect((await detlab('predict', weights, images[0], '--as', 'yolo')).err).toContain('--as: it is of --out');
  expect((await detlab('predict', weights, images[0], '--out', at('x'), '--as', 'yolov9')).err).toContain(
    'Did you mean "yolo"?',
  );
});

test('a folder, a pattern and a bad file: the rest is done, and the code says so', async () => {
  const saved = at('results.coco.json');
  const { code, lines, err } = await detlab(
    'predict',
    weights,
    at('photos'),
    `${at('photos')}/1.*`,
    '--json',
    '--threshold',
    '0',
    '--batch',
    '2',
    '--out',
    at('drawn'),
    '--save',
    saved,
  );
  expect(code).toBe(3);
  const found = lines();
  expect(found.filter(({ event }) => event === 'predictions').map(({ image }) => image)).toEqual([
    at('photos/0.jpg'),
    at('photos/1.jpg'),
    at('photos/1.jpg'),
  ]);
  expect(found.filter(({ event }) => event === 'error')).toEqual([
    { event: 'error', image: at('photos/bad.jpg'), message: expect.stringContaining('Cannot decode') },
  ]);
  expect(err).toContain('Cannot decode image');
  expect(readdirSync(at('drawn')).sort()).toEqual(['0.png', '1-2.png', '1.png']);
  expect(found.at(-1)).toEqual({ event: 'saved', file: saved });
  expect(JSON.parse(readFileSync(saved, 'utf8')).length).toBeGreaterThan(6);
});

test('the folder of an ensemble; what it cannot do is said', async () => {
  const both = at('both');
  mkdirSync(both);
  for (const name of ['model-1.safetensors', 'model-2.safetensors']) copyFileSync(weights, join(both, name));
  writeFileSync(join(both, 'ensemble.json'), JSON.stringify({ models: readdirSync(both), options: {} }));
  const run = (...more: string[]) => detlab('predict', both, images[0], '--json', '--threshold', '0', ...more);
  const { code, lines } = await run();
  expect([code, lines()[0].predictions.length > 3]).toEqual([0, true]);
  const batched = await run('--batch', '2');
  expect(batched.code).toBe(2);
  expect(batched.err).toContain('an ensemble detects in one image after the other. Leave out batch');
  const changed = await run('--cfg-options', 'model.test_cfg.rcnn.max_per_img=2');
  expect([changed.code, changed.err]).toEqual([2, expect.stringContaining('each of its models has a config')]);
});

test('pages of a TIFF and frames of an animation, with views, tiles and identities', async () => {
  const pages = sharp(await Promise.all(images.slice(0, 3).map((image) => sharp(image).png().toBuffer())), {
    join: { animated: true },
  });
  await pages.clone().tiff().toFile(at('scan.tif'));
  await pages.clone().gif().toFile(at('moving.gif'));
  const run = async (...args: string[]) => {
    const { code, lines, err } = await detlab('predict', weights, ...args, '--json', '--threshold', '0');
    return [code, lines().map(({ event, image, time }) => [event, image, time]), err];
  };
  const found = (names: string[], times: (number | undefined)[] = []) =>
    names.map((name, i) => ['predictions', name, times[i]]);
  const scanned = found([1, 2, 3].map((i) => `scan.tif#page=${i}`));
  expect(await run(at('scan.tif'), '--tta', '--out', at('pages'))).toEqual([0, scanned, '']);
  expect(readdirSync(at('pages')).sort()).toEqual(['scan-page-001.png', 'scan-page-002.png', 'scan-page-003.png']);
  const frames = found(['moving.gif#0', 'moving.gif#1'], [0, 0.1]);
  expect(await run(at('moving.gif'), '--max-frames', '2', '--track')).toEqual([0, frames, '']);
  expect((await run(images[0], '--tiles', '64', '--tta-views', 'flip,0.8,1'))[0]).toBe(0);
});

test('why a video cannot be written is said once; its frames are there', async () => {
  await sharp(await Promise.all([0, 1, 2].map((i) => sharp(images[i]).png().toBuffer())), { join: { animated: true } })
    .gif()
    .toFile(at('three.gif'));
  vi.stubEnv('DETLAB_FFMPEG', at('no', 'ffmpeg'));
  const { code, err, lines } = await detlab('predict', weights, at('three.gif'), '--out', at('unwritten'), '--json');
  vi.unstubAllEnvs();
  expect(code).toBe(3);
  expect(err.trim().split('\n')).toEqual([
    expect.stringMatching(/^Cannot draw the boxes of "three.gif#0": Cannot write the video/),
  ]);
  expect(lines().filter(({ event }) => event === 'predictions')).toHaveLength(3);
});

test('of sources without an image nothing is saved', async () => {
  mkdirSync(at('none'));
  writeFileSync(at('none', 'broken.png'), 'no image');
  const results = at('none.coco.json');
  const { code, out, err } = await detlab('predict', weights, at('none'), '--save', results);
  expect([code, existsSync(results)]).toEqual([3, false]);
  expect(err).toContain('broken.png');
  expect(out).toContain(`nothing saved to ${results}: no image was read`);
});

test('drawings do not replace the images that are given', async () => {
  mkdirSync(at('same'));
  copyFileSync(images[0], at('same', 'a.png'));
  const { size } = statSync(at('same', 'a.png'));
  for (const source of [at('same', 'a.png'), at('same'), `${at('same')}/a*`])
    expect((await detlab('predict', weights, source, '--out', at('same'))).code).toBe(0);
  expect(statSync(at('same', 'a.png')).size).toBe(size);
});

test('pre-annotations', async () => {
  const { code } = await detlab(
    'predict',
    weights,
    images[0],
    images[1],
    '--threshold',
    '0.2',
    '--out',
    at('labels'),
    '--as',
    'labelme',
  );
  expect([code, readdirSync(at('labels')).length]).toEqual([0, 2]);
});

test.skipIf(!hasFfmpeg)('a video is drawn into a video', async () => {
  const file = clip(at('clip.mp4'), { seconds: 1, rate: 8, size: '96x64' });
  const { code, out } = await detlab(
    'predict',
    weights,
    file,
    '--fps',
    '4',
    '--max-frames',
    '3',
    '--out',
    at('videos'),
    '--save',
    at('clip.csv'),
  );
  expect(code).toBe(0);
  expect(out).toMatch(/clip\.mp4#2 {2}0\.50 s {2}\d+ box(es)? {2}drawn: .*clip\.mp4/);
  expect(readdirSync(at('videos'))).toEqual(['clip.mp4']);
});
