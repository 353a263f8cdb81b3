// results.pkl, read back by Python's pickle and torch.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type ImageResult, resultsPickle } from '../../src/evaluation/results-pickle';
import { places } from '../../src/paths';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-pickle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const READ = `
import json, pickle, sys, torch
def plain(value):
    if isinstance(value, torch.Tensor): return [str(value.dtype), list(value.shape), value.tolist()]
    if isinstance(value, bytes): return ['bytes', value.decode()]
    if isinstance(value, tuple): return ['tuple', *value]
    if isinstance(value, list): return [plain(v) for v in value]
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    return value
print(json.dumps(plain(pickle.load(open(sys.argv[1], 'rb')))))`;

function inPython(images: readonly ImageResult[]): unknown {
  const file = path.join(folder, 'results.pkl');
  writeFileSync(file, resultsPickle(images));
  return JSON.parse(execFileSync(places.venvPython(), ['-c', READ, file], { encoding: 'utf8' }));
}

it.skipIf(!existsSync(places.venvPython()))('is what DumpDetResults writes', () => {
  const shared = { path: 'Zürich/"a".jpg', height: 3, width: 4 };
  const mask = { height: 3, width: 4, counts: Uint32Array.of(2, 4, 6) };
  const detections = {
    bboxes: Float32Array.of(0.5, 1, 2.25, 3, 0, 0, 4, 3),
    scores: Float32Array.of(0.75, 0.125),
    labels: Int32Array.of(79, 0),
  };
  const none = { bboxes: new Float32Array(0), scores: new Float32Array(0), labels: new Int32Array(0) };
  const facts = { img_path: shared.path, ori_shape: ['tuple', 3, 4] };
  expect(
    inPython([
      { id: 7, ...shared, detections: { ...detections, masks: [mask, mask] } },
      { id: 2 ** 40, ...shared, detections: none },
    ]),
  ).toEqual([
    {
      img_id: 7,
      ...facts,
      pred_instances: {
        bboxes: [
          'torch.float32',
          [2, 4],
          [
            [0.5, 1, 2.25, 3],
            [0, 0, 4, 3],
          ],
        ],
        scores: ['torch.float32', [2], [0.75, 0.125]],
        labels: ['torch.int64', [2], [79, 0]],
        masks: [
          { size: [3, 4], counts: ['bytes', '246'] },
          { size: [3, 4], counts: ['bytes', '246'] },
        ],
      },
    },
    {
      img_id: 2 ** 40,
      ...facts,
      pred_instances: {
        bboxes: ['torch.float32', [0, 4], []],
        scores: ['torch.float32', [0], []],
        labels: ['torch.int64', [0], []],
      },
    },
  ]);
});
