import vm from 'node:vm';
import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { buildPriorGenerator, taskModules } from '../../../../src/models/task-modules';

const registry = createRegistry();

beforeAll(async () => void (await startEngine()));
const points = { type: 'MlvlPointGenerator', strides: [8, 16, 32] };

test('priors of another form are refused, naming both sides', () => {
  const at = { registry, path: 'model.bbox_head.anchor_generator' };
  expect(() => buildPriorGenerator(points, at, { head: 'RetinaHead', form: 'boxes' })).toThrow(
    'Cannot use MlvlPointGenerator in RetinaHead at model.bbox_head.anchor_generator: MlvlPointGenerator generates points (x, y, ' +
      'stride x, stride y), RetinaHead needs boxes (x1, y1, x2, y2). Generators that fit RetinaHead: AnchorGenerator, ' +
      'SSDAnchorGenerator, YOLOAnchorGenerator',
  );
  expect(buildPriorGenerator(points, at, { head: 'RTMDetHead', form: 'points' }).form).toBe('points');
});

test.each([
  ['RetinaHead', { anchor_generator: { type: 'MlvlPointGenerator' } }],
  ['YOLOV3Head', { anchor_generator: points, featmap_strides: [8, 16, 32] }],
  ['RTMDetHead', { anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] } }],
  ['YOLOv8Head', { prior_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] } }],
])('%s refuses them when it is built', (type, options) => {
  const config =
    type === 'YOLOv8Head' ? { type, head_module: { type: 'YOLOv8HeadModule', in_channels: [8, 8, 8] } } : { type };
  const inputs = [8, 16, 32].map((stride) => ({ stride, channels: 8 }));
  const attempt = () =>
    registry.build('dense_head', { ...config, ...options }, { path: 'head', inputs, numClasses: 3 });
  expect(attempt).toThrow(new RegExp(`Cannot use .* in ${type} at head.(anchor|prior)_generator`));
});

test('what a definition declares is what its example is built to', () => {
  for (const definition of taskModules) {
    if (definition.kind !== 'anchor_generator') continue;
    const config = vm.runInNewContext(`(${definition.example})`) as ModuleConfig;
    const { form } = registry.build('anchor_generator', config, { path: 'anchors' });
    expect(definition.contract).toEqual({ form });
  }
});
