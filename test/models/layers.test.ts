// The layers necks and backbones are made of against MMDetection's, MMYOLO's and mmcv's.

import type * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { CSPLayer } from '../../src/models/layers/csp-layer';
import { CSPLayerWithTwoConv } from '../../src/models/layers/csp-layer-with-two-conv';
import { type ActCfg, DepthwiseSeparableConvModule, Module, NonLocal2d, type NormCfg } from '../../src/nn';
import type { NonLocalMode } from '../../src/nn/non-local2d';
import { checkModule } from '../golden-data';

beforeAll(async () => void (await startEngine()));

/** A layer of one map under the names it has by itself, in the form of a neck. */
class Single extends Module {
  constructor(private readonly layer: Module & { forward(x: tf.Tensor4D): tf.Tensor4D }) {
    super();
    for (const [name, child] of layer.children()) this.addChild(name, child);
  }

  override train(mode = true): this {
    this.layer.train(mode);
    return super.train(mode);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return [this.layer.forward(inputs[0])];
  }
}

/** The file's cfg, in Python's names, as ours. */
interface Cfg {
  in_channels: number;
  out_channels: number;
  kernel_size: number;
  stride: number;
  padding: number;
  norm_cfg?: NormCfg;
  act_cfg?: ActCfg;
  dw_act_cfg?: ActCfg;
  pw_norm_cfg?: NormCfg | null;
  expand_ratio?: number;
  num_blocks?: number;
  add_identity?: boolean;
  use_depthwise?: boolean;
  use_cspnext_block?: boolean;
  channel_attention?: boolean;
  mode?: NonLocalMode;
  sub_sample?: boolean;
  reduction?: number;
}

function build(name: string, c: Cfg): Single {
  const shared = { inChannels: c.in_channels, outChannels: c.out_channels, normCfg: c.norm_cfg, actCfg: c.act_cfg };
  const csp = { ...shared, expandRatio: c.expand_ratio, numBlocks: c.num_blocks, addIdentity: c.add_identity };
  if (name.includes('two_conv')) return new Single(new CSPLayerWithTwoConv(csp));
  if (name.includes('csp'))
    return new Single(
      new CSPLayer({
        ...csp,
        useDepthwise: c.use_depthwise,
        useCSPNeXtBlock: c.use_cspnext_block,
        channelAttention: c.channel_attention,
      }),
    );
  if (name.includes('non_local'))
    return new Single(new NonLocal2d({ ...shared, mode: c.mode, subSample: c.sub_sample, reduction: c.reduction }));
  return new Single(
    new DepthwiseSeparableConvModule({
      ...shared,
      kernelSize: c.kernel_size,
      stride: c.stride,
      padding: c.padding,
      depthwiseActCfg: c.dw_act_cfg,
      pointwiseNormCfg: c.pw_norm_cfg,
    }),
  );
}

test.each([
  'depthwise_separable',
  'csp',
  'csp_depthwise',
  'csp_next',
  'csp_next_depthwise',
  'csp_two_conv',
  'csp_two_conv_plain',
  'non_local_embedded',
  'non_local_gaussian',
  'non_local_dot',
  'non_local_concat',
])('%s equals the reference, forward and gradients', (name) =>
  checkModule(`layer_${name}`, (cfg) => build(name, cfg as unknown as Cfg)),
);
