// Histogram of the gradient norm; examples are weighted by the inverse density of their bin (Li et al., AAAI 2019).
// With momentum the counts are a moving average over iterations, in a buffer saved with the model. In a run of several processes
// the counts are those of the whole batch, so that their number changes nothing; the reference counts each rank by itself.

import * as tf from '@tensorflow/tfjs';
import { stepGroup } from '../../engine/step-group';
import { constant, Module, type Parameter } from '../../nn';
import { stopGradient } from '../../ops';
import { tensorOverRanks } from '../../ops/over-ranks';

export class GradientDensity extends Module {
  readonly edges: Parameter<tf.Rank.R1>;
  private readonly counts: Parameter<tf.Rank.R1> | undefined;

  /** Bins of equal width over 0 .. 1; the last one reaches to `last`. */
  constructor(
    private readonly bins: number,
    private readonly momentum: number,
    last: number,
  ) {
    super();
    const edges = Float32Array.from({ length: bins + 1 }, (_, i) => (i === bins ? last : i / bins));
    this.edges = this.addBuffer('edges', [bins + 1], () => edges);
    tf.tidy(() => this.edges.variable.assign(tf.tensor1d(edges)));
    if (momentum > 0) this.counts = this.addBuffer('acc_sum', [bins], constant(0));
  }

  /** Of elements that count: how many there are over the ranks, and the divisor of this rank's sum. */
  protected totals(count: tf.Scalar): { total: tf.Scalar; avgFactor: tf.Scalar } {
    const total = tf.maximum<tf.Scalar>(tensorOverRanks(count), 1);
    return { total, avgFactor: tf.div(total, stepGroup()?.size ?? 1) };
  }

  /** Where this rank has nothing to count and others may have. */
  takePart(): void {
    if (!stepGroup()) return;
    const { total } = this.totals(tf.scalar(0));
    this.weights(tf.zeros([1]), tf.zeros([1]), total);
  }

  /** Weights of the shape of `lengths`: total / (count of its bin) / (bins in use); 0 where `valid` is 0. */
  protected weights(lengths: tf.Tensor, valid: tf.Tensor, total: tf.Scalar): tf.Tensor {
    return stopGradient(lengths, (constant) => this.weightsOf(constant, valid, total));
  }

  private weightsOf(lengths: tf.Tensor, valid: tf.Tensor, total: tf.Scalar): tf.Tensor {
    const edges = this.edges.variable;
    const g = lengths.expandDims(-1);
    const low = edges.slice([0], [this.bins]);
    const high = edges.slice([1], [this.bins]);
    const inBin = tf.mul(
      tf.logicalAnd(tf.greaterEqual(g, low), tf.less(g, high)).cast('float32'),
      valid.expandDims(-1),
    ); // [..., bins]
    const found = tensorOverRanks(tf.sum<tf.Tensor1D>(inBin.reshape([-1, this.bins]), 0));
    const used = tf.greater(found, 0);
    let counts = found;
    if (this.counts) {
      const { variable } = this.counts;
      const moved = tf.add(tf.mul(variable, this.momentum), tf.mul(found, 1 - this.momentum));
      counts = tf.where(used, moved, variable) as tf.Tensor1D;
      variable.assign(counts);
    }
    const perBin = tf.where(used, tf.div(total, tf.where(used, counts, tf.onesLike(counts))), tf.zerosLike(counts));
    const inUse = tf.maximum(tf.sum(used.cast('float32')), 1);
    return tf.sum(tf.mul(inBin, tf.div(perBin, inUse)), -1);
  }
}
