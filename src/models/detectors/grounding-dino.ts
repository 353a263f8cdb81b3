// GroundingDINO: DINO that detects what a caption names. Pixels and words are fused in the encoder, queries are the pixels that
// fit a word best and read both (Liu et al., ECCV 2024). Its fusion follows the authors' code where MMDetection's differs: see
// the encoder. Phrases of a caption without a list of names are what its periods part.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { LayerNorm, Linear, xavier, zeros } from '../../nn';
import { Embedding } from '../../nn/embedding';
import { detrTestCfg } from '../dense-heads/detr-head-options';
import { GroundingDINOHead, type GroundingWords } from '../dense-heads/grounding-dino-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import type { LanguageFeatures, LanguageModel } from '../language-models/bert-model';
import {
  CdnQueryGenerator,
  type DenoisingQueries,
  denoisingOptions,
  normalizedTruths,
} from '../layers/transformer/cdn-query-generator';
import {
  GroundingDinoTransformerDecoder,
  GroundingDinoTransformerEncoder,
} from '../layers/transformer/grounding-dino-layers';
import { groundingDecoderOptions, groundingEncoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import { chooseProposals, type DecodedQueries, decodeChosen } from './chosen-queries';
import { DeformableTransformer, deformableOptions } from './deformable-detr';
import { joinChunks } from './join-chunks';
import type { ReadPrompt } from './read-prompt';
import { TextPrompts } from './text-prompts';

const alwaysTrue = (what: string) => z.literal(true, { error: `GroundingDINO ${what}: must be true` });
const options = z.strictObject({
  ...deformableOptions,
  encoder: groundingEncoderOptions.describe('Layers of pixels and of words, and their fusion'),
  decoder: groundingDecoderOptions.describe('Layers of queries that read words and pixels'),
  with_box_refine: alwaysTrue('always refines boxes').describe('Must be true'),
  as_two_stage: alwaysTrue('always has two stages').describe('Must be true'),
  language_model: moduleOption('language_model').describe('Encodes the caption'),
  dn_cfg: denoisingOptions
    .default(denoisingOptions.parse({}))
    .describe('Denoising queries: noised ground truth that the decoder learns to reconstruct'),
  test_cfg: detrTestCfg
    .extend({
      chunked_size: z
        .int()
        .default(-1)
        .describe('Read this many names at a time, in passes of their own; all if negative'),
    })
    .nullish()
    .describe('Post-processing'),
});

export class GroundingDINO extends DeformableTransformer<GroundingDINOHead, GroundingDinoTransformerEncoder> {
  readonly languageModel: LanguageModel;
  readonly denoising: CdnQueryGenerator;
  private readonly prompts: TextPrompts;
  readonly decoder: GroundingDinoTransformerDecoder;
  private readonly queryEmbedding: Embedding;
  private readonly memoryFc: Linear;
  private readonly memoryNorm: LayerNorm;
  private readonly textMap: Linear;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const { chunked_size: chunk = -1, ...test_cfg } = config.test_cfg ?? {};
    const encoder = new GroundingDinoTransformerEncoder(config.encoder);
    super({ ...config, test_cfg }, context, { type: 'GroundingDINO', head: GroundingDINOHead, encoder });
    const { channels } = this;
    const { num_queries: count } = config;
    const linear = (inFeatures: number, biasInit?: typeof zeros) =>
      new Linear({ inFeatures, outFeatures: channels, init: xavier(), biasInit });
    this.decoder = this.addChild('decoder', new GroundingDinoTransformerDecoder(config.decoder));
    this.startTransformer(this.decoder);
    this.queryEmbedding = this.addChild('query_embedding', new Embedding({ count, channels, init: xavier() }));
    this.memoryFc = this.addChild('memory_trans_fc', linear(channels));
    this.memoryNorm = this.addChild('memory_trans_norm', new LayerNorm({ channels }));
    const path = context.path ? `${context.path}.language_model` : 'language_model';
    const languageModel = context.registry.build('language_model', config.language_model, { path });
    this.languageModel = this.addChild('language_model', languageModel);
    checkWords(this.languageModel, this.bboxHead, config);
    this.textMap = this.addChild('text_feat_map', linear(this.languageModel.channels, zeros));
    const shape = { classes: this.numClasses, embedDims: channels, matchingQueries: count };
    this.denoising = this.addChild('dn_query_generator', new CdnQueryGenerator(config.dn_cfg, shape));
    this.prompts = new TextPrompts(this.languageModel, { closed: true, maxTokens: this.bboxHead.maxTextLength, chunk });
  }

  get classNames(): readonly string[] | undefined {
    return this.prompts.classNames;
  }

  set classNames(names: readonly string[] | undefined) {
    this.prompts.classNames = names;
  }

  private decode(
    features: tf.Tensor4D[],
    batch: DetBatch,
    text: LanguageFeatures,
    positives: GroundingWords['positives'],
    denoising?: DenoisingQueries,
  ): DecodedQueries & { words: GroundingWords } {
    const flat = this.flatten(features, batch);
    const fused = this.encoder.forward(flat.features, flat.positions, flat, this.phrases(text));
    const padding = paddingOf(text);
    const words = { features: fused.words, padding, present: text.present, positives };
    const pyramid = { ...flat, memory: fused.memory };
    const count = this.queryEmbedding.table.shape[0];
    const [images] = pyramid.memory.shape;
    return this.bboxHead.within(words, () => {
      const project = (x: tf.Tensor3D) => this.memoryNorm.forward(this.memoryFc.forward(x));
      const [proposed] = this.propose(pyramid, [this.decoder.numLayers], project);
      const best = tf.max(tf.sub(proposed.scores, tf.mul(padding, 1e9).expandDims(1)), 2);
      const chosen = chooseProposals(proposed, best, count);
      const contents: tf.Tensor3D = tf.tile(this.queryEmbedding.table.expandDims<tf.Tensor3D>(0), [images, 1, 1]);
      const inputs = { value: pyramid.memory, pyramid, words };
      return { ...decodeChosen(this, { ...chosen, contents }, inputs, denoising), words };
    });
  }

  /** The words as the encoder reads them. */
  private phrases(text: LanguageFeatures) {
    const { batch, length, phrases } = text;
    return {
      features: this.textMap.forward(text.embedded),
      padding: paddingOf(text),
      apart: tf.tensor3d(
        Float32Array.from(phrases!.mask, (v) => 1 - v),
        [batch, length, length],
      ),
      positions: tf.tensor2d(Float32Array.from(phrases!.positions), [batch, length]),
    };
  }

  /** Predictions of the last decoder layer: logits of words. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    const prompts = this.prompts.prediction(batch.samples).map(([first]) => first);
    return this.predictions(features, batch, prompts).last;
  }

  private predictions(features: tf.Tensor4D[], batch: DetBatch, prompts: readonly ReadPrompt[]) {
    const text = this.languageModel.forward(prompts.map(({ caption }) => caption));
    const positives = prompts.map(({ tokens }) => tokens);
    const { states, references, words } = this.decode(features, batch, text, positives);
    return {
      words,
      last: this.bboxHead.within(words, () => this.bboxHead.forwardLast(states, references)),
      states,
      references,
    };
  }

  /** Losses by layer as DINO's. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const { captions, positives } = this.prompts.training(batch.samples);
    const text = this.languageModel.forward(captions);
    const denoising = this.denoising.forward(normalizedTruths(batch), context.random);
    const decoded = this.decode(this.extractFeatures(batch.inputs), batch, text, positives, denoising);
    const { states, references, encoder, words } = decoded;
    return this.bboxHead.within(words, () =>
      this.bboxHead.denoisingLoss(states, references, batch, context, encoder, denoising),
    );
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.extractFeatures(batch.inputs);
    const prompts = this.prompts.prediction(batch.samples);
    const detect = (part: readonly ReadPrompt[], maps: tf.Tensor4D[], samples: DetBatch): Detections[] => {
      const { words, states, references } = this.predictions(maps, samples, part);
      return this.bboxHead.within(words, () => this.bboxHead.predict(states, references, samples, { rescale }));
    };
    return joinChunks(prompts, features, batch, detect);
  }
}

/** [B, T], 1 for padding. */
const paddingOf = ({ present, batch, length }: LanguageFeatures): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from(present, (v) => 1 - v),
    [batch, length],
  );

