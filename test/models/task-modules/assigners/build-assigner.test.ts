// Which assigner serves which head: all others are refused when the head is built, by a message that names both.

import vm from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { denseHeads } from '../../../../src/models/dense-heads';
import { buildAssigner, taskModules } from '../../../../src/models/task-modules';
import type { AssignerContract } from '../../../../src/models/task-modules/types';
import { Module } from '../../../../src/nn';

const registry = createRegistry();
const example = (text: string) => vm.runInNewContext(`(${text})`) as ModuleConfig;
const costs = (...types: string[]) => ({ type: 'HungarianAssigner', match_costs: types.map((type) => ({ type })) });

const ASSIGNERS: Record<string, ModuleConfig> = {
  ...Object.fromEntries(
    taskModules.filter(({ kind }) => kind === 'assigner').map(({ type, example: text }) => [type, example(text)]),
  ),
  'ATSSAssigner with alpha': { type: 'ATSSAssigner', topk: 9, alpha: 0.8 },
  'BatchDynamicSoftLabelAssigner of rotated boxes': {
    type: 'BatchDynamicSoftLabelAssigner',
    num_classes: 80,
    iou_calculator: { type: 'RBboxOverlaps2D' },
  },
  'HungarianAssigner on masks': costs('ClassificationCost', 'DiceCost'),
};

const anchorHead = [
  'MaxIoUAssigner',
  'ATSSAssigner',
  'ATSSAssigner with alpha',
  'CenterRegionAssigner',
  'TaskAlignedAssigner',
  'HungarianAssigner',
  'TopkHungarianAssigner',
  'UniformAssigner',
];
const scored = ['BatchTaskAlignedAssigner', 'BatchATSSAssigner'];
const softly = [
  'SimOTAAssigner',
  'TopkHungarianAssigner',
  'DynamicSoftLabelAssigner',
  'BatchDynamicSoftLabelAssigner',
  ...scored,
];
const queryHead = ['HungarianAssigner'];
/** Heads that assign by a rule of their own, or in two stages (RepPointsHead); one that assigns as ATSSHead, too wide for here. */
const OWN_RULE = [
  'CascadeRPNHead',
  'ATSSVLFusionHead',
  'CenterNetHead',
  'CenterNetUpdateHead',
  'CornerHead',
  'CentripetalHead',
  'EmbeddingRPNHead',
  'FCOSHead',
  'CondInstBboxHead',
  'BoxInstBboxHead',
  'NASFCOSHead',
  'AutoAssignHead',
  'FoveaHead',
  'RepPointsHead',
  'YOLOv5Head',
  'YOLOv5InsHead',
  'YOLOv7Head',
];
const onCells = [
  'GridAssigner',
  'MaxIoUAssigner',
  'ATSSAssigner',
  'ATSSAssigner with alpha',
  'CenterRegionAssigner',
  'TaskAlignedAssigner',
  'TopkHungarianAssigner',
  'UniformAssigner',
  'AnchorShapeAssigner',
];
/** Assigners that serve each of the other dense heads. */
const SERVED: Record<string, string[]> = {
  RPNHead: anchorHead,
  RetinaHead: anchorHead,
  RetinaSepBNHead: anchorHead,
  FSAFHead: anchorHead,
  SSDHead: anchorHead,
  ATSSHead: anchorHead,
  GFLHead: anchorHead,
  TOODHead: ['TaskAlignedAssigner', 'TopkHungarianAssigner'],
  VFNetHead: anchorHead,
  FreeAnchorRetinaHead: anchorHead,
  YOLACTHead: anchorHead,
  YOLOFHead: ['UniformAssigner'],
  GuidedAnchorHead: anchorHead,
  GARPNHead: anchorHead,
  GARetinaHead: anchorHead,
  PAAHead: anchorHead,
  LADHead: anchorHead,
  DDODHead: anchorHead,
  LDHead: anchorHead,
  SABLRetinaHead: ['MaxIoUAssigner', 'ApproxMaxIoUAssigner', 'ATSSAssigner', 'CenterRegionAssigner'],
  StageCascadeRPNHead: [...anchorHead, 'RegionAssigner'],
  PISARetinaHead: anchorHead,
  PISASSDHead: anchorHead,
  YOLOV3Head: onCells,
  YOLOV4Head: onCells,
  YOLOXHead: ['SimOTAAssigner', 'TopkHungarianAssigner', ...scored],
  'mmyolo.YOLOXHead': ['SimOTAAssigner', 'TopkHungarianAssigner', ...scored],
  YOLOXPoseHead: ['SimOTAAssigner', 'PoseSimOTAAssigner', 'TopkHungarianAssigner', ...scored],
  YOLOv6Head: scored,
  PPYOLOEHead: scored,
  YOLOv8Head: scored,
  RTMDetHead: softly,
  RTMDetSepBNHead: softly,
  RTMDetInsSepBNHead: softly,
  RTMDetRotatedHead: ['BatchDynamicSoftLabelAssigner of rotated boxes'],
  'mmyolo.RTMDetHead': softly,
  'mmyolo.RTMDetInsSepBNHead': softly,
  DETRHead: queryHead,
  ConditionalDETRHead: queryHead,
  DABDETRHead: queryHead,
  DeformableDETRHead: queryHead,
  DINOHead: queryHead,
  RTDETRHead: queryHead,
  DDQDETRHead: queryHead,
  GroundingDINOHead: queryHead,
};

