// Errors in cells name what may have been meant.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { sampled } from '../../../slow-cases';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
  const declared = await kernel.execute("const base = detector('faster-rcnn_r18_fpn_toytown');", {}, 60_000);
  expect(declared.error).toBeUndefined();
}, 90_000);
afterAll(() => kernel?.stop());

const MISTAKES: [code: string, hint: string][] = [
  ["base.neck({ type: 'PAFPN', out_chanels: 128 })", 'Did you mean "out_channels"?'],
  ["base.neck({ type: 'PAFPN', outchannels: 128 })", 'Did you mean "out_channels"?'],
  ["base.neck('PAFPM')", 'No module has the name "PAFPM". Did you mean "PAFPN"? modules() lists them'],
  ["base.neck({ type: 'PAFPM' })", `Did you mean '"PAFPN"'?`],
  ["base.neck([{ type: 'PAFPM', out_channels: 8 }])", `Did you mean '"PAFPN"'?`],
  ["base.backbone('ResNett')", 'Did you mean "ResNet"?'],
  ["base.neck([{ type: 'PAFPN', channels: 128 }])", 'Did you mean "out_channels" or "in_channels"?'],
  ["base.backbone({ type: 'ResNet', dept: 18 })", "Did you mean to write 'depth'?"],
  [
    "defineConfig({ model: { type: 'FasterRCNN', neck: { type: 'PAFPN', out_chanels: 1 } } })",
    'Did you mean "out_channels"?',
  ],
  ["base.set({ 'model.neck': { type: 'PAFPN', out_chanels: 3 } })", 'Did you mean "out_channels"?'],
  ["base.set({ 'train_dataloader.batchsize': 3 })", 'Did you mean "batch_size"?'],
  ['base.fit(undefined as any, { epoch: 1 })', "Did you mean to write 'epochs'?"],
  ['widgets.checkbox({ colour: 1 })', 'There are value, description, disabled, layout'],
  ["detector('faster-rcnn_r50_fnp_1x_coco')", 'Did you mean "faster-rcnn_r50_fpn_1x_coco"'],
  ["init_detector('a.py', 'b.pth')", "Here it is `await detector('CONFIG').load('weights.pth')`"],
  [
    "inference_detectr(base, 'a.jpg')",
    "inference_detector is of MMDetection's Python API. Here it is `await model.predict",
  ],
  ["import { init_detector } from 'mmdet/apis'", 'mmdet/apis is a Python package'],
];

it.each(sampled(MISTAKES, 3))('%s', async (code, hint) => {
  const { error } = await kernel.execute(code, {}, 60_000);
  expect(error?.traceback.join('\n')).toContain(hint);
});
