// The catalogue: every module is described, and every example builds.

import vm from 'node:vm';
import { beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { buildDetector } from '../../src/models/build';
import { catalogue, createRegistry } from '../../src/models/catalogue';
import { Module } from '../../src/nn';

beforeAll(async () => void (await startEngine()));

test('no two modules of a kind have one name', () => {
  const names = catalogue.map(({ kind, type }) => `${kind} ${type}`);
  expect(new Set(names).size).toBe(names.length);
  expect(createRegistry().all()).toHaveLength(names.length);
});

test.each(catalogue.map((d) => [d.type, d] as const))(
  '%s: every option has its line, and nothing unknown passes',
  (_, d) => {
    expect(d.summary.length).toBeGreaterThan(10);
    const schema = d.options as z.ZodObject;
    for (const [name, option] of Object.entries(schema.shape)) {
      const text = (option as z.ZodType).description ?? '';
      expect(text.length, `${d.type}.${name}`).toBeGreaterThan(3);
    }
    const issues = schema.safeParse({ no_such_option: 1 }).error?.issues ?? [];
    expect(issues.some((issue) => issue.code === 'unrecognized_keys')).toBe(true);
    for (const name of Object.keys(d.inferred ?? {})) expect(Object.keys(schema.shape)).toContain(name);
  },
);

const levels = (strides: number[], channels: number[]) =>
  strides.map((stride, i) => ({ stride, channels: channels[i] }));
/** What the example of a neck or head reads where that is not four levels of a backbone or five of a neck. */
const LEVELS: Record<string, ReturnType<typeof levels>> = {
  BFP: levels([4, 8, 16, 32, 64], [256, 256, 256, 256, 256]),
  SSDNeck: levels([8, 16], [512, 1024]),
  YOLOv6RepPAFPN: levels([8, 16, 32], [128, 256, 512]),
  YOLOv6CSPRepPAFPN: levels([8, 16, 32], [128, 256, 512]),
  YOLOv7PAFPN: levels([8, 16, 32], [512, 1024, 1024]),
  PPYOLOECSPPAFPN: levels([8, 16, 32], [128, 256, 512]),
  'mmyolo.YOLOXPAFPN': levels([8, 16, 32], [128, 256, 512]),
  YOLOv8PAFPN: levels([8, 16, 32], [128, 256, 512]),
  YOLOV3Neck: levels([8, 16, 32], [256, 512, 1024]),
  YOLOV4Neck: levels([8, 16, 32], [256, 512, 1024]),
  CenterNetHead: levels([4], [64]),
  Mask2FormerTrackHead: levels([4, 8, 16, 32], [256, 512, 1024, 2048]),
  CornerHead: levels([4, 4], [256, 256]),
  CentripetalHead: levels([4, 4], [256, 256]),
  YOLACTHead: levels([8, 16, 32, 64, 128], [256, 256, 256, 256, 256]),
  YOLOFHead: levels([32], [512]),
  SSH: levels([8, 16, 32], [64, 64, 64]),
  RFP: levels([1, 4, 8, 16, 32], [3, 256, 512, 1024, 2048]),
};

test.each(catalogue.map((d) => [d.type, d] as const))('%s: its example builds', (_, d) => {
  const config = vm.runInNewContext(`(${d.example})`) as ModuleConfig;
  expect(config.type).toBe(d.type);
  const own = LEVELS[d.type];
  const channels = d.kind === 'bbox_head' ? undefined : 256;
  const levels = [4, 8, 16, 32, 64].slice(0, d.kind === 'neck' ? 4 : 5);
  const inputs = channels ? levels.map((stride) => ({ stride, channels })) : undefined;
  const needsInputs = ['neck', 'dense_head', 'roi_head', 'roi_extractor', 'track_head'].includes(d.kind);
  const built = createRegistry().build(d.kind, structuredClone(config), {
    path: d.type,
    inputs: own ?? (needsInputs ? inputs : undefined),
    numClasses: d.kind === 'roi_head' ? 3 : undefined,
  });
  expect(built).toBeTypeOf(['tta_model', 'tracker'].includes(d.kind) ? 'function' : 'object');
  if (built instanceof Module) built.dispose();
});

test('classes and their number must agree', () => {
  expect(() => buildDetector({ type: 'FasterRCNN' }, { classes: ['a'], numClasses: 2 })).toThrow(
    /numClasses is 2, but classes names 1/,
  );
  expect(() => buildDetector({ type: 'FasterRCN' })).toThrow(/Did you mean "FasterRCNN"/);
});
