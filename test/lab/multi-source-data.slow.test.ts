// A small Soft Teacher fitted with labels and images without: losses of both, tables of teacher and student, and its file.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { detector } from '../../src';
import { scenes } from './small';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-semi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAME = 'soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco';
const SMALL = {
  'model.detector.backbone.depth': 18,
  'model.detector.backbone.base_channels': 8,
  'model.detector.backbone.init_cfg': null,
  'model.detector.neck.in_channels': [8, 16, 32, 64],
  'model.detector.neck.out_channels': 16,
  'model.detector.rpn_head.in_channels': 16,
  'model.detector.rpn_head.feat_channels': 16,
  'model.detector.roi_head.bbox_roi_extractor.out_channels': 16,
  'model.detector.roi_head.bbox_head.in_channels': 16,
  'model.detector.roi_head.bbox_head.fc_out_channels': 24,
  'train_cfg.max_iters': 4,
  'train_cfg.val_interval': 2,
} as const;

test('four iterations of Soft Teacher', async () => {
  const labelled = await scenes(folder);
  const recipe = detector(NAME)
    .imageSize([128, 96])
    .set(SMALL as never)
    .classes(labelled.classes);
  await expect(recipe.fit(labelled, { workDir: false })).rejects.toThrow(/withUnlabelled/);
  const data = await labelled.withUnlabelled(labelled);
  const lines: string[] = [];
  const workDir = path.join(folder, 'run');
  const run = await recipe.fit(data, { workDir, seed: 1, logInterval: 1, workers: 0, log: (line) => lines.push(line) });
  const log = lines.join('\n');
  expect(log).toContain('12 images without labels: learned by what the teacher finds in them');
  for (const name of ['sup_loss_cls', 'sup_loss_bbox', 'unsup_loss_cls', 'unsup_loss_rpn_bbox']) {
    const values = [...log.matchAll(new RegExp(`\\b${name}:? (\\S+)`, 'g'))].map(([, value]) =>
      Number.parseFloat(value),
    );
    expect(values, name).toHaveLength(4);
    expect(values.every(Number.isFinite), name).toBe(true);
  }
  const shown = String(run);
  expect(shown).toMatch(/, teacher/);
  expect(shown).toMatch(/, student/);
  expect(run.report!.twins!.map(({ name }) => name)).toEqual(['teacher', 'student']);

  const file = path.join(folder, 'soft.pth');
  await run.model.save(file);
  const again = await recipe.load(file);
  const image = data.val!.records[0].path;
  const [found, expected] = [await again.predict(image), await run.model.predict(image)];
  expect(expected.length).toBeGreaterThan(0);
  expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
}, 300_000);
