// One layer of BERT's encoder: self-attention and a feed-forward network, each with a shortcut and a norm after it (Devlin et
// al., NAACL 2019). Names are those of Hugging Face's state dict.

import * as tf from '@tensorflow/tfjs';
import { type Initializer, LayerNorm, Linear } from '../../nn';
import { Dropout } from '../../nn/dropout';
import { Module } from '../../nn/module';
import { stepRandom } from '../../nn/step-random';
import { activate } from '../../ops/activate';
import { attention } from '../../ops/attention';
import type { BertConfig } from '../../text/bert-config';

export interface BertLayerSettings {
  /** Initial weights; biases are 0 with it, else both are torch's. */
  init?: Initializer;
  biasInit?: Initializer;
  /** Bound of the activations, where mixed precision is to be safe (GLIP). */
  limit?: number;
}

class BertSelfAttention extends Module {
  private readonly query: Linear;
  private readonly key: Linear;
  private readonly value: Linear;
  private readonly heads: number;
  private readonly rate: number;

  constructor(config: BertConfig, { init, biasInit }: BertLayerSettings) {
    super();
    this.heads = config.num_attention_heads;
    this.rate = config.attention_probs_dropout_prob;
    const square = () =>
      new Linear({ inFeatures: config.hidden_size, outFeatures: config.hidden_size, init, biasInit });
    this.query = this.addChild('query', square());
    this.key = this.addChild('key', square());
    this.value = this.addChild('value', square());
  }

  forward(x: tf.Tensor3D, mask: tf.Tensor): tf.Tensor3D {
    const dropout = this.training ? this.rate : 0;
    const seed = dropout > 0 ? stepRandom().uint32() >>> 1 : 0;
    const [q, k, v] = [this.query, this.key, this.value].map((layer) => layer.forward(x));
    return attention(q, k, v, { heads: this.heads, mask, dropout, seed });
  }
}

/** A linear layer, and the norm of its sum with what its block began with. */
class BertOutput extends Module {
  private readonly dense: Linear;
  private readonly norm: LayerNorm;
  private readonly dropout: Dropout;

  constructor(
    config: BertConfig,
    { init, biasInit }: BertLayerSettings,
    inFeatures: number,
    private readonly limit: number | undefined,
  ) {
    super();
    const { hidden_size: channels, layer_norm_eps: epsilon, hidden_dropout_prob: drop_prob } = config;
    this.dense = this.addChild('dense', new Linear({ inFeatures, outFeatures: channels, init, biasInit }));
    this.norm = this.addChild('LayerNorm', new LayerNorm({ channels, epsilon }));
    this.dropout = this.addChild('dropout', new Dropout({ type: 'Dropout', drop_prob }));
  }

  forward(x: tf.Tensor3D, shortcut: tf.Tensor3D): tf.Tensor3D {
    const branch = limited(this.dropout.forward(this.dense.forward(x)), this.limit);
    return limited(this.norm.forward(tf.add<tf.Tensor3D>(branch, shortcut)), this.limit);
  }
}

const limited = <T extends tf.Tensor>(x: T, limit: number | undefined): T =>
  limit === undefined ? x : (tf.clipByValue(x, -limit, limit) as T);

/** A level of names without layers of its own. */
class Level extends Module {
  hold<T extends Module>(name: string, module: T): T {
    return this.addChild(name, module);
  }
}

export class BertLayer extends Module {
  private readonly attention: BertSelfAttention;
  private readonly attended: BertOutput;
  private readonly intermediate: Linear;
  private readonly output: BertOutput;
  private readonly limit: number | undefined;

  constructor(config: BertConfig, settings: BertLayerSettings = {}) {
    super();
    const { hidden_size: channels, intermediate_size: wide } = config;
    const { init, biasInit, limit } = settings;
    this.limit = limit;
    const attend = this.addChild('attention', new Level());
    this.attention = attend.hold('self', new BertSelfAttention(config, settings));
    this.attended = attend.hold('output', new BertOutput(config, settings, channels, undefined));
    const between = this.addChild('intermediate', new Level());
    this.intermediate = between.hold('dense', new Linear({ inFeatures: channels, outFeatures: wide, init, biasInit }));
    this.output = this.addChild('output', new BertOutput(config, settings, wide, limit));
  }

  /** x [B, T, C]; `mask` is added to the scores of the attention and broadcasts to [B, heads, T, T]. */
  forward(x: tf.Tensor3D, mask: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const attended = this.attended.forward(this.attention.forward(x, mask), x);
      const wide = limited(this.intermediate.forward(attended), this.limit);
      return this.output.forward(limited(activate(wide, 'gelu'), this.limit), attended);
    });
  }
}
