// GLIP: ATSS that detects what a caption names, from a dynamic head in which pixels and words may be fused (Li et al., CVPR
// 2022). Phrases of a caption without a list of names are what its periods part.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { ATSSVLFusionHead, type CaptionWords } from '../dense-heads/atss-vl-fusion-head';
import type { LanguageModel } from '../language-models/bert-model';
import type { DetBatch, LossContext, Losses } from '../types';
import { joinChunks } from './join-chunks';
import type { ReadPrompt } from './read-prompt';
import { SingleStageDetector, singleStageOptions } from './single-stage-detector';
import { TextPrompts } from './text-prompts';

const options = z.strictObject({
  ...singleStageOptions,
  language_model: moduleOption('language_model').describe('Encodes the caption'),
});

export class GLIP extends SingleStageDetector {
  readonly languageModel: LanguageModel;
  private readonly prompts: TextPrompts;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const { chunked_size: chunk = -1, ...test_cfg } = config.test_cfg ?? {};
    super({ ...config, ...(config.test_cfg && { test_cfg }) }, context);
    const path = context.path ? `${context.path}.language_model` : 'language_model';
    const languageModel = context.registry.build('language_model', config.language_model, { path });
    this.languageModel = this.addChild('language_model', languageModel);
    const { wordChannels } = this.head;
    if (wordChannels !== languageModel.channels || languageModel.hasPhrases)
      throw new DetLabError(
        `Cannot build GLIP: expected language_model with ${wordChannels} channels, as bbox_head.lang_model_name has, and without ` +
          `use_sub_sentence_represent, received ${languageModel.channels} channels`,
      );
    this.prompts = new TextPrompts(languageModel, {
      closed: false,
      maxTokens: languageModel.maxTokens,
      chunk: z.int().parse(chunk),
    });
  }

  private get head(): ATSSVLFusionHead {
    if (this.bboxHead instanceof ATSSVLFusionHead) return this.bboxHead;
    throw new DetLabError('Cannot build GLIP: bbox_head must be an ATSSVLFusionHead');
  }

  get classNames(): readonly string[] | undefined {
    return this.prompts.classNames;
  }

  set classNames(names: readonly string[] | undefined) {
    this.prompts.classNames = names;
  }

  /** Labels index the names of a prompt, of which there may be any number. */
  protected override get truthClasses(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  private wordsOf(captions: readonly string[], positives: number[][][]): CaptionWords {
    return { ...this.languageModel.forward(captions), positives };
  }

  /** Logits of words, deltas and centerness of every level. */
  protected override forwardHeads(features: tf.Tensor4D[], batch?: DetBatch): unknown {
    const prompts = this.prompts.prediction(batch?.samples ?? []).map(([first]) => first);
    const words = this.wordsOf(
      prompts.map(({ caption }) => caption),
      prompts.map(labelTokens),
    );
    return this.head.within(words, () => this.head.forward(features));
  }

  override loss(batch: DetBatch, context: LossContext): Losses {
    const { captions, positives } = this.prompts.training(batch.samples);
    const words = this.wordsOf(captions, positives);
    return this.head.within(words, () => this.head.loss(this.extractFeatures(batch.inputs), batch, context));
  }

  override predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const prompts = this.prompts.prediction(batch.samples);
    const detect = (part: readonly ReadPrompt[], maps: tf.Tensor4D[], samples: DetBatch): Detections[] => {
      const words = this.wordsOf(
        part.map(({ caption }) => caption),
        part.map(labelTokens),
      );
      return this.head.detectWithin(words, maps, samples, rescale);
    };
    return joinChunks(prompts, this.extractFeatures(batch.inputs), batch, detect, { sameCount: true });
  }
}

/** @throws DetLabError for a caption that is to be found as a whole */
function labelTokens({ tokens, caption }: ReadPrompt): number[][] {
  if (tokens) return tokens;
  throw new DetLabError(
    `Cannot detect "${caption}" as a whole with GLIP: expected names or phrases. Use GroundingDINO`,
  );
}

export const glipDefinition = defineModule({
  kind: 'detector',
  type: 'GLIP',
  summary: 'ATSS that detects what a text names: pixels of a dynamic head are scored against words',
  paper: 'Li et al., Grounded Language-Image Pre-training, CVPR 2022',
  shapes: 'images and captions -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'GLIP',
  backbone: { type: 'ResNet', depth: 50, out_indices: [1, 2, 3] },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5, relu_before_extra_convs: true, add_extra_convs: 'on_output' },
  bbox_head: {
    type: 'ATSSVLFusionHead',
    num_classes: 80,
    anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1, strides: [8, 16, 32, 64, 128], center_offset: 0.5 },
    bbox_coder: { type: 'DeltaXYWHBBoxCoderForGLIP', target_stds: [0.1, 0.1, 0.2, 0.2] },
    loss_cls: { type: 'FocalLoss' },
    loss_bbox: { type: 'GIoULoss', loss_weight: 2 },
  },
  language_model: { type: 'BertModel' },
  test_cfg: { nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 100 },
}`,
  options,
  forwards: { bbox_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' } },
  build: (given, context) => new GLIP(given, context),
});
