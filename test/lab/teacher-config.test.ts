// Detectors with a teacher, of the shipped configs: the classes that a recipe names reach LAD's teacher, which assigns them, and
// not LD's, whose own classes nobody reads.

import { expect, test } from 'vitest';
import { detector } from '../../src/lab/detector';
import type { Settings } from '../../src/lab/setting-paths';

const CLASSES = ['car', 'person', 'bicycle'];
const narrow = { depth: 18, base_channels: 4, init_cfg: null };
const channels = { out_channels: 8, in_channels: [4, 8, 16, 32] };
const head = { in_channels: 8, feat_channels: 32, stacked_convs: 1 };

function options(parts: Record<string, object | null>): Record<string, never> {
  const entries = Object.entries(parts).flatMap(([part, values]) =>
    Object.entries(values ?? { '': values }).map(([key, value]) => [`model.${part}${key && '.'}${key}`, value]),
  );
  return Object.fromEntries(entries);
}

/** Weights of the published sizes are not fetched. */
const unread = { teacher_ckpt: null };
const student = { backbone: narrow, neck: channels, bbox_head: head };
const teacher = { teacher_backbone: narrow, teacher_neck: channels, teacher_bbox_head: head };
const lad = () =>
  detector('lad_r50-paa-r101_fpn_2xb8_coco_1x', { options: options({ ...student, ...teacher, ...unread }) });

test('named classes reach the heads of LAD and of its teacher', async () => {
  const { config } = await lad().classes(CLASSES).build({ seed: 1 });
  expect(config).toMatchObject({ model: { bbox_head: { num_classes: 3 }, teacher_bbox_head: { num_classes: 3 } } });
});

test('a teacher with other classes than the student is refused by its own name', async () => {
  const other = lad().set({ 'model.teacher_bbox_head.num_classes': 7 } as Settings);
  await expect(other.build({ seed: 1 })).rejects.toThrow(
    /at model\.teacher_bbox_head: its num_classes is 7, but the dataset has 80 classes/,
  );
});

test("the parts of LAD's teacher infer what they leave out where they stand", async () => {
  const neck = {
    _delete_: true,
    type: 'FPN',
    out_channels: 8,
    start_level: 1,
    add_extra_convs: 'on_output',
    num_outs: 5,
  };
  const open = lad().set({ 'model.teacher_neck': neck, 'model.teacher_backbone.base_channels': 2 } as Settings);
  const { config } = await open.build({ seed: 1 });
  expect(config).toMatchObject({
    model: { neck: { in_channels: [4, 8, 16, 32] }, teacher_neck: { in_channels: [2, 4, 8, 16] } },
  });
});

test("LD's teacher keeps the classes of its own config", async () => {
  const gfl = { backbone: narrow, neck: channels, bbox_head: { ...head, num_classes: 80 } };
  const ld = detector('ld_r18-gflv1-r101_fpn_1x_coco', { options: options({ ...student, ...unread }) }).classes(
    CLASSES,
  );
  const base = detector('gfl_r101_fpn_ms-2x_coco', { options: options(gfl) }).config.model;
  const model = await ld
    .set({ 'model.teacher_config': { _delete_: true, model: base } } as Settings)
    .build({ seed: 1 });
  expect(model.config).toMatchObject({
    model: { bbox_head: { num_classes: 3 }, teacher_config: { model: { bbox_head: { num_classes: 80 } } } },
  });
});
