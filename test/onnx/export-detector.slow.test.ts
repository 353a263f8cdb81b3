// Exported detectors in Python's ONNX Runtime and in OpenVINO: the detections of `predict`. DETLAB_ONNX_PYTHON names a Python that
// has the packages of requirements.txt; without it they are installed into a temporary one.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../src/data/types';
import { startEngine } from '../../src/engine';
import type { Detector } from '../../src/models/types';
import type { OnnxFile } from '../../src/onnx/export-detector';
import { CORNERS } from './corner-detectors';
import { DENSE } from './dense-detectors';
import { cut, detectionsOf, exported, feeds, lively, SIZE, sampleOf, session } from './exported';
import { GRIDS } from './grid-detectors';
import { MASK_QUERIES, querying } from './mask-query-detectors';
import { MASKED } from './masked-detectors';
import { PANOPTIC } from './panoptic-detectors';
import { QUERIES } from './query-detectors';
import { TWO_STAGE } from './two-stage-detectors';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-runtimes-'));
let python = process.env.DETLAB_ONNX_PYTHON;

beforeAll(async () => {
  await startEngine();
  if (python) return;
  execFileSync('python3', ['-m', 'venv', path.join(folder, 'venv')]);
  python = path.join(folder, 'venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', path.join(__dirname, 'requirements.txt')]);
}, 1_800_000);
afterAll(() => rmSync(folder, { recursive: true }));

const soft: ModuleConfig = { ...DENSE.RetinaNet, test_cfg: { ...cut, nms: { type: 'soft_nms', iou_threshold: 0.3 } } };
const ALL: Record<string, ModuleConfig> = {
  ...DENSE,
  ...CORNERS,
  ...MASKED,
  ...GRIDS,
  ...MASK_QUERIES,
  'RetinaNet, soft NMS': soft,
  ...TWO_STAGE,
  ...PANOPTIC,
  ...QUERIES,
};
/**
 * Of the other seed two boxes of YOLOv3 have equal scores, and BoxInst's boxes no width: rounding decides which one NMS keeps. Two of
 * YOLOv7's share the last place of `max_per_img` to the bit: ONNX leaves open which one stays, and OpenVINO keeps the other.
 */
const SEEDS = [...Object.keys(TWO_STAGE), ...Object.keys(PANOPTIC), 'YOLOv3', 'YOLOv7', 'BoxInst'];

/** What `predict` finds; of detectors with masks or segments what ONNX Runtime in Node finds, with them. */
async function expectedOf(model: Detector, samples: PackedSample[], file: OnnxFile) {
  if (file.outputs.includes('masks') || file.outputs.includes('segments')) {
    const running = await session(file);
    const { masks, segments, ...results } = await running.run(feeds(model, samples, file.inputs));
    await running.release();
    return detectionsOf(results).map(({ bboxes, scores, labels }, i) => ({
      boxes: [...bboxes],
      scores: [...scores],
      labels: [...labels],
      ...(masks && { masks: Array.from(scores, (_, k) => [...(part(masks, i, k) as Float32Array)]) }),
      ...(segments && { segments: Array.from(part(segments, i) as BigInt64Array, Number) }),
    }));
  }
  const batch = model.preprocess(samples);
  let found: Detections[] = [];
  tf.tidy(() => {
    found = model.predict(batch, { rescale: false });
  });
  batch.inputs.dispose();
  return found.map(({ bboxes, rboxes = bboxes, scores, labels, keypoints }) => ({
    boxes: [...rboxes],
    scores: [...scores],
    labels: [...labels],
    ...(keypoints && { keypoints: Array.from(scores, (_, k) => rowOf(keypoints, k, scores.length)) }),
  }));
}

/** Of an output the values of an image, or of one of its rows. */
function part({ dims: [images, rows], data }: Tensor, i: number, k?: number) {
  const size = data.length / images;
  const row = size / rows;
  return k === undefined
    ? data.slice(i * size, (i + 1) * size)
    : data.slice(i * size + k * row, i * size + (k + 1) * row);
}

const rowOf = (table: Float32Array, k: number, rows: number): number[] => {
  const width = table.length / rows;
  return [...table.subarray(k * width, (k + 1) * width)];
};

/** The file, what goes in, and what comes out. */
async function writeCase(name: string, options: Parameters<typeof exported>[1]): Promise<void> {
  const samples = [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)];
  const model =
    name in MASK_QUERIES ? querying(ALL[name], samples[0]) : lively(ALL[name], SEEDS.includes(name) ? 2 : 1);
  const file = exported(model, options);
  const inputs = Object.entries(feeds(model, samples, file.inputs)).map(([key, { dims, data }]) => [
    key,
    { shape: dims, data: [...(data as Float32Array)] },
  ]);
  const expected = await expectedOf(model, samples, file);
  model.dispose();
  const stem = path.join(folder, options?.dynamicBatch ? `${name}-dynamic` : name);
  writeFileSync(`${stem}.onnx`, file.bytes);
  writeFileSync(`${stem}.json`, JSON.stringify({ inputs: Object.fromEntries(inputs), expected, size: SIZE }));
}

test('ONNX Runtime and OpenVINO find what predict finds', async () => {
  for (const name of Object.keys(ALL)) {
    await writeCase(name, { batch: 2 });
    await writeCase(name, { dynamicSize: true, dynamicBatch: true });
  }
  const { stdout, stderr } = spawnSync(python!, [path.join(__dirname, 'runtimes.py'), folder], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter(Boolean);
  if (process.env.ONNX_REPORT) console.log(stdout, stderr);
  expect(lines, stderr).toHaveLength(2 * Object.keys(ALL).length);
  for (const line of lines) {
    const { name, error, onnxruntime, openvino } = JSON.parse(line);
    expect(error, name).toBeUndefined();
    for (const { box, score, mask, keypoint, segment } of [onnxruntime, openvino]) {
      expect(box, name).toBeLessThan(1e-2);
      expect(score, name).toBeLessThan(1e-4);
      expect(mask, name).toBeLessThan(1e-4);
      expect(keypoint, name).toBeLessThan(1e-2);
      expect(segment, name).toBeLessThan(1e-3);
    }
  }
}, 1_800_000);
