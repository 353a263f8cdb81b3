// mmcv's ConvModule: convolution, norm and activation as one module (`conv.weight`, `bn.weight`, ...), in any order.

import * as tf from '@tensorflow/tfjs';
import { type FeatureMaps, joinMaps } from '../ops/join-maps';
import { buildConv } from './build-conv';
import { convNorm, type Norm } from './conv-norm';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
import { kaiming, zeros } from './initializers';
import {
  type ActCfg,
  type Activation,
  type AnyNormCfg,
  buildActivation,
  buildNorm,
  type ConvCfg,
} from './layer-options';
import { Module } from './module';
import { PReLU } from './prelu';

/** Options of `ConvModule`: a convolution, its norm and its activation. */
export interface ConvModuleConfig extends Omit<Conv2dConfig, 'bias' | 'init' | 'biasInit'> {
  /** `auto`: a bias only without a norm. */
  bias?: boolean | 'auto';
  convCfg?: ConvCfg | null;
  normCfg?: AnyNormCfg | null;
  /** ReLU by default, null for none. */
  actCfg?: ActCfg | null;
  /** Name of the norm in the state dict; `bn` or `gn` by default. */
  normName?: string;
  order?: readonly ['conv' | 'norm' | 'act', 'conv' | 'norm' | 'act', 'conv' | 'norm' | 'act'];
}

/**
 * Initialised as in mmcv with Kaiming-normal weights and zero bias, unless the enclosing module's `init_cfg` overrides it.
 *
 * @example new ConvModule({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1, normCfg: { type: 'BN' } })
 */
export class ConvModule extends Module {
  conv: Conv2d;
  readonly norm?: Norm;
  readonly activation?: Activation;
  private readonly order: readonly string[];

  constructor(config: ConvModuleConfig) {
    super();
    const {
      bias = 'auto',
      convCfg,
      normCfg = null,
      actCfg = { type: 'ReLU' },
      order = ['conv', 'norm', 'act'],
    } = config;
    this.order = order;
    const leaky = actCfg?.type === 'LeakyReLU';
    this.conv = this.addChild(
      'conv',
      buildConv(convCfg, {
        ...config,
        bias: bias === 'auto' ? normCfg === null : bias,
        init: leaky ? kaiming({ a: actCfg.negative_slope ?? 0.01, nonlinearity: 'leaky_relu' }) : kaiming(),
        biasInit: zeros,
      }),
    );
    if (normCfg) {
      const before = order.indexOf('norm') < order.indexOf('conv');
      const { name, norm } = buildNorm(normCfg, before ? config.inChannels : config.outChannels);
      this.norm = this.addChild(config.normName ?? name, norm);
    }
    if (actCfg) this.activation = actCfg.type === 'PReLU' ? this.learned(actCfg) : buildActivation(actCfg);
  }

  private learned(actCfg: ActCfg): Activation {
    const prelu = this.addChild('activate', new PReLU(actCfg));
    return { type: 'PReLU', apply: (x) => prelu.forward(x) };
  }

  /** Replaces its convolution by that of another module; both share the weights. */
  shareConv(other: ConvModule): void {
    this.conv.dispose();
    this.conv = this.addChild('conv', other.conv);
  }

  /**
   * [N, H, W, Cin] -> [N, H', W', Cout]; `residual` is added last, after the activation. Several maps are read as one, joined
   * along channels, those of half the size repeated.
   */
  forward(maps: FeatureMaps, { residual }: Pick<Epilogue, 'residual'> = {}): tf.Tensor4D {
    return tf.tidy(() => {
      if (this.order.join() !== 'conv,norm,act') return this.inOrder(joinMaps(maps), residual);
      const x = this.conv.constructor === Conv2d ? maps : joinMaps(maps);
      const { activation } = this;
      if (!activation) return convNorm(this.conv, this.norm, x, { residual });
      const fused = convNorm(this.conv, this.norm, x, { activation: activation.fused });
      const y = activation.fused ? fused : activation.apply(fused);
      return residual ? tf.add(y, residual) : y;
    });
  }

  private inOrder(x: tf.Tensor4D, residual?: tf.Tensor4D): tf.Tensor4D {
    let y = x;
    for (let i = 0; i < this.order.length; i++) {
      const step = this.order[i];
      // a norm directly after the convolution is folded into it
      const folded = this.order[i + 1] === 'norm';
      if (step === 'conv') y = folded ? convNorm(this.conv, this.norm, y) : this.conv.forward(y);
      else if (step === 'norm') y = this.norm && this.order[i - 1] !== 'conv' ? this.norm.forward(y) : y;
      else y = this.activation ? this.activation.apply(y) : y;
    }
    return residual ? tf.add(y, residual) : y;
  }
}
