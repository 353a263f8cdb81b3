// BertModel: the tokens of captions as BERT encodes them (Devlin et al., NAACL 2019). Its vocabulary, sizes and weights are
// those of a folder or of a model that Hugging Face publishes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg, Module } from '../../nn';
import { type BertConfig, bertConfigOf } from '../../text/bert-config';
import { type BertTokenizer, tokenizerOf } from '../../text/bert-tokenizer';
import { BertEncoder } from './bert-encoder';
import { type SubSentences, subSentences } from './sub-sentences';

export const textModelName = z
  .string()
  .min(1)
  .describe('Text model: a folder with config.json and vocab.txt, or a name at Hugging Face');

const options = z
  .strictObject({
    name: textModelName.default('bert-base-uncased'),
    max_tokens: z.int().min(2).default(256).describe('Tokens of a caption; longer ones are cut'),
    pad_to_max: z.boolean().default(true).describe('Pad all captions to max_tokens, else to the longest'),
    use_sub_sentence_represent: z
      .boolean()
      .default(false)
      .describe('Tokens read those of their own phrase only, which special_tokens_list ends'),
    special_tokens_list: z.array(z.string()).min(1).nullish().describe('Tokens at which phrases end'),
    add_pooling_layer: z.boolean().default(false).describe('Have the weights of the pooler, which nothing reads'),
    num_layers_of_embedded: z.int().positive().default(1).describe('Number of last layers that are averaged'),
    use_checkpoint: ignoredOption('activations are kept for the backward pass', {
      schema: z.boolean().default(false),
    }),
    init_cfg: initCfg.nullish().describe('Weight initialisation'),
  })
  .refine((o) => !o.use_sub_sentence_represent || o.special_tokens_list, {
    message: 'must be given with use_sub_sentence_represent',
    path: ['special_tokens_list'],
  });
type Options = z.output<typeof options>;

/** Captions as one batch of B rows of T tokens. */
export interface TokenBatch {
  ids: Int32Array;
  batch: number;
  length: number;
  /** [B, T], 0 for the padding. */
  present: Uint8Array;
  phrases?: SubSentences;
}

export interface LanguageFeatures extends TokenBatch {
  /** [B, T, C], 0 at the padding unless phrases are apart. */
  embedded: tf.Tensor3D;
  /** The last layer, [B, T, C]. */
  hidden: tf.Tensor3D;
}

/** Encodes captions. */
export interface LanguageModel extends Module {
  readonly channels: number;
  readonly maxTokens: number;
  /** Tokens of phrases read only those of their own. */
  readonly hasPhrases: boolean;
  readonly tokenizer: BertTokenizer;
  forward(captions: readonly string[]): LanguageFeatures;
}

const MASKED = -1e9;

class Body extends Module {
  readonly model: BertEncoder;

  constructor(config: BertConfig, withPooler: boolean) {
    super();
    this.model = this.addChild('model', new BertEncoder(config, withPooler));
  }
}

export class BertModel extends Module implements LanguageModel {
  readonly channels: number;
  readonly maxTokens: number;
  readonly hasPhrases: boolean;
  private readonly body: Body;

  constructor(private readonly options: Options) {
    super();
    const config = bertConfigOf(options.name);
    const { max_position_embeddings: positions, hidden_size: channels, num_hidden_layers: layers } = config;
    if (options.max_tokens > positions || options.num_layers_of_embedded > layers)
      throw new DetLabError(
        `Cannot build BertModel: "${options.name}" has ${positions} positions and ${layers} layers, received max_tokens ` +
          `${options.max_tokens} and num_layers_of_embedded ${options.num_layers_of_embedded}`,
      );
    this.channels = channels;
    this.maxTokens = options.max_tokens;
    this.hasPhrases = options.use_sub_sentence_represent;
    this.body = this.addChild('language_backbone.body', new Body(config, options.add_pooling_layer));
  }

  get tokenizer(): BertTokenizer {
    return tokenizerOf(this.options.name);
  }

  /** Captions as ids: cut to max_tokens, padded. */
  tokens(captions: readonly string[]): TokenBatch {
    const { maxTokens, tokenizer } = this;
    const rows = captions.map((caption) => {
      const { ids } = tokenizer.encode(caption);
      return ids.length > maxTokens ? [...ids.slice(0, maxTokens - 1), ids[ids.length - 1]] : ids;
    });
    const length = this.options.pad_to_max ? maxTokens : Math.max(...rows.map((ids) => ids.length));
    const ids = new Int32Array(rows.length * length).fill(tokenizer.padId);
    const present = new Uint8Array(ids.length);
    for (const [i, row] of rows.entries()) {
      ids.set(row, i * length);
      present.fill(1, i * length, i * length + row.length);
    }
    const batch = { ids, batch: rows.length, length, present };
    if (!this.hasPhrases) return batch;
    const separators = new Set((this.options.special_tokens_list ?? []).map((token) => tokenizer.idOf(token)));
    return { ...batch, phrases: subSentences(ids, rows.length, separators) };
  }

  forward(captions: readonly string[]): LanguageFeatures {
    const tokens = this.tokens(captions);
    const { ids, batch, length, present, phrases } = tokens;
    const { num_layers_of_embedded: averaged } = this.options;
    return {
      ...tokens,
      ...tf.tidy(() => {
        const visible = phrases?.mask ?? present;
        const additive = Float32Array.from(visible, (v) => (v ? 0 : MASKED));
        const mask = tf.tensor4d(additive, [batch, 1, phrases ? length : 1, length]);
        const counted = Int32Array.from(ids.keys(), (i) => i % length);
        const states = this.body.model.forward(ids, phrases?.positions ?? counted, batch, mask);
        const last = states.slice(-averaged);
        // the mean, divided once more by their number, as in GLIP
        const sum = last.reduce((a, b) => tf.add<tf.Tensor3D>(a, b));
        const features = averaged === 1 ? sum : tf.div<tf.Tensor3D>(sum, averaged * averaged);
        const embedded = phrases
          ? features
          : tf.mul<tf.Tensor3D>(features, tf.tensor3d(Float32Array.from(present), [batch, length, 1]));
        return { embedded, hidden: states[states.length - 1] };
      }),
    };
  }
}

export const bertModelDefinition = defineModule({
  kind: 'language_model',
  type: 'BertModel',
  summary: 'BERT, which encodes the captions of detectors on text',
  paper: 'Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding, NAACL 2019',
  shapes: 'captions -> [captions, tokens, channels]',
  example: "{ type: 'BertModel', name: 'bert-base-uncased', max_tokens: 256 }",
  options,
  build: (given): LanguageModel => new BertModel(given),
});

declare module '../../catalogue/registry' {
  interface Built {
    language_model: LanguageModel;
  }
}
