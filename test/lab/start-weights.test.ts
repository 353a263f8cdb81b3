// Starting from weights: by recipe, by fit, by the config, and by init_cfg.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabDataset, Model, type Recipe, startEngine } from '../../src';
import { quick, scenes, small } from './small';
import { changed, weightsOf } from './weights';

const folder = mkdtempSync(join(tmpdir(), 'detlab-tune-'));
const cwd = process.cwd();
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  const { name, train } = await scenes(folder);
  // nothing to evaluate: it is the weights that count here
  data = new LabDataset(name, train, undefined);
});
afterAll(() => {
  process.chdir(cwd);
  rmSync(folder, { recursive: true });
});

describe('starting from weights', () => {
  test('by recipe, by fit, by the config, and by init_cfg; schemes stand for files in weights/', async () => {
    const source = await small().build({ seed: 5 });
    const expected = weightsOf(source);
    process.chdir(folder);
    mkdirSync('weights', { recursive: true });
    const file = source.save('start.pth');
    source.save('weights/resnet18-0676ba61.pth');
    source.save('weights/resnet50-0676ba61.pth');
    expect(existsSync(file)).toBe(true);
    const build = async (recipe: Recipe) => {
      const model = await recipe.build({ seed: 1 });
      const state = weightsOf(model);
      model.dispose();
      return changed(expected, state);
    };
    expect(await build(small())).not.toEqual([]);
    expect(await build(small().loadFrom('start.pth'))).toEqual([]);
    expect(await build(small().set({ load_from: 'start.pth' }))).toEqual([]);
    expect(await build(small().loadFrom('https://example.org/models/resnet18-0676ba61.pth'))).toEqual([]);
    const pretrained = {
      type: 'Pretrained',
      checkpoint: 'torchvision://resnet18',
      prefix: 'backbone.',
      _delete_: true,
    };
    const part = await build(small().set({ 'model.backbone.init_cfg': pretrained }));
    expect(part.length).toBeGreaterThan(0);
    expect(part.filter((name) => name.startsWith('backbone.'))).toEqual([]);
    const named = (checkpoint: string) => small().set({ 'model.backbone.init_cfg': { ...pretrained, checkpoint } });
    await expect(build(named('torchvision://resnet188'))).rejects.toThrow('The nearest: torchvision://resnet18');
    // its file is named otherwise, so that the one in weights/ is another's; DETLAB_OFFLINE is set
    expect((await build(named('mmcls://resnet50'))).filter((name) => name.startsWith('backbone.'))).not.toEqual([]);
    await expect(build(small().loadFrom('torchvision://resnet34'))).rejects.toThrow(
      /Cannot download "https:.*resnet34-b627a593\.pth": DETLAB_OFFLINE is set.*put the file at weights.resnet34-b627a593\.pth or /,
    );
    await expect(build(small().set({ load_from: 'none.pth' }))).rejects.toThrow(
      /Cannot find the weights "none.pth".*weights\/none.pth\. Put the file there, or give its path or address/,
    );
    expect(() => small().loadFrom('torchvision://resnet188')).toThrow('The nearest: torchvision://resnet18');
    expect(() => small().loadFrom('s3://bucket/none.pth')).toThrow('s3:// is not downloaded');
    expect(() => small().loadFrom('none.pth')).toThrow(/Cannot find the weights "none.pth"/);

    const loaded = await Model.load('start.pth');
    expect([changed(expected, weightsOf(loaded)), loaded.classes]).toEqual([[], source.classes]);
    const lines: string[] = [];
    const run = await small().fit(data, {
      ...quick,
      epochs: 1,
      lr: 0,
      loadFrom: 'start.pth',
      log: (line) => void lines.push(line),
    });
    expect(lines.join('\n')).toMatch(/\d+ tensors loaded from start\.pth/);
    for (const model of [source, loaded, run.model]) model.dispose();
  });
});
