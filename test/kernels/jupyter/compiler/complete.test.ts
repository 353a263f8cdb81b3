// Completion in cells: names of configs, modules and kinds, paths of a recipe, options of the module that an object names.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { catalogue } from '../../../../src/lab/catalogue';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
  const code =
    "const base = detector('faster-rcnn_r18_fpn_toytown'); const detr = detector('detr_r50_8xb2-150e_coco'); let plain = 1;";
  expect((await kernel.execute(code, {}, 60_000)).error).toBeUndefined();
}, 90_000);
afterAll(() => kernel?.stop());

/** What is offered at the | of some code, and the text that it replaces. */
async function complete(marked: string) {
  const cursor_pos = marked.indexOf('|');
  const code = marked.replace('|', '');
  const { matches, cursor_start, cursor_end } = await kernel.request('complete_request', { code, cursor_pos });
  return { matches: matches as string[], replaced: code.slice(Number(cursor_start), Number(cursor_end)) };
}
const offered = async (marked: string) => (await complete(marked)).matches;

describe('names', () => {
  it.each(["detector('fas|')", "detector('fas|", "loadConfig('fas|')"])('of configs: %s', async (code) => {
    const { matches, replaced } = await complete(code);
    expect(matches.slice(0, 20)).toEqual(matches.slice(0, 20).filter((name) => name.startsWith('fas')));
    expect(matches).toEqual(expect.arrayContaining(['faster-rcnn_r50_fpn_1x_coco', 'faster-rcnn_r18_fpn_toytown']));
    expect(matches).not.toContain('retinanet_r50_fpn_1x_coco');
    expect(replaced).toBe('fas');
  });

  it('of modules and kinds', async () => {
    expect(await offered("describe('PAF|')")).toContain('PAFPN');
    const types = await offered("describe('|')");
    const all = catalogue.all().map(({ type }) => type);
    expect(all.filter((type) => !types.includes(type))).toEqual([]);
    expect(await offered("modules('n|')")).toContain('neck');
  });

  it('are found anew once another cell has run', async () => {
    const before = await offered('late|');
    expect(await offered('late|')).toEqual(before);
    expect(before).not.toContain('lateName');
    expect((await kernel.execute('const lateName = 1;')).error).toBeUndefined();
    expect(await offered('late|')).toContain('lateName');
  });

  it('leave other names possible', async () => {
    const { error } = await kernel.execute("describe('FPN' as string); modules('necks');");
    expect(error).toBeUndefined();
  });
});

describe('paths', () => {
  it("of a recipe's own modules, a level at a time", async () => {
    // the first one has its modules built
    let top: string[] = [];
    await expect.poll(async () => (top = await offered("detr.freeze('|')")), { timeout: 20_000 }).toContain('encoder');
    expect(top).toEqual(expect.arrayContaining(['backbone', 'encoder', 'decoder', 'bbox_head', 'backbone.layer1']));
    expect(top).not.toContain('rpn_head');
    expect(top.filter((path) => path.split('.').length > 2)).toEqual([]);
    const { matches, replaced } = await complete("detr.neck('FPN').unfreeze('backbone', 'encoder.layers.|')");
    expect(matches).toContain('encoder.layers.0');
    expect(matches.every((path) => path.startsWith('encoder.layers.'))).toBe(true);
    expect(replaced).toBe('encoder.layers.');
  });

  it("of a recipe's own config", async () => {
    const { matches, replaced } = await complete("base.set({ 'model.roi_head.bbox_head.l|': 1 })");
    expect(matches.slice(0, 2)).toEqual(['model.roi_head.bbox_head.loss_cls', 'model.roi_head.bbox_head.loss_bbox']);
    expect(replaced).toBe('model.roi_head.bbox_head.l');
    expect(await offered("base.set({ '|' })")).toContain('train_dataloader');
  });

  it('that most recipes have, where the recipe is not known', async () => {
    expect(await offered("detector('x').freeze('|')")).toEqual(expect.arrayContaining(['backbone.layer1', 'neck']));
    expect(await offered("detector('x').set({ 'optim|' })")).toContain('optim_wrapper.optimizer.lr');
    expect(await offered("plain.toFixed('|')")).toEqual([]);
  });

  it('are not waited for while a cell runs', async () => {
    const cell = kernel.start('await new Promise((r) => setTimeout(r, 1500));');
    await kernel.wait((m) => m.parent === cell && m.type === 'execute_input');
    expect(await offered("detr.freeze('|')")).toContain('neck');
    await kernel.finish(cell);
  });
});

describe('options of the module that an object names', () => {
  it.each([
    "base.neck({ type: 'PAFPN', | })",
    "base.neck({ type: 'PAFPN', ",
    "base.neck([{ type: 'PAFPN', | }])",
    "base.neck({ type: 'mmdet.PAFPN', | })",
    "base.set({ 'model.neck': { type: 'PAFPN', | } })",
    "defineConfig({ model: { type: 'FasterRCNN', neck: { type: 'PAFPN', | } } })",
    "defineConfig({ _base_: 'x', model: { neck: { type: 'PAFPN', | } } })",
    "const neck = { type: 'PAFPN', | }",
  ])('%s', async (code) => {
    const matches = await offered(code.includes('|') ? code : `${code}|`);
    const options = matches.filter((name) => /^[a-z]+(_[a-z]+)+$/.test(name));
    expect(options).toEqual(expect.arrayContaining(['out_channels', 'num_outs', 'no_norm_on_lateral', 'init_cfg']));
    for (const other of ['stack_times', 'refine_type', 'aspp_dilations']) expect(matches).not.toContain(other);
  });

  it('wherever it is, and without those that are given', async () => {
    const matches = await offered("base.set({ 'model.rpn_head.loss_cls': { type: 'FocalLoss', gamma: 2, | } })");
    expect(matches.slice(0, 5)).toContain('alpha');
    expect(matches).not.toContain('gamma');
    expect(await offered("base.neck({ type: 'PAFPN', norm_cfg: { type: 'BN', | } })")).toContain('requires_grad');
  });

  it('also when the name is written out', async () => {
    expect(await offered("base.neck({ type: 'PAFPN', out_channels| })")).toEqual(['out_channels']);
  });

  it('but not inside a value', async () => {
    expect(await offered("base.neck({ type: 'PAFPN', out_channels: pla|")).toContain('plain');
  });
});
