// TBLRBBoxCoder against MMDetection's (box_coders_iou.safetensors, task_modules.json).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { expectClose, goldenJson } from '../../../golden-data';
import { height, sceneBoxes, uniform, width } from '../scene';
import { buildCoder, expectRelative, floats } from './cases';

const type = 'TBLRBBoxCoder';
const reference = goldenJson<{
  tblr: { options: Record<string, unknown>; encoded: number[]; decoded: number[] }[];
}>('task_modules').tblr;

beforeAll(async () => void (await startEngine()));

test.each(reference.map((c, i) => [i, c] as const))('equals the reference, case %i', (_, c) => {
  const coder = buildCoder({ type, ...c.options });
  const priors = sceneBoxes('tblr.priors', 9);
  expectClose(coder.encode(priors, sceneBoxes('tblr.gts', 9)), c.encoded, 3e-6);
  expectClose(coder.decode(priors, uniform('tblr.codes', 36), { maxShape: [height, width] }), c.decoded, 2e-5);
});

test('equals the reference in arrays and in tensors, clipped or not', () => {
  const coder = buildCoder({ type });
  const [props, distances] = [floats('props'), floats('deltas').map(Math.abs)];
  const clipped = { maxShape: [120, 160] as [number, number] };
  expectRelative(coder.encode(props, floats('gts')), floats('tblr.encode'), 3e-6);
  expectRelative(coder.decode(props, distances), floats('tblr.decode'), 3e-6);
  tf.tidy(() => {
    const codes = tf.tensor2d(distances, [24, 4]);
    expectRelative(coder.decodeTensors(props, codes).dataSync<'float32'>(), floats('tblr.decode'), 3e-6);
    const cut = coder.decodeTensors(props, codes, clipped).dataSync<'float32'>();
    expectRelative(cut, coder.decode(props, distances, clipped), 3e-6);
    const images = coder.decodeTensors(props, tf.stack([codes, codes]));
    expect(images.shape).toEqual([2, 24, 4]);
    expectRelative(images.dataSync<'float32'>().subarray(96), floats('tblr.decode'), 3e-6);
  });
});
