import { mkdtempSync } from 'node:fs';
import { expect, test } from 'vitest';
import { detector, dataset } from '../../src';
test('fit', async () => {
  const toy = await dataset.toytown({ images: 30, seed: 3, width: 128, height: 96 });
  const half = toy.split(0.5, { seed: 1 });
  const recipe = detector('soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco').imageSize([128, 96]).set({
    'model.detector.backbone.depth': 18, 'model.detector.backbone.base_channels': 8, 'model.detector.backbone.init_cfg': null,
    'model.detector.neck.in_channels': [8, 16, 32, 64], 'model.detector.neck.out_channels': 16,
    'model.detector.rpn_head.in_channels': 16, 'model.detector.rpn_head.feat_channels': 16,
    'model.detector.roi_head.bbox_roi_extractor.out_channels': 16, 'model.detector.roi_head.bbox_head.in_channels': 16,
    'model.detector.roi_head.bbox_head.fc_out_channels': 24,
    'train_cfg.max_iters': 4, 'train_cfg.val_interval': 2,
  } as never).classes(toy.classes);
  await expect(recipe.fit(half, { workDir: false })).rejects.toThrow(/withUnlabelled/);
  const data = await toy.split('val' in toy ? 0.2 : 0.2).withUnlabelled(toy.split('train'));
  console.log(String(data).slice(0, 900));
  const lines: string[] = [];
  const dir = mkdtempSync('/tmp/semi-');
  const run = await recipe.fit(data, { workDir: dir, seed: 1, logInterval: 1, log: (l) => lines.push(l), workers: 1 });
  console.log(lines.join('\n'));
  console.log(String(run));
  console.log(await recipe.batches(data, { count: 1 }).then((b) => String(b)));
  await run.model.save(`${dir}/m.onnx`);
  await run.model.save(`${dir}/m.pth`);
  const img = data.val!.records[0].path;
  const again = await recipe.load(`${dir}/m.pth`);
  expect(JSON.stringify(await again.predict(img))).toBe(JSON.stringify(await run.model.predict(img)));
  const { execSync } = await import('node:child_process');
  console.log(execSync(`ls -la ${dir}`).toString());
  const plain = detector('faster-rcnn_r50_fpn_1x_coco');
  const base = await recipe.loadFrom(`${dir}/m.pth`).build();
  // a plain detector for both
  const { writeFileSync } = await import('node:fs');
  void plain; void base; void writeFileSync;
  console.log(JSON.stringify(await recipe.summary()).slice(0, 300));
}, 300000);
