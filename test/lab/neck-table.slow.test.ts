// Every neck on every family of detectors: it is attached and run on a small image, or refused in words.

import { beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../src';

beforeAll(async () => void (await startEngine({ threads: 1 })));

const TWO_STAGES = 'FPN PAFPN FPN_DropBlock AugFPN NASFPN FPG ChannelMapper HRFPN FPN_CARAFE BiFPN';
const CSP = 'ChannelMapper YOLOXPAFPN CSPNeXtPAFPN mmyolo.YOLOXPAFPN mmyolo.CSPNeXtPAFPN SSH HybridEncoder';
const r18 = { depth: 18 } as const;

test.each([
  ['faster-rcnn_r18_fpn_toytown', undefined, TWO_STAGES],
  ['mask-rcnn_r50_fpn_1x_coco', r18, TWO_STAGES],
  ['cascade-rcnn_r50_fpn_1x_coco', r18, TWO_STAGES],
  ['rpn_r50_fpn_1x_coco', r18, TWO_STAGES],
  ['retinanet_r50_fpn_1x_coco', r18, 'FPN NASFPN NASFCOS_FPN BiFPN'],
  ['ssd300_coco', undefined, 'SSDNeck SFAM'],
  ['yolov3_d53_8xb8-320-273e_coco', undefined, 'YOLOV3Neck'],
  ['yolox_tiny_8xb8-300e_coco', undefined, CSP],
  [
    'yolov8_n_syncbn_fast_8xb16-500e_coco',
    undefined,
    'ChannelMapper YOLOXPAFPN CSPNeXtPAFPN YOLOv6RepPAFPN YOLOv6CSPRepPAFPN YOLOv7PAFPN mmyolo.YOLOXPAFPN mmyolo.CSPNeXtPAFPN ' +
      'PPYOLOECSPPAFPN YOLOv8PAFPN YOLOV4Neck SSH HybridEncoder GlobalAveragePooling ASFF SPP ASPP RFB SAM CBAM',
  ],
  ['rtmdet_tiny_8xb32-300e_coco', undefined, CSP],
])('%s', { timeout: 600_000 }, async (name, backbone, compatible) => {
  const base = detector(name);
  const recipe = backbone ? base.backbone(backbone) : base;
  const input: [number, number] = name.startsWith('ssd') ? [300, 300] : [128, 128];
  const { table } = await recipe.necks({ input });
  expect(
    table.necks
      .filter(({ problem }) => problem === undefined)
      .map(({ type }) => type)
      .join(' '),
  ).toBe(compatible);
  for (const { flops, outputs, problem } of table.necks)
    if (problem === undefined) expect(Math.min(flops ?? 0, outputs.length)).toBeGreaterThan(0);
    else
      expect(problem).toMatch(/^Cannot (attach|build|place) .*(expected|received|but |is not implemented|must begin)/);
});
