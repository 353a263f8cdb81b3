// Non-local block (Wang et al., CVPR 2018), mmcv's NonLocal2d: adds to every pixel a weighted mean of all pixels,
// x + conv_out(weights(theta(x), phi(x)) g(x)), with one of four pairwise functions.

import * as tf from '@tensorflow/tfjs';
import { maxPool2d } from '../ops/max-pool2d';
import { BatchStatisticsNorm } from './batch-statistics-norm';
import { ConvModule } from './conv-module';
import { normal, zeros } from './initializers';
import type { ConvCfg, NormCfg } from './layer-options';
import { Module } from './module';

/** How `NonLocal2d` weighs pairs of positions. */
export const NON_LOCAL_MODES = ['gaussian', 'embedded_gaussian', 'dot_product', 'concatenation'] as const;
/** One of `NON_LOCAL_MODES`. */
export type NonLocalMode = (typeof NON_LOCAL_MODES)[number];

/** Options of `NonLocal2d`. */
export interface NonLocal2dConfig {
  inChannels: number;
  /** Ratio of input to inner channels. */
  reduction?: number;
  /** embedded_gaussian: divide by the square root of the inner channels. */
  useScale?: boolean;
  mode?: NonLocalMode;
  /** Subsample keys and values by 2 x 2 max pooling. */
  subSample?: boolean;
  convCfg?: ConvCfg | null;
  /** Norm after `conv_out`. */
  normCfg?: NormCfg | null;
  /** Standard deviation of the initial weights. */
  std?: number;
  /** Zero-initialise the output, so that the block starts as the identity. */
  zerosInit?: boolean;
}

/**
 * @example new NonLocal2d({ inChannels: 64 }).forward(x) // [N, H, W, 64] -> the same shape
 */
export class NonLocal2d extends Module {
  private readonly g: ConvModule;
  private readonly convOut: ConvModule;
  private readonly theta?: ConvModule;
  private readonly phi?: ConvModule;
  private readonly project?: ConvModule;
  private readonly mode: NonLocalMode;
  private readonly inner: number;

  constructor(private readonly config: NonLocal2dConfig) {
    super();
    const { inChannels, reduction = 2, mode = 'embedded_gaussian', subSample = false, convCfg, normCfg } = config;
    this.mode = mode;
    this.inner = Math.max(Math.floor(inChannels / reduction), 1);
    const conv = (from: number, to: number, norm: NormCfg | null = null) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, convCfg, normCfg: norm, actCfg: null });
    const embed = () => conv(inChannels, this.inner);
    // a pooled branch is a Sequential in PyTorch, whose convolution is named 0
    const pooled = subSample ? '.0' : '';
    this.g = this.addChild(`g${pooled}`, embed());
    this.convOut = this.addChild('conv_out', conv(this.inner, inChannels, normCfg ?? null));
    if (mode !== 'gaussian') {
      this.theta = this.addChild('theta', embed());
      this.phi = this.addChild(`phi${pooled}`, embed());
    }
    if (mode === 'concatenation')
      this.project = this.addChild(
        'concat_project',
        new ConvModule({ inChannels: this.inner * 2, outChannels: 1, kernelSize: 1, bias: false }),
      );
    this.initializeItself();
  }

  /** Sets its initialisation, which an enclosing module's init_cfg does not change. */
  initializeItself(): void {
    const { std = 0.01, zerosInit = true } = this.config;
    for (const embedding of [this.g, this.theta, this.phi])
      if (embedding) {
        embedding.conv.weight.initializer = normal(std);
        if (embedding.conv.bias) embedding.conv.bias.initializer = zeros;
      }
    const { norm, conv } = this.convOut;
    if (norm instanceof BatchStatisticsNorm) return; // no option builds one here
    const last = norm ?? conv;
    if (last.weight) last.weight.initializer = zerosInit ? zeros : normal(std);
    if (last.bias) last.bias.initializer = zeros;
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [n, h, w] = x.shape;
      const pool = (y: tf.Tensor4D) => (this.config.subSample ? maxPool2d(y, { size: [2, 2] }) : y);
      const rows = (y: tf.Tensor4D): tf.Tensor3D => y.reshape([n, -1, y.shape[3]]);
      const g = rows(pool(this.g.forward(x))); // [N, M, inner]
      const theta = rows(this.theta ? this.theta.forward(x) : x); // [N, HW, inner]
      const phi = rows(pool(this.phi ? this.phi.forward(x) : x)); // [N, M, inner]
      const y: tf.Tensor4D = tf.matMul(this.pairwise(theta, phi), g).reshape([n, h, w, this.inner]);
      return this.convOut.forward(y, { residual: x });
    });
  }

  /** [N, HW, C], [N, M, C] -> weights [N, HW, M]. */
  private pairwise(theta: tf.Tensor3D, phi: tf.Tensor3D): tf.Tensor3D {
    const count = phi.shape[1];
    if (this.mode === 'concatenation') {
      // relu(w . [theta_i, phi_j]) = relu(w1 . theta_i + w2 . phi_j), without materialising the pairs
      const [wTheta, wPhi] = tf.split(this.project!.conv.weight.variable.reshape([2, this.inner, 1]), 2);
      const n = theta.shape[0];
      const a = tf.matMul(theta, tf.tile(wTheta, [n, 1, 1])); // [N, HW, 1]
      const b = tf.matMul(phi, tf.tile(wPhi, [n, 1, 1])).reshape([n, 1, count]);
      return tf.div<tf.Tensor3D>(tf.relu(tf.add(a, b)), count);
    }
    const products: tf.Tensor3D = tf.matMul(theta, phi, false, true);
    if (this.mode === 'dot_product') return tf.div<tf.Tensor3D>(products, count);
    const scaled = this.mode === 'embedded_gaussian' && (this.config.useScale ?? true);
    return tf.softmax(scaled ? tf.div<tf.Tensor3D>(products, Math.sqrt(theta.shape[2])) : products);
  }
}
