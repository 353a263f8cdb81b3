// Replacing a neck: options that are required, given, carried over or inferred; incompatible necks; the table of all necks.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { configOf, register, startEngine } from '../../src';
import { detlab } from '../cli/detlab';
import { scaledNeck } from './scaled-neck';
import { small } from './small';
import { smallArguments } from './small-options';

const SHOW = Symbol.for('Jupyter.display');
beforeAll(async () => {
  await startEngine();
  register(scaledNeck);
});

test('the recipe tells where each option comes from', async () => {
  const recipe = small().neck({ type: 'PAFPN', start_level: 0 });
  expect(String(await recipe.summary())).toMatch(
    /neck PAFPN replaces FPN:\n {2}start_level: 0, given\n {2}out_channels: 16, carried over from FPN\n {2}num_outs: 5, carried over from FPN\n {2}in_channels: inferred from the backbone's channels\n {2}at their defaults: end_level/,
  );
  // a neck whose options are not all known shows what it lacks instead of failing
  const lacking = small().neck('ScaledNeck' as never);
  const bundle = await (lacking as unknown as Record<symbol, () => Promise<Record<string, string>>>)[SHOW]();
  expect(bundle['text/plain']).toMatch(
    /neck ScaledNeck replaces FPN:\n {2}gain: required: number > 0\. Factor on every level/,
  );
  await expect(lacking.summary()).rejects.toThrow(/model\.neck\.gain: missing; expected number > 0/);
});

test('combinations that cannot be are refused with both sides', async () => {
  const refused = (recipe: ReturnType<typeof small>) => expect(recipe.summary()).rejects;
  await refused(small().neck({ type: 'FPN', num_outs: 4 })).toThrow(
    /AnchorGenerator has 5 strides \[4, 8, 16, 32, 64\], but the features have 4 levels of strides \[4, 8, 16, 32\]/,
  );
  await refused(small().neck({ type: 'FPN', num_outs: 3 })).toThrow(
    /expected num_outs of at least 4 for 4 input levels, received 3/,
  );
  await refused(small().neck({ type: 'FPN', start_level: 1, num_outs: 5 })).toThrow(/strides \[8, 16, 32, 64, 128\]/);
  const given = { 'model.rpn_head.in_channels': 16 };
  await refused(
    small()
      .neck(configOf(scaledNeck, { gain: 1, out_channels: 7 }))
      .set(given),
  ).toThrow(/in_channels is 16, but the features it reads have 7/);
});

test('the table of necks, on the command line', async () => {
  const tensors = tf.memory().numTensors;
  const { code, lines } = await detlab(
    'necks',
    'faster-rcnn_r18_fpn_toytown',
    '--json',
    '--input',
    '64x96',
    ...smallArguments,
  );
  expect(code).toBe(0);
  const rows = new Map(lines().map((row) => [row.type, row]));
  const [fpn, pafpn, scaled] = ['FPN', 'PAFPN', 'ScaledNeck'].map((type) => rows.get(type));
  expect(fpn).toMatchObject({
    required: ['out_channels', 'num_outs'],
    outputs: [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 16 })),
  });
  expect(pafpn.neckParameters).toBeGreaterThan(fpn.neckParameters);
  expect(pafpn.flops).toBeGreaterThan(fpn.flops);
  expect(pafpn.parameters - fpn.parameters).toBe(pafpn.neckParameters - fpn.neckParameters);
  expect(scaled).toMatchObject({
    required: ['gain', 'out_channels'],
    config: { gain: 2, out_channels: 16 },
    neckParameters: 0,
  });
  for (const row of rows.values()) expect(row.problem === undefined || row.problem.length > 20).toBe(true);
  expect(tf.memory().numTensors).toBe(tensors);
  const table = await detlab(
    'necks',
    'faster-rcnn_r18_fpn_toytown',
    '--input',
    '64x96',
    '--no-flops',
    ...smallArguments,
  );
  expect(table.out).toMatch(/PAFPN +out_channels, num_outs +4, 8, 16, 32, 64 +16 /);
});
