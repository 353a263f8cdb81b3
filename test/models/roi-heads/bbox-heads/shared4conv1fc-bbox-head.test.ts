// Shared4Conv1FCBBoxHead: its layers.

import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { losses } from '../../../../src/models/losses';
import { type BBoxHead, roiHeads } from '../../../../src/models/roi-heads';
import { taskModules } from '../../../../src/models/task-modules';
import { weightShapes } from './sampled-targets';

const registry = new Registry([...roiHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig) => registry.build('bbox_head', config, { path: 'bbox_head' }) as BBoxHead;

beforeAll(async () => void (await startEngine()));

test('four shared convolutions and one fully connected layer', () => {
  const head = build({
    type: 'Shared4Conv1FCBBoxHead',
    in_channels: 4,
    num_classes: 3,
    conv_out_channels: 8,
    fc_out_channels: 16,
  });
  expect(Object.keys(weightShapes(head))).toContain('shared_convs.3.conv.weight');
  expect(weightShapes(head)['shared_fcs.0.weight']).toEqual([16, 8 * 49]);
  head.dispose();
});
