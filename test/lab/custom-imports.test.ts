// Modules of one's own: registered in a cell, and brought by a config's custom_imports, in the notebook and on the command line.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { configOf, describe as describeModule, detector, register } from '../../src';
import { detlab } from '../cli/detlab';
import { scaledNeck } from './scaled-neck';
import { small } from './small';
import { smallArguments } from './small-options';

const folder = mkdtempSync(join(tmpdir(), 'detlab-own-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NECK = `
import * as tf from '@tensorflow/tfjs';
import { defineModule, nn, type FeatureSpec } from 'detlab';
import { z } from 'zod';

class FileNeck extends nn.Module {
  readonly outputs: FeatureSpec[];
  private readonly convs: nn.ModuleList<nn.Conv2d>;
  constructor(inputs: FeatureSpec[], channels: number) {
    super();
    this.outputs = [...inputs, { channels, stride: 2 * inputs.at(-1)!.stride }].map((level) => ({ ...level, channels }));
    this.convs = this.addChild('convs', new nn.ModuleList(
      inputs.map(({ channels: inChannels }) => new nn.Conv2d({ inChannels, outChannels: channels, kernelSize: 1 }))));
  }
  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outs = features.map((x, i) => this.convs.at(i).forward(x));
      return [...outs, tf.maxPool(outs.at(-1)!, 1, 2, 'valid')];
    });
  }
}

export const fileNeck = defineModule({
  kind: 'neck', type: 'FileNeck', summary: 'One convolution a level', example: "{ type: 'FileNeck', out_channels: 8 }",
  options: z.strictObject({ out_channels: z.int().positive().describe('channels') }),
  build: (o, { inputs }) => new FileNeck(inputs!, o.out_channels),
});
`;
const BASE = resolve(__dirname, '../../configs/faster_rcnn/faster-rcnn_r18_fpn_toytown.ts');
function write(name: string, imports: unknown, more: object = {}): string {
  const file = join(folder, name);
  const model = { neck: { _delete_: true, type: 'FileNeck', out_channels: 16 } };
  writeFileSync(
    file,
    JSON.stringify({ _base_: BASE, custom_imports: { imports, allow_failed_imports: false, ...more }, model }),
  );
  return file;
}

test('a neck of a cell: typed, described, swapped in, in the table', async () => {
  register(scaledNeck);
  expect(String(describeModule('ScaledNeck'))).toMatch(/gain +number > 0 +required +Factor on every level/);
  const recipe = small().neck(configOf(scaledNeck, { gain: 2, out_channels: 16 }));
  const { summary } = await recipe.summary();
  expect(summary.stages.find(({ path }) => path === 'neck')).toMatchObject({
    type: 'ScaledNeck',
    strides: [4, 8, 16, 32, 64],
  });
  expect(String(recipe.config.model && JSON.stringify(recipe.config.model))).toContain('"gain":2');
  await expect(
    small()
      .neck(configOf(scaledNeck, { gain: -1, out_channels: 16 }))
      .summary(),
  ).rejects.toThrow(/neck.gain: expected number > 0/);
});

test('custom_imports: a path beside the config is run, Python names are told', async () => {
  writeFileSync(join(folder, 'file_neck.ts'), NECK);
  const file = write('own.json', ['./file_neck.ts', 'mmdet.models.necks', 'projects.x.some_neck']);
  const summary = await detlab('summary', file, '--json', ...smallArguments);
  expect([summary.code, summary.err]).toEqual([0, expect.stringMatching(/custom_imports: running .*file_neck\.ts/)]);
  expect(summary.err).toMatch(/"projects\.x\.some_neck" is a Python module and was not loaded/);
  expect(summary.err).not.toMatch(/mmdet\.models/);
  expect(summary.lines()[0].stages.find((s: { path: string }) => s.path === 'neck')).toMatchObject({
    type: 'FileNeck',
  });
  expect(String(describeModule('FileNeck'))).toContain('One convolution a level');
  const model = await detector(file, { options: smallArguments.slice(1) }).build();
  expect(model.detector.stateDict().get('neck.convs.0.weight')!.shape).toEqual([16, 8, 1, 1]);
  model.dispose();
});

test('custom_imports that fail are told, or passed over where the config allows it', async () => {
  writeFileSync(join(folder, 'broken.ts'), "throw new Error('no such luck');");
  const fails = async (imports: unknown, more?: object) =>
    detlab('summary', write('fails.json', imports, more), ...smallArguments);
  const none = await fails('./none.ts');
  expect([none.code, none.err]).toEqual([
    2,
    expect.stringMatching(/Cannot load "\.\/none\.ts" of custom_imports: there is no such file/),
  ]);
  const broken = await fails(['./broken.ts']);
  expect([broken.code, broken.err]).toEqual([
    2,
    expect.stringMatching(/broken\.ts" of custom_imports: Error: no such luck/),
  ]);
  const allowed = await fails(['./broken.ts'], { allow_failed_imports: true });
  expect([allowed.code, allowed.err]).toEqual([0, expect.stringContaining('(allow_failed_imports)')]);
  expect((await fails([7])).err).toMatch(/expected paths, received 7/);
});