/** What `train_cfg` of a head needs besides the assigner. */
const guided = {
  ga_assigner: { type: 'ApproxMaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4 },
  center_ratio: 0.2,
  ignore_ratio: 0.5,
};
const REQUIRED: Record<string, object> = {
  GuidedAnchorHead: guided,
  GARPNHead: guided,
  GARetinaHead: guided,
  DDODHead: { reg_assigner: { type: 'ATSSAssigner', topk: 9 } },
  YOLOv6Head: { initial_epoch: 4, initial_assigner: { type: 'BatchATSSAssigner' } },
  PPYOLOEHead: { initial_epoch: 4, initial_assigner: { type: 'BatchATSSAssigner' } },
  TOODHead: { initial_epoch: 4, initial_assigner: { type: 'ATSSAssigner', topk: 9 } },
};

beforeAll(async () => void (await startEngine()));

const inputs = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));
/** YOLOFHead has one level; YOLACTHead's anchors have strides of their own. */
const inputsOf = ({ type }: ModuleConfig) => {
  if (type === 'YOLOFHead') return inputs.slice(3, 4);
  return type === 'YOLACTHead' ? inputs.map((level) => ({ ...level, stride: level.stride * 2 })) : inputs;
};
function build(kind: 'dense_head' | 'roi_head', config: ModuleConfig): void {
  const head = registry.build(kind, structuredClone(config), {
    path: 'head',
    inputs: inputsOf(config),
    numClasses: 80,
  });
  if (head instanceof Module) head.dispose();
}

const heads = denseHeads.filter(({ type, kind }) => kind === 'dense_head' && !OWN_RULE.includes(type));

test('every dense head is in the table', () => {
  expect(heads.map(({ type }) => type).sort()).toEqual(Object.keys(SERVED).sort());
});

/** One number where the module reads one. */
const channelsFor = ({ in_channels }: ModuleConfig) =>
  typeof in_channels === 'number' ? inputs[0].channels : inputs.map(({ channels }) => channels);

describe.each(heads.map((d) => [d.type, example(d.example)] as const))('%s', (type, config) => {
  const { head_module: layers } = config;
  const small: ModuleConfig = layers
    ? { ...config, head_module: { ...(layers as ModuleConfig), in_channels: channelsFor(layers as ModuleConfig) } }
    : config;

  test.each(Object.entries(ASSIGNERS))(`${type} and %s`, (name, assigner) => {
    const attempt = () => build('dense_head', { ...small, train_cfg: { ...REQUIRED[type], assigner } });
    if (SERVED[type].includes(name)) return attempt();
    expect(attempt).toThrow(
      new RegExp(`Cannot use ${assigner.type} in ${type} at head.train_cfg.assigner: .*that fit ${type}: `),
    );
  });
});

test.each(['StandardRoIHead', 'CascadeRoIHead'])('%s', (type) => {
  const definition = registry.get('roi_head', type);
  const config = example(definition.example);
  const sampler = { type: 'RandomSampler', num: 8, pos_fraction: 0.5 };
  for (const [name, assigner] of Object.entries(ASSIGNERS)) {
    const stage = { assigner, sampler };
    const attempt = () =>
      build('roi_head', { ...config, train_cfg: type === 'CascadeRoIHead' ? [stage, stage] : stage });
    if (['MaxIoUAssigner', 'ATSSAssigner', 'CenterRegionAssigner'].includes(name)) attempt();
    else expect(attempt, name).toThrow(new RegExp(`Cannot use ${assigner.type} in ${type} at head.train_cfg`));
  }
});

describe('the message', () => {
  const at = { registry, path: 'model.bbox_head.train_cfg.assigner' };
  const message = (build: () => unknown) => {
    try {
      build();
    } catch (error) {
      return (error as Error).message;
    }
    return 'not refused';
  };

  test('names the form of the priors', () => {
    const offer = { head: 'RetinaHead', priors: 'boxes', predictions: ['scores', 'boxes'] } as const;
    expect(message(() => buildAssigner({ type: 'SimOTAAssigner' }, at, offer))).toBe(
      'Cannot use SimOTAAssigner in RetinaHead at model.bbox_head.train_cfg.assigner: SimOTAAssigner needs points (x, y, stride ' +
        'x, stride y) as priors, RetinaHead has boxes (x1, y1, x2, y2). Assigners that fit RetinaHead: MaxIoUAssigner, ' +
        'ATSSAssigner, CenterRegionAssigner, TaskAlignedAssigner, TopkHungarianAssigner, UniformAssigner',
    );
  });

  test('names the predictions', () => {
    const offer = { head: 'StandardRoIHead', priors: 'boxes' } as const;
    expect(message(() => buildAssigner(ASSIGNERS['ATSSAssigner with alpha'], at, offer))).toMatch(
      /ATSSAssigner with these options reads scores and boxes of the predictions, StandardRoIHead gives none\. Assigners that fit/,
    );
  });

  test('names the parts of the result', () => {
    const offer = {
      head: 'YOLOv8Head',
      priors: 'points',
      predictions: ['scores', 'boxes'],
      reads: ['scores'],
    } as const;
    expect(message(() => buildAssigner({ type: 'SimOTAAssigner' }, at, offer))).toMatch(
      /YOLOv8Head reads scores of the assignment, SimOTAAssigner gives maxOverlaps\. .*: BatchTaskAlignedAssigner, BatchATSSAssigner$/,
    );
  });
});

test('what a definition declares is what its example is built to', () => {
  for (const definition of taskModules) {
    if (definition.kind !== 'assigner') continue;
    const { needs, gives } = registry.build('assigner', example(definition.example), { path: 'assigner' });
    const { rotated } = (definition.contract as AssignerContract).needs;
    const declared = rotated === 'optional' ? { ...needs, rotated } : needs;
    expect({ type: definition.type, contract: definition.contract }).toEqual({
      type: definition.type,
      contract: { needs: declared, gives },
    });
  }
});
