// Which box coder serves which head: all others are refused when the head is built, by a message that names both.

import vm from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { denseHeads } from '../../../../src/models/dense-heads';
import { buildBBoxCoder, taskModules } from '../../../../src/models/task-modules';
import { Module } from '../../../../src/nn';

const registry = createRegistry();
const example = (text: string) => vm.runInNewContext(`(${text})`) as ModuleConfig;
const coders = taskModules.filter(({ kind }) => kind === 'bbox_coder');
const CODERS = coders.map(({ type }) => type);

const boxes = ['DeltaXYWHBBoxCoder', 'DeltaXYWHBBoxCoderForGLIP', 'TBLRBBoxCoder', 'LegacyDeltaXYWHBBoxCoder'];
const points = ['DistancePointBBoxCoder'];
/** Coders that serve each head; YOLOXHead and the heads of queries have none. */
const SERVED: Record<string, string[]> = {
  RPNHead: boxes,
  RetinaHead: boxes,
  PISARetinaHead: boxes,
  PISASSDHead: boxes,
  RetinaSepBNHead: boxes,
  FSAFHead: boxes,
  SSDHead: boxes,
  ATSSHead: boxes,
  GFLHead: points,
  TOODHead: boxes,
  FCOSHead: points,
  CondInstBboxHead: points,
  BoxInstBboxHead: points,
  YOLOV3Head: ['YOLOBBoxCoder'],
  YOLOV4Head: ['YOLOBBoxCoder'],
  YOLOv5Head: ['YOLOv5BBoxCoder'],
  YOLOv5InsHead: ['YOLOv5BBoxCoder'],
  YOLOv7Head: ['YOLOv5BBoxCoder'],
  'mmyolo.YOLOXHead': ['YOLOXBBoxCoder'],
  YOLOXPoseHead: ['YOLOXBBoxCoder'],
  YOLOv6Head: points,
  PPYOLOEHead: points,
  'mmyolo.RTMDetHead': points,
  YOLOv8Head: points,
  RTMDetHead: points,
  RTMDetSepBNHead: points,
  RTMDetInsSepBNHead: points,
  RTMDetRotatedHead: ['DistanceAnglePointCoder'],
  'mmyolo.RTMDetInsSepBNHead': points,
  VFNetHead: points,
  AutoAssignHead: points,
  NASFCOSHead: points,
  FreeAnchorRetinaHead: boxes,
  YOLACTHead: boxes,
  YOLOFHead: boxes,
  GuidedAnchorHead: boxes,
  GARPNHead: boxes,
  GARetinaHead: boxes,
  PAAHead: boxes,
  LADHead: boxes,
  DDODHead: boxes,
  CenterNetUpdateHead: points,
  LDHead: points,
  SABLRetinaHead: ['BucketingBBoxCoder'],
  StageCascadeRPNHead: boxes,
};
/** As in its example. */
const coderOf = (type: string) => example(registry.get('bbox_coder', type).example);
const BBOX_HEADS = [
  'BBoxHead',
  'ConvFCBBoxHead',
  'DIIHead',
  'DoubleConvFCBBoxHead',
  'MultiInstanceBBoxHead',
  'RFCNBBoxHead',
  'SCNetBBoxHead',
  'Shared2FCBBoxHead',
  'Shared4Conv1FCBBoxHead',
];

beforeAll(async () => void (await startEngine()));

const inputs = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));
/** YOLOFHead has one level; YOLACTHead's anchors have strides of their own. */
const inputsOf = ({ type }: ModuleConfig) => {
  if (type === 'YOLOFHead') return inputs.slice(3, 4);
  return type === 'YOLACTHead' ? inputs.map((level) => ({ ...level, stride: level.stride * 2 })) : inputs;
};
function build(kind: 'dense_head' | 'bbox_head', config: ModuleConfig): void {
  const head = registry.build(kind, structuredClone(config), {
    path: 'head',
    inputs: kind === 'bbox_head' ? undefined : inputsOf(config),
  });
  if (head instanceof Module) head.dispose();
}

// FoveaHead accepts the option without effect; ATSSVLFusionHead takes what ATSSHead does, with layers too wide for here
const withCoder = denseHeads.filter(
  ({ type, options }) =>
    !['FoveaHead', 'ATSSVLFusionHead', 'RepPointsHead'].includes(type) && 'bbox_coder' in options.shape,
);

test('every head with a coder is in the tables', () => {
  expect(withCoder.map(({ type }) => type).sort()).toEqual(Object.keys(SERVED).sort());
  expect(registry.types('bbox_head').sort()).toEqual([...BBOX_HEADS, 'SABLHead'].sort());
});

/** One number where the module reads one. */
const channelsFor = ({ in_channels }: ModuleConfig) =>
  typeof in_channels === 'number' ? inputs[0].channels : inputs.map(({ channels }) => channels);

describe.each(withCoder.map((d) => [d.type, example(d.example)] as const))('%s', (type, config) => {
  const { head_module: layers } = config;
  const small: ModuleConfig = layers
    ? { ...config, head_module: { ...(layers as ModuleConfig), in_channels: channelsFor(layers as ModuleConfig) } }
    : config;

  test.each(CODERS)(`${type} and %s`, (coder) => {
    const attempt = () => build('dense_head', { ...small, bbox_coder: coderOf(coder) });
    if (SERVED[type].includes(coder)) return attempt();
    expect(attempt).toThrow(
      new RegExp(
        `Cannot use ${coder} in ${type} at head.bbox_coder: .*Coders that fit ${type}: ${SERVED[type].join(', ')}$`,
      ),
    );
  });
});

test.each(BBOX_HEADS)('%s takes coders on boxes', (type) => {
  const config = example(registry.get('bbox_head', type).example);
  for (const coder of CODERS) {
    const attempt = () => build('bbox_head', { ...config, bbox_coder: coderOf(coder) });
    if (boxes.includes(coder)) attempt();
    else expect(attempt).toThrow(new RegExp(`Cannot use ${coder} in \\w*Head at head.bbox_coder`));
  }
});

test('the message names both sides', () => {
  const attempt = () =>
    buildBBoxCoder(
      { type: 'DeltaXYWHBBoxCoder' },
      { registry, path: 'model.bbox_head.bbox_coder' },
      { head: 'FCOSHead', priors: 'points' },
    );
  expect(attempt).toThrow(
    'Cannot use DeltaXYWHBBoxCoder in FCOSHead at model.bbox_head.bbox_coder: DeltaXYWHBBoxCoder codes boxes relative to boxes ' +
      '(x1, y1, x2, y2), FCOSHead predicts them relative to points (x, y, stride x, stride y). Coders that fit FCOSHead: ' +
      'DistancePointBBoxCoder',
  );
});

test('what a definition declares is what it builds', () => {
  for (const definition of taskModules) {
    if (definition.kind !== 'bbox_coder') continue;
    const { priors } = registry.build('bbox_coder', coderOf(definition.type), { path: 'coder' });
    expect(definition.contract).toEqual({ priors });
  }
});