function checkWords(
  { hasPhrases, maxTokens }: LanguageModel,
  { maxTextLength }: GroundingDINOHead,
  { encoder, decoder }: z.output<typeof options>,
): void {
  const cannot = 'Cannot build GroundingDINO';
  if (!hasPhrases)
    throw new DetLabError(
      `${cannot}: expected language_model.use_sub_sentence_represent: true with a special_tokens_list, received false`,
    );
  if (maxTokens > maxTextLength)
    throw new DetLabError(
      `${cannot}: language_model has max_tokens ${maxTokens}, but bbox_head.contrastive_cfg.max_text_len is ${maxTextLength}. Give both the same`,
    );
  const { v_dim, l_dim } = encoder.fusion_layer_cfg;
  const channels = encoder.layer_cfg.self_attn_cfg.embed_dims;
  const all = {
    'encoder.fusion_layer_cfg.v_dim': v_dim,
    'encoder.fusion_layer_cfg.l_dim': l_dim,
    'encoder.text_layer_cfg.self_attn_cfg.embed_dims': encoder.text_layer_cfg.self_attn_cfg.embed_dims,
    'decoder.layer_cfg.cross_attn_text_cfg.embed_dims': decoder.layer_cfg.cross_attn_text_cfg.embed_dims,
  };
  for (const [name, value] of Object.entries(all))
    if (value !== channels)
      throw new DetLabError(
        `${cannot}: the encoder has embed_dims ${channels}, but ${name} is ${value}. Give both the same`,
      );
}

export const groundingDINODefinition = defineModule({
  kind: 'detector',
  type: 'GroundingDINO',
  summary: 'DINO that detects what a text names: pixels and words are fused, boxes are scored against words',
  paper:
    'Liu et al., Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object Detection, ECCV 2024',
  shapes: 'images and captions -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'GroundingDINO',
  backbone: { type: 'ResNet', depth: 50, out_indices: [1, 2, 3] },
  neck: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, norm_cfg: { type: 'GN', num_groups: 32 }, num_outs: 4 },
  language_model: { type: 'BertModel', pad_to_max: false, use_sub_sentence_represent: true, special_tokens_list: ['[CLS]', '[SEP]', '.', '?'] },
  encoder: {
    num_layers: 6,
    layer_cfg: {},
    text_layer_cfg: { self_attn_cfg: { embed_dims: 256, num_heads: 4 } },
    fusion_layer_cfg: { v_dim: 256, l_dim: 256, embed_dim: 1024, num_heads: 4 },
  },
  decoder: { num_layers: 6, layer_cfg: {}, post_norm_cfg: null },
  positional_encoding: { num_feats: 128, normalize: true, offset: 0, temperature: 20 },
  num_queries: 900,
  with_box_refine: true,
  as_two_stage: true,
  bbox_head: { type: 'GroundingDINOHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 1 } },
  test_cfg: { max_per_img: 300 },
}`,
  options,
  build: (given, context) => new GroundingDINO(given, context),
});
