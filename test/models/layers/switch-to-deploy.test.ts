// switchToDeploy: what a model predicts stays, and its state dict has the names of MMYOLO's deployed models.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { RepStageBlock } from '../../../src/models/layers/rep-stage-block';
import { switchToDeploy } from '../../../src/models/layers/switch-to-deploy';
import { YOLOv7PAFPN, yolov7Pafpn } from '../../../src/models/necks/yolov7-pafpn';
import { fillByFormula } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const names = (model: { named(): Iterable<[string, unknown]> }) => Array.from(model.named(), ([name]) => name);
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).arraySync() as number);

test('stages of RepVGG blocks, with and without a shortcut', () => {
  const block = { type: 'RepVGGBlock', use_se: false, use_alpha: true, use_bn_first: true, deploy: false } as const;
  const layers = { norm_cfg: { type: 'BN' }, act_cfg: { type: 'ReLU' } } as const;
  const stage = new RepStageBlock({
    inChannels: 4,
    outChannels: 8,
    numBlocks: 3,
    block: { ...block, ...layers } as never,
  });
  fillByFormula(stage, 'stage.');
  stage.eval();
  const x = tf.randomNormal<tf.Rank.R4>([2, 6, 5, 4], 0, 1, 'float32', 1);
  const before = stage.forward(x);
  expect(names(switchToDeploy(stage))).toEqual(
    ['conv1', 'block.0', 'block.1'].flatMap((at) => [`${at}.rbr_reparam.weight`, `${at}.rbr_reparam.bias`]),
  );
  expect(largest(before, stage.forward(x))).toBeLessThan(1e-5);
  // once more is no change
  const state = names(switchToDeploy(stage));
  expect(state.length).toBe(6);
  stage.dispose();
  tf.dispose([x, before]);
});

test('the last layers of a YOLOv7 neck', () => {
  const o = yolov7Pafpn.options.parse({ out_channels: [8, 8, 16], in_channels: [8, 16, 16] });
  const neck = new YOLOv7PAFPN({ ...o, in_channels: [8, 16, 16] });
  fillByFormula(neck, 'neck.');
  neck.eval();
  const inputs = [8, 4, 2].map((side, i) =>
    tf.randomNormal<tf.Rank.R4>([1, side, side, [8, 16, 16][i]], 0, 1, 'float32', i + 1),
  );
  const before = neck.forward(inputs);
  switchToDeploy(neck);
  expect(names(neck).filter((name) => name.startsWith('out_layers.'))).toEqual(
    [0, 1, 2].flatMap((i) => [`out_layers.${i}.rbr_reparam.weight`, `out_layers.${i}.rbr_reparam.bias`]),
  );
  const after = neck.forward(inputs);
  for (const [i, map] of after.entries()) expect(largest(before[i], map)).toBeLessThan(1e-5);
  neck.dispose();
  tf.dispose([...inputs, ...before, ...after]);
});
