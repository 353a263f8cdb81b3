// CocoMetric of several kinds: boxes, masks, proposals.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import type { Dataset } from '../../src/data/types';
import { CocoMetric, mmdetectionNames } from '../../src/evaluation/coco-metric';
import type { MetricFactory } from '../../src/evaluation/report';
import { polygonToRle } from '../../src/masks';

describe('CocoMetric of several kinds', () => {
  const polygon = [10, 10, 10, 30, 30, 30, 30, 10];
  const record = {
    id: 1,
    path: 'x.jpg',
    width: 50,
    height: 40,
    truths: {
      bboxes: Float32Array.from([10, 10, 30, 30, 0, 0, 8, 8]),
      labels: Int32Array.from([0, 1]),
      ignored: new Uint8Array(2),
    },
    areas: Float32Array.from([400, 64]),
    segmentations: [[polygon], [[0, 0, 0, 8, 8, 8, 8, 0]]],
    annotationIds: [1, 2],
  };
  const data = { name: 'x', classes: ['cell', 'dot'], records: [record], problems: [] };
  const build = (options: object, of: Dataset = data) =>
    (new Registry([CocoMetric]).build('metric', { type: 'CocoMetric', ...options }, { path: 'm' }) as MetricFactory)(
      of,
    );
  const found = {
    bboxes: [10, 10, 30, 30, 10, 10, 30, 28],
    scores: [0.9, 0.8],
    labels: [0, 0],
    masks: [polygonToRle([10, 10, 10, 30, 20, 30, 20, 10], 40, 50), polygonToRle(polygon, 40, 50)],
  };

  it('boxes and masks stand side by side', async () => {
    const metric = await build({ metric: ['bbox', 'segm'] });
    metric.add(1, found);
    const report = metric.compute();
    expect(report.perClass.map((row) => row.class)).toEqual(['cell', 'dot']);
    expect(report.perClass[0].metrics.AP).toBe(1);
    // the first mask covers half: of ten thresholds it passes 0.5 alone, and the second mask is exact
    expect(report.perClass[0].metrics.segm_AP).toBeCloseTo((1 + 9 * 0.5) / 10, 6);
    expect(report.metrics.segm_AP).toBeCloseTo(report.perClass[0].metrics.segm_AP / 2, 6);
    const names = mmdetectionNames(report);
    expect(names['coco/bbox_mAP']).toBe(0.5);
    expect(names['coco/segm_mAP']).toBe(report.metrics.segm_AP);
    expect(Object.keys(names)).toContain('coco/segm_AR_s@100');
  });

  it('masks of objects without outline are ignored, their boxes are not', async () => {
    const partly = { ...data, records: [{ ...record, segmentations: [record.segmentations[0], undefined] }] };
    const metric = await build({ metric: ['bbox', 'segm'] }, partly);
    metric.add(1, {
      bboxes: [10, 10, 30, 30, 0, 0, 8, 8],
      scores: [0.9, 0.8],
      labels: [0, 1],
      masks: [found.masks[1], polygonToRle([1, 1, 1, 5, 5, 5, 5, 1], 40, 50)],
    });
    const { perClass } = metric.compute();
    expect(perClass.map(({ metrics }) => [metrics.AP, metrics.segm_AP])).toEqual([
      [1, 1],
      [1, -1],
    ]);
  });

  it('masks are compared in the frame of the image file, whatever size the annotations give', async () => {
    const halved = { ...data, records: [{ ...record, width: 25, height: 20 }] };
    const metric = await build({ metric: 'segm' }, halved);
    metric.add(1, { ...found, labels: [0, 1] });
    expect(metric.compute().perClass[0].metrics.segm_AP).toBeGreaterThan(0);
  });

  it('recall of proposals, whatever their class', async () => {
    const metric = await build({ metric: ['proposal', 'proposal_fast'], proposal_nums: [1, 2] });
    metric.add(1, found);
    const { metrics, perClass } = metric.compute();
    // 1 of 2 truths is covered by the first proposal at every threshold
    expect(metrics).toMatchObject({ 'proposal_AR@1': 0.5, 'proposal_AR@2': 0.5, 'proposal_fast_AR@1': 0.5 });
    expect(metrics['proposal_fast_AR@2']).toBe(0.5);
    expect(perClass).toEqual([]);
    expect(Object.keys(metrics)).not.toContain('proposal_AP');
    expect(mmdetectionNames({ metrics })).toMatchObject({ 'coco/AR@1': 0.5, 'coco/AR_s@2': expect.any(Number) });
  });

  it('masks that are missing are missed in words', async () => {
    const metric = await build({ metric: 'segm' });
    expect(() => metric.add(1, { ...found, masks: undefined })).toThrow(/one per box \(2\), received none.*mask_head/);
    const bare = { ...data, records: [{ ...record, segmentations: undefined }] };
    const make = new Registry([CocoMetric]).build(
      'metric',
      { type: 'CocoMetric', metric: 'segm' },
      { path: 'm' },
    ) as MetricFactory;
    await expect(make(bare)).rejects.toThrow(/none of the 2 ground-truth objects has a segmentation/);
  });

  it('metric_items, classwise and prefix are those of the log', async () => {
    const log = async (options: object) => {
      const metric = await build(options);
      metric.add(1, found);
      return metric.compute();
    };
    const items = await log({ metric_items: ['mAP_50', 'AR@300'], prefix: 'cells' });
    expect(items.metrics).toEqual({ AP50: 0.5, 'AR@300': expect.any(Number) }); // MMDetection's proposal_nums
    expect(Object.keys(items.logged!)).toEqual(['cells/bbox_mAP_50', 'cells/bbox_AR@300']);
    const classwise = await log({ classwise: true, metric: ['bbox', 'segm'] });
    expect(classwise.logged).toMatchObject({
      'coco/bbox_mAP': 0.5,
      'coco/cell_precision': 1,
      'coco/segm_cell_precision': classwise.perClass[0].metrics.segm_AP,
      'coco/dot_precision': 0,
    });
    expect(() => build({ metric_items: ['AR@300'], proposal_nums: [1, 10] })).toThrow(
      'Cannot report the metric item "AR@300": proposal_nums: [1,10] gives mAP, mAP_50,',
    );
    expect(() => build({ metric_items: ['map'] })).toThrow('expected mAP, mAP_50');
  });

  it('format_only writes the files that a server evaluates, and computes nothing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'detlab-coco-'));
    const outfile_prefix = path.join(folder, 'deep', 'results');
    const metric = await build(
      { format_only: true, outfile_prefix },
      {
        ...data,
        categories: [
          { id: 18, label: 0 },
          { id: 3, label: 1 },
        ],
      },
    );
    metric.add(1, { ...found, labels: [0, 1] });
    expect(metric.compute().metrics).toEqual({});
    const files = await metric.write!();
    expect(files).toEqual([`${outfile_prefix}.bbox.json`, `${outfile_prefix}.segm.json`]);
    const [boxes, masks] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
    expect(boxes).toEqual([
      { image_id: 1, bbox: [10, 10, 20, 20], score: 0.9, category_id: 18 },
      { image_id: 1, bbox: [10, 10, 20, 18], score: 0.8, category_id: 3 },
    ]);
    expect(masks[1].segmentation.size).toEqual([40, 50]);
    rmSync(folder, { recursive: true });
    expect(() => build({ format_only: true })).toThrow('it needs outfile_prefix');
  });
});
