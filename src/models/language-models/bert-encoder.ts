// BERT (Devlin et al., NAACL 2019) as far as detectors read it: embeddings of tokens, positions and sentences, and the layers
// above them. Names are those of Hugging Face's state dict.

import * as tf from '@tensorflow/tfjs';
import { type Initializer, LayerNorm, Linear, normal, zeros } from '../../nn';
import { Dropout } from '../../nn/dropout';
import { Embedding } from '../../nn/embedding';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { stopGradient } from '../../ops';
import type { BertConfig } from '../../text/bert-config';
import { BertLayer } from './bert-layer';

class BertEmbeddings extends Module {
  private readonly words: Embedding;
  private readonly positions: Embedding;
  private readonly types: Embedding;
  private readonly norm: LayerNorm;
  private readonly dropout: Dropout;

  constructor(
    private readonly config: BertConfig,
    init: Initializer,
  ) {
    super();
    const { hidden_size: channels, layer_norm_eps: epsilon, hidden_dropout_prob: drop_prob } = config;
    const table = (count: number) => new Embedding({ count, channels, init });
    this.words = this.addChild('word_embeddings', table(config.vocab_size));
    this.positions = this.addChild('position_embeddings', table(config.max_position_embeddings));
    this.types = this.addChild('token_type_embeddings', table(config.type_vocab_size));
    this.norm = this.addChild('LayerNorm', new LayerNorm({ channels, epsilon }));
    this.dropout = this.addChild('dropout', new Dropout({ type: 'Dropout', drop_prob }));
  }

  /** Token ids and positions, [B * T] each -> [B, T, C]. */
  forward(ids: Int32Array, positions: Int32Array, batch: number): tf.Tensor3D {
    const [word, position] = [ids, positions].map((values) => tf.tensor1d(values, 'int32'));
    const type = tf.zerosLike(word);
    const read = this.words.forward(word);
    // the vector of the padding is not trained
    const padding = tf.equal(word, tf.scalar(this.config.pad_token_id, 'int32')).expandDims(1);
    const words = tf.where(padding, stopGradient(read), read);
    const sum = tf.add(tf.add(words, this.types.forward(type)), this.positions.forward(position));
    const { hidden_size: channels } = this.config;
    return this.dropout.forward(this.norm.forward(sum.reshape<tf.Tensor3D>([batch, -1, channels])));
  }
}

/** The last layer's [CLS] before a classifier; no detector reads it, checkpoints have it. */
class BertPooler extends Module {
  constructor({ hidden_size: channels }: BertConfig, init: Initializer) {
    super();
    this.addChild('dense', new Linear({ inFeatures: channels, outFeatures: channels, init, biasInit: zeros }));
  }
}

class BertLayers extends Module {
  readonly layers: ModuleList<BertLayer>;

  constructor(config: BertConfig, init: Initializer) {
    super();
    const layer = () => new BertLayer(config, { init, biasInit: zeros });
    this.layers = this.addChild('layer', new ModuleList(Array.from({ length: config.num_hidden_layers }, layer)));
  }
}

export class BertEncoder extends Module {
  private readonly embeddings: BertEmbeddings;
  private readonly encoder: BertLayers;

  constructor(config: BertConfig, withPooler: boolean) {
    super();
    const init = normal(config.initializer_range);
    this.embeddings = this.addChild('embeddings', new BertEmbeddings(config, init));
    this.encoder = this.addChild('encoder', new BertLayers(config, init));
    if (withPooler) this.addChild('pooler', new BertPooler(config, init));
  }

  /** States [B, T, C] after every layer. `mask` is added to the scores of the attention. */
  forward(ids: Int32Array, positions: Int32Array, batch: number, mask: tf.Tensor): tf.Tensor3D[] {
    let x = this.embeddings.forward(ids, positions, batch);
    const states: tf.Tensor3D[] = [];
    for (const layer of this.encoder.layers) {
      x = layer.forward(x, mask);
      states.push(x);
    }
    return states;
  }
}
