// Exported detectors in Python's ONNX Runtime and in OpenVINO: the detections of `predict`. DETLAB_ONNX_PYTHON names a Python that
// has the packages of requirements.txt; without it they are installed into a temporary one.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Detections } from '../../src/data/types';
import { startEngine } from '../../src/engine';
import { DENSE } from './dense-detectors';
import { exported, feeds, lively, SIZE, sampleOf } from './exported';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-runtimes-'));
let python = process.env.DETLAB_ONNX_PYTHON;

beforeAll(async () => {
  await startEngine();
  if (python) return;
  execFileSync('python3', ['-m', 'venv', path.join(folder, 'venv')]);
  python = path.join(folder, 'venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', path.join(__dirname, 'requirements.txt')]);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The file, what goes in, and what `predict` finds. */
function writeCase(name: string, options: Parameters<typeof exported>[1]): void {
  const model = lively(DENSE[name]);
  const samples = [sampleOf(...SIZE, 1), sampleOf(...SIZE, 2)];
  const file = exported(model, options);
  const inputs = Object.entries(feeds(model, samples, file.inputs)).map(([key, { dims, data }]) => [
    key,
    { shape: dims, data: [...(data as Float32Array)] },
  ]);
  const batch = model.preprocess(samples);
  let found: Detections[] = [];
  tf.tidy(() => {
    found = model.predict(batch, { rescale: false });
  });
  batch.inputs.dispose();
  model.dispose();
  const expected = found.map(({ bboxes, scores, labels }) => ({
    boxes: [...bboxes],
    scores: [...scores],
    labels: [...labels],
  }));
  const stem = path.join(folder, options?.dynamicBatch ? `${name}-dynamic` : name);
  writeFileSync(`${stem}.onnx`, file.bytes);
  writeFileSync(`${stem}.json`, JSON.stringify({ inputs: Object.fromEntries(inputs), expected, size: SIZE }));
}

test('ONNX Runtime and OpenVINO find what predict finds', () => {
  for (const name of Object.keys(DENSE)) {
    writeCase(name, { batch: 2 });
    writeCase(name, { dynamicSize: true, dynamicBatch: true });
  }
  const { stdout, stderr } = spawnSync(python!, [path.join(__dirname, 'runtimes.py'), folder], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter(Boolean);
  expect(lines, stderr).toHaveLength(2 * Object.keys(DENSE).length);
  for (const line of lines) {
    const { name, error, onnxruntime, openvino } = JSON.parse(line);
    expect(error, name).toBeUndefined();
    expect(Math.max(onnxruntime.box, openvino.box), name).toBeLessThan(1e-2);
    expect(Math.max(onnxruntime.score, openvino.score), name).toBeLessThan(1e-4);
  }
}, 600_000);
