// `model.save('m.onnx')`: options, places, metadata; and that nothing is written where it fails.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector, type Model } from '../../../src';
import type { PixelImage } from '../../../src/data';
import { isOnnxFile } from '../../../src/lab/onnx/save-onnx';
import { testSample } from '../../../src/lab/test-sample';
import { Random } from '../../../src/random';
import { enliven, feeds } from '../../onnx/exported';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-onnx-'));
const at = (name: string) => path.join(folder, name);
let model: Model;

/** Small networks of published configs. */
const YOLOX = {
  'model.detector.backbone.deepen_factor': 0.1,
  'model.detector.backbone.widen_factor': 0.125,
  'model.detector.neck.in_channels': [32, 64, 128],
  'model.detector.neck.out_channels': 16,
  'model.detector.neck.num_csp_blocks': 1,
  'model.detector.bbox_head.in_channels': 16,
  'model.detector.bbox_head.feat_channels': 16,
  'model.detector.init_cfg': null,
};
const FASTER = {
  'model.detector.backbone.depth': 18,
  'model.detector.backbone.base_channels': 8,
  'model.detector.backbone.init_cfg': null,
  'model.detector.neck.in_channels': [8, 16, 32, 64],
  'model.detector.init_cfg': null,
};

beforeAll(async () => {
  const recipe = detector('yolov8_n_toytown').set({ 'model.test_cfg.max_per_img': 7 });
  model = (await recipe.classes(['car', 'tree']).build({ seed: 0 })).withThreshold(0.4);
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

test('the file says what a program needs that runs it', async () => {
  const file = model.save(at('a.onnx'));
  expect(file).toBe(at('a.onnx'));
  expect(readdirSync(folder)).toEqual(['a.onnx']);
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  expect(session.inputNames).toEqual(['images']);
  expect(session.outputNames).toEqual(['boxes', 'scores', 'labels']);
  const shapes = session.outputMetadata.map((o) => (o.isTensor ? o.shape : []));
  expect(shapes).toEqual([
    [1, 7, 4],
    [1, 7],
    [1, 7],
  ]);
  await session.release();
  const text = readFileSync(file, 'latin1');
  expect(text).toContain('["car","tree"]');
  expect(text).toContain('"channel_order":"rgb"');
  expect(text).toContain('score_threshold');
});

test('sizes, batch and names of what changes', async () => {
  const shapeOf = async (name: string) => {
    const session = await ort.InferenceSession.create(at(name), { logSeverityLevel: 3 });
    const [images] = session.inputMetadata;
    await session.release();
    return images.isTensor && images.shape;
  };
  model.save(at('b.onnx'), { size: [64, 96], batch: 2, nms: false });
  expect(await shapeOf('b.onnx')).toEqual([2, 3, 64, 96]);
  model.save(at('c.onnx'), { dynamic: 'batch', size: 64 });
  expect(await shapeOf('c.onnx')).toEqual(['batch', 3, 64, 64]);
  model.save(at('d.onnx'), { dynamic: true });
  expect(await shapeOf('d.onnx')).toEqual(['batch', 3, 'height', 'width']);
});

test('half precision is a smaller file', () => {
  const bytes = (name: string) => readFileSync(at(name)).length;
  model.save(at('half.onnx'), { precision: 'float16' });
  expect(bytes('half.onnx')).toBeLessThan(0.6 * bytes('a.onnx'));
});

test.each([
  [
    { nsm: false },
    /unknown option "nsm"; expected nms, size, batch, dynamic, precision, tracker. Did you mean "nms"\?/,
  ],
  [{ precision: 'float8' }, /precision/],
  [{ dynamic: 'width' }, /dynamic/],
  [{ batch: 0 }, /batch/],
  [{ size: 50 }, /Cannot save .* at 50 x 50 pixels: .* multiples of 32/s],
  [{ tracker: false }, /Cannot save .* is of models that track. Leave tracker out/],
  [{ size: 64, dynamic: true }, /size and a dynamic size exclude each other/],
  [{ batch: 2, dynamic: 'batch' }, /batch and a dynamic batch exclude each other/],
])('refuses %o', (options, message) => {
  const before = readdirSync(folder);
  expect(() => model.save(at('refused.onnx'), options as object)).toThrow(message);
  expect(readdirSync(folder)).toEqual(before);
});

test('a head that votes by score is saved with its votes', async () => {
  const small = {
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 8,
    'model.backbone.init_cfg': null,
    'model.neck.in_channels': [8, 16, 32, 64],
    'model.neck.out_channels': 32,
    'model.bbox_head.in_channels': 32,
    'model.bbox_head.feat_channels': 32,
    'model.bbox_head.stacked_convs': 1,
  };
  const other = await detector('paa_r50_fpn_1x_coco').set(small).classes(['car']).build({ seed: 0 });
  other.save(at('voted.onnx'), { size: 64, dynamic: 'batch' });
  expect(existsSync(at('voted.onnx'))).toBe(true);
  other.dispose();
});

test.each([
  ['bytetrack_yolox_x_8xb4-amp-80e_crowdhuman-mot17halftrain_test-mot17halfval', YOLOX],
  ['qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval', FASTER],
])('%s: a tracker is refused, the detector inside is saved', async (name, small) => {
  const tracking = await detector(name).set(small).build({ seed: 0 });
  expect(() => tracking.save(at('tracking.onnx'), { size: 64 })).toThrow(
    /a tracker has no form in ONNX.*Save the detector inside of it, with { tracker: false }$/,
  );
  expect(existsSync(at('tracking.onnx'))).toBe(false);
  const file = tracking.save(at('tracking.onnx'), { size: 64, tracker: false });
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  expect(session.outputNames).toEqual(['boxes', 'scores', 'labels']);
  await session.release();
  expect(readFileSync(file, 'latin1')).toMatch(/"test_cfg":{[^}]*score_thr|"test_cfg":{"rpn"/);
  rmSync(file);
  tracking.dispose();
});

test('a place where no file can be is refused before the network runs', () => {
  mkdirSync(at('folder.onnx'));
  expect(() => model.save(at('folder.onnx'))).toThrow(/Cannot save ".*folder.onnx": it is a folder/);
  writeFileSync(at('file'), '');
  expect(() => model.save(at('file/m.onnx'))).toThrow(/Cannot save ".*": no folder can be there .ENOTDIR/);
  expect(() => model.save(at('.onnx'))).toThrow(/expected a name before/);
  model.save(at('new/deep/m.onnx'), { size: 64 });
  expect(existsSync(at('new/deep/m.onnx'))).toBe(true);
});

test.skipIf(process.getuid?.() === 0)('an earlier file stays where the new one cannot be written', () => {
  mkdirSync(at('locked'));
  writeFileSync(at('locked/m.onnx'), 'earlier');
  chmodSync(at('locked'), 0o500);
  expect(() => model.save(at('locked/m.onnx'), { size: 64 })).toThrow(/Cannot save/);
  chmodSync(at('locked'), 0o700);
  expect(readFileSync(at('locked/m.onnx'), 'utf8')).toBe('earlier');
});

test('options are of .onnx files alone', () => {
  expect(() => model.save(at('m.pth'), { nms: false })).toThrow(/the option nms is of .onnx files/);
  expect(isOnnxFile('A.ONNX')).toBe(true);
});

test('an image through the pipeline, the file and back to its pixels has the detections of predict', async () => {
  const found = model.withThreshold(0).detector;
  enliven(found, Random.seeded(4));
  const random = Random.seeded(5);
  const [width, height] = [150, 90];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 40 * ((i >> 6) % 4) + 80 * random.uniform());
  const pixels: PixelImage = { data, width, height, order: 'rgb' };
  const predictions = await model.predict(pixels, { threshold: 0 });
  const sample = await testSample(pixels, model.config, 'noise');
  const { imgShape, scaleFactor, padParam: [top, , left] = [0, 0, 0, 0] } = sample.meta;
  const file = model.save(at('photo.onnx'), { size: imgShape });
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  const { boxes, scores, labels } = await session.run(feeds(found, [sample], session.inputNames));
  await session.release();
  const limits = [width, height, width, height];
  expect(predictions.length).toBeGreaterThan(3);
  for (const [i, { bbox, score, label }] of [...predictions].entries()) {
    const box = [0, 1, 2, 3].map((k) => {
      const placed = ((boxes.data[4 * i + k] as number) - (k & 1 ? top : left)) / scaleFactor[k & 1];
      return Math.min(Math.max(placed, 0), limits[k]);
    });
    for (const [k, v] of box.entries()) expect(Math.abs(v - bbox[k]), `box ${i}`).toBeLessThan(1e-2);
    expect(Math.abs((scores.data[i] as number) - score)).toBeLessThan(1e-4);
    expect(model.classes[Number(labels.data[i])]).toBe(label);
  }
});
