// Heads that follow a neck of other channels: what is set, that it builds, and who is refused.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import { carryHeads, neckChannels } from '../../src/lab/carry-heads';
import { catalogue } from '../../src/lab/catalogue';
import { valueAt } from '../../src/lab/config-access';

const neckOf = (name: string, neck: object) => detector(name).neck(neck as never);
const fpn = { type: 'FPN', out_channels: 128 };

test.each<[name: string, neck: object, paths: string[]]>([
  [
    'mask-rcnn_r50_fpn_1x_coco',
    fpn,
    [
      'rpn_head.in_channels',
      'roi_head.bbox_roi_extractor.out_channels',
      'roi_head.mask_roi_extractor.out_channels',
      'roi_head.bbox_head.in_channels',
      'roi_head.mask_head.in_channels',
    ],
  ],
  [
    'cascade-rcnn_r50_fpn_1x_coco',
    { type: 'PAFPN', out_channels: 128 },
    ['rpn_head.in_channels', 'roi_head.bbox_roi_extractor.out_channels', 'roi_head.bbox_head.2.in_channels'],
  ],
  ['retinanet_r18_fpn_1x_coco', { ...fpn, start_level: 1, add_extra_convs: 'on_input' }, ['bbox_head.in_channels']],
  ['fcos_r50-caffe_fpn_gn-head_1x_coco', { ...fpn, start_level: 1, add_extra_convs: true }, ['bbox_head.in_channels']],
  ['gfl_r50_fpn_1x_coco', { ...fpn, start_level: 1, add_extra_convs: 'on_output' }, ['bbox_head.in_channels']],
  ['tood_r50_fpn_1x_coco', { ...fpn, start_level: 1, add_extra_convs: 'on_output' }, ['bbox_head.in_channels']],
  ['yolox_tiny_8xb8-300e_coco', { type: 'ChannelMapper', out_channels: 128, num_outs: 3 }, ['bbox_head.in_channels']],
  ['rtmdet_tiny_8xb32-300e_coco', { type: 'YOLOXPAFPN', out_channels: 128 }, ['bbox_head.in_channels']],
  ['rpn_r50_fpn_1x_coco', fpn, ['rpn_head.in_channels']],
])('%s with %j', async (name, neck, paths) => {
  const recipe = neckOf(name, neck);
  const { stages, notes } = (await recipe.summary()).summary;
  expect(stages.find(({ path }) => path === 'neck')?.outputs.every(([, , channels]) => channels === 128)).toBe(true);
  for (const path of paths) {
    expect([path, valueAt(recipe.config, `model.${path}`)]).toEqual([path, 128]);
    const listed = path.replace(/\.\d+\./, '.');
    expect(notes.join('\n')).toMatch(new RegExp(`model\\.${listed}: \\d+ -> 128, to fit the neck`));
  }
  // the widths of its own layers stay
  const feature = `model.${valueAt(recipe.config, 'model.rpn_head') ? 'rpn_head' : 'bbox_head'}.feat_channels`;
  expect(valueAt(recipe.config, feature)).toEqual(valueAt(detector(name).config, feature));
});

test('a head without a tower has the channels that it reads', () => {
  const recipe = detector('atss_r50_fpn_dyhead_1x_coco').neck([
    { ...fpn, start_level: 1, add_extra_convs: 'on_output' },
    { type: 'DyHead', out_channels: 96, num_blocks: 1 },
  ] as never);
  expect(valueAt(recipe.config, 'model.bbox_head')).toMatchObject({ in_channels: 96, feat_channels: 96 });
});

test('channels by level, or not known before the build, are left to be inferred', async () => {
  const yolo = neckOf('yolov8_n_toytown', { type: 'ChannelMapper', out_channels: 64, num_outs: 3 });
  expect(valueAt(yolo.config, 'model.bbox_head.head_module.in_channels')).toBeUndefined();
  const { parameters } = (await yolo.summary()).summary;
  expect(parameters).toBeGreaterThan(0);
  expect(neckChannels([{ type: 'SSDNeck', out_channels: [512, 256] }], catalogue)).toBeUndefined();
  expect(neckChannels([{ type: 'FPN', out_channels: 96 }, { type: 'BFP' }], catalogue)).toBe(96);
  expect(neckChannels([{ type: 'YOLOXPAFPN' }], catalogue)).toBeUndefined();
});

test('nothing is said, and nothing changed, where the channels are the same', () => {
  const { model } = detector('mask-rcnn_r50_fpn_1x_coco').config as { model: never };
  expect(carryHeads(model, catalogue)).toEqual({ model, lines: [] });
});

test('who cannot follow is named', async () => {
  for (const [name, detr] of [
    ['detr_r18_8xb2-500e_coco', 'DETR'],
    ['dino-4scale_r50_8xb2-12e_coco', 'DINO'],
  ])
    await expect(neckOf(name, { type: 'ChannelMapper', out_channels: 128 }).summary()).rejects.toThrow(
      new RegExp(`Cannot build ${detr} at model: the encoder has embed_dims 256, but its features have 128 channels`),
    );
  await expect(
    neckOf('faster-rcnn_r50-caffe_c4-1x_coco', { type: 'ChannelMapper', out_channels: 128, num_outs: 1 }).summary(),
  ).rejects.toThrow(
    /Cannot attach ResLayer at model\.roi_head\.shared_head: stage 3 of depth 50 reads 1024 channels, but RoIs are pooled with 128/,
  );
});
