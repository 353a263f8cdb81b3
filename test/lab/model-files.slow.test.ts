// Distilled models whose student and teacher a config names by their files: classes and weights of both, and a short run.

import path from 'node:path';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { dataset, detector } from '../../src';
import { startEngine } from '../../src/engine';
import type { Settings } from '../../src/lab/setting-paths';
import { config, distilled, folder } from './distilled-configs';

beforeAll(async () => void (await startEngine()));
afterEach(() => vi.unstubAllEnvs());

test('the shipped config reads both of its models, and its teacher keeps its own classes', async () => {
  const sizes = (part: string, widen_factor: number) =>
    Object.fromEntries(
      ['backbone', 'neck', 'bbox_head.head_module'].map((at) => [`model.${part}.${at}.widen_factor`, widen_factor]),
    );
  const set = { ...sizes('architecture', 0.0625), ...sizes('teacher', 0.125), 'model.teacher_ckpt': null } as Settings;
  const channels = Object.fromEntries(
    [0, 1, 2].flatMap((i) => [
      [`model.distiller.connectors.fpn${i}_s`, { in_channel: 16, out_channel: 32 }],
      [`model.distiller.connectors.fpn${i}_t`, { in_channels: 32 }],
    ]),
  ) as Settings;
  const recipe = detector('kd_tiny_rtmdet_s_neck_300e_coco').classes(['cat', 'dog']).set(set).set(channels);
  const model = await recipe.build({ seed: 1 });
  const names = [...model.detector.named()];
  const shape = (name: string) => names.find(([key]) => key === name)?.[1].variable.shape;
  expect(shape('architecture.bbox_head.head_module.rtm_cls.0.bias')).toEqual([2]);
  expect(shape('teacher.bbox_head.head_module.rtm_cls.0.bias')).toEqual([80]);
  expect(shape('distiller.connectors.fpn0_s.conv_module.conv.weight')).toEqual([1, 1, 16, 32]);
  expect(names.filter(([name]) => name.startsWith('distiller'))).toHaveLength(3);
  expect(model.detector.trainable().some(([name]) => name.startsWith('teacher'))).toBe(false);
  model.dispose();
});

test('a student is trained beside its teacher, whose weights stay as they were read, until distillation stops', async () => {
  vi.stubEnv('DETLAB_CONFIG_ROOTS', `mmdet=${path.dirname(folder)}`);
  const data = await dataset.toytown({ images: 4, seed: 3, width: 64, height: 64, dir: folder });
  const teacher = await detector(path.join(folder, 'large.py')).classes(data.classes).build({ seed: 5 });
  const weights = path.join(folder, 'large.safetensors');
  await teacher.save(weights);
  const recipe = detector(config('fitted.py', distilled('large.py')))
    .classes(data.classes)
    .set({
      'model.teacher_ckpt': weights,
      'model.teacher.bbox_head.num_classes': data.classes.length,
      custom_hooks: [{ type: 'mmrazor.StopDistillHook', stop_epoch: 1 }],
    } as Settings);
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const run = await recipe.fit(data, { epochs: 2, batch: 2, seed: 3, workers: 0, workDir: false, log });
  expect(lines.filter((line) => line.includes('distillation stops after 1 epochs'))).toHaveLength(1);
  expect(Object.keys(run.history.train.at(-1) ?? {})).toContain('distill.loss_pkd');
  const state = run.model.detector.stateDict();
  for (const [name, tensor] of teacher.detector.stateDict())
    expect(state.get(`teacher.${name}`)?.data, name).toEqual(tensor.data);
  teacher.dispose();
  run.model.dispose();
});
