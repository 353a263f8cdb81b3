// The seams of CascadeRoIHead fit Hybrid Task Cascade (Chen et al., CVPR 2019): mask features that flow from stage to
// stage, a semantic branch whose features join the pooled ones, and masks trained on the boxes that their stage has
// refined.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { BuildContext, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { CascadeRoIHead, FCNMaskHead } from '../../../../src/models/roi-heads';
import type { CascadeRoIHeadConfig, StageLoss } from '../../../../src/models/roi-heads/cascade-roi-head';
import type { MaskPredictor } from '../../../../src/models/roi-heads/mask-branch';
import {
  type FCNMaskHeadConfig,
  fcnMaskHeadDefinition,
} from '../../../../src/models/roi-heads/mask-heads/fcn-mask-head';
import { nextProposals } from '../../../../src/models/roi-heads/next-proposals';
import { RoIPooler } from '../../../../src/models/roi-heads/roi-pooler';
import type { RoIExtractor, StageInput, StageTraining } from '../../../../src/models/roi-heads/types';
import type { DetBatch, LossContext, Proposals } from '../../../../src/models/types';
import { Conv2d, zeros } from '../../../../src/nn';
import { Random } from '../../../../src/random';
import {
  batch,
  CHANNELS,
  context,
  features,
  inputs,
  lossesAndGradients,
  optionsOf,
  proposals,
  roiHeadConfig,
} from './small-second-stage';

/** HTCMaskHead: reads the map of the mask head of the stage before. */
class HTCMaskHead extends FCNMaskHead {
  private readonly convRes: Conv2d;

  constructor(config: FCNMaskHeadConfig, context: BuildContext) {
    super(config, context);
    this.convRes = this.addChild(
      'conv_res',
      new Conv2d({ inChannels: config.conv_out_channels, outChannels: config.in_channels, kernelSize: 1 }),
    );
  }

  join(pooled: tf.Tensor4D, before?: tf.Tensor4D): tf.Tensor4D {
    return before ? tf.add(pooled, this.convRes.forward(before)) : pooled;
  }

  map(pooled: tf.Tensor4D, before?: tf.Tensor4D): tf.Tensor4D {
    return this.features(this.join(pooled, before));
  }
}

const SEMANTIC_STRIDE = inputs[0].stride;

/** Adds what it pools from the last of the levels, the semantic map. */
class SemanticPooler extends RoIPooler {
  override forward(levels: tf.Tensor4D[], rois: Float32Array): tf.Tensor4D {
    return tf.add(super.forward(levels, rois), this.fromLevel(levels[levels.length - 1], SEMANTIC_STRIDE, rois));
  }
}

class HybridTaskCascadeRoIHead extends CascadeRoIHead {
  private readonly semantic: Conv2d;
  private readonly semanticLogits: Conv2d;

  constructor(config: CascadeRoIHeadConfig, buildContext: BuildContext) {
    super(config, buildContext);
    const conv = (outChannels: number) =>
      new Conv2d({ inChannels: CHANNELS, outChannels, kernelSize: 1, init: zeros, biasInit: zeros });
    this.semantic = this.addChild('semantic', conv(CHANNELS));
    this.semanticLogits = this.addChild('semantic_logits', conv(1));
  }

  protected override pooler(extractor: RoIExtractor): RoIPooler {
    return new SemanticPooler(extractor);
  }

  private withSemantics(levels: tf.Tensor4D[]): tf.Tensor4D[] {
    return [...levels, this.semantic.forward(levels[0])];
  }

  override loss(levels: tf.Tensor4D[], given: Proposals[], images: DetBatch, state: LossContext) {
    const all = this.withSemantics(levels);
    // a stand-in for the segmentation loss: foreground everywhere
    const logits = this.semanticLogits.forward(all[all.length - 1]);
    return {
      loss_semantic_seg: tf.mean<tf.Scalar>(tf.softplus(tf.neg(logits))),
      ...super.loss(all, given, images, state),
    };
  }

  override predict(levels: tf.Tensor4D[], given: Proposals[], images: DetBatch, options?: { rescale?: boolean }) {
    return super.predict(this.withSemantics(levels), given, images, options);
  }

  /** The mask head learns from the boxes that the box head of its stage has refined. */
  protected override stageLoss(index: number, { boxes }: StageInput, training: StageTraining): StageLoss {
    const stage = this.stages[index];
    const result = stage.loss(training.features, stage.sample(boxes, training));
    const refined = nextProposals(stage.head, result, training.batch);
    const loss_mask = this.maskLoss(index, stage.sample(refined, training), training);
    return { losses: { ...result.losses, loss_mask }, next: () => ({ boxes: refined }) };
  }

  protected override maskPredictor(index: number, levels: tf.Tensor4D[]): MaskPredictor {
    const heads = this.maskHeads.filter((head) => head instanceof HTCMaskHead);
    const pooler = this.maskPoolers[index].bind(levels);
    return {
      order: (rois) => pooler.order(rois),
      logits: (rois, labels) => {
        const pooled = pooler.forward(rois);
        let before: tf.Tensor4D | undefined;
        for (const head of heads.slice(0, index)) before = head.map(pooled, before);
        return heads[index].classLogits(heads[index].join(pooled, before), labels);
      },
    };
  }
}

const registry: Registry = createRegistry();
registry.add({
  ...fcnMaskHeadDefinition,
  type: 'HTCMaskHead',
  build: (given, at) => new HTCMaskHead(given as FCNMaskHeadConfig, at),
});

function build() {
  const config = roiHeadConfig(2);
  config.mask_head.type = 'HTCMaskHead';
  const options = optionsOf<CascadeRoIHeadConfig>(registry, 'CascadeRoIHead', config);
  const head = new HybridTaskCascadeRoIHead(options, { registry, path: 'roi_head', inputs, numClasses: 2 });
  head.initWeights(Random.seeded(1));
  return head;
}

beforeAll(async () => void (await startEngine()));

test('losses of all branches reach all weights', () => {
  const head = build();
  const levels = features();
  const images = batch();
  const { values, gradients } = lossesAndGradients(head, () => head.loss(levels, proposals(), images, context()));
  const ofStage = ['loss_cls', 'acc', 'loss_bbox', 'loss_mask'];
  expect(Object.keys(values)).toEqual([
    'loss_semantic_seg',
    ...[0, 1].flatMap((stage) => ofStage.map((name) => `s${stage}.${name}`)),
  ]);
  for (const [name, value] of Object.entries(values)) expect(Number.isFinite(value), name).toBe(true);
  expect(values['s1.loss_mask']).toBeGreaterThan(0);
  // the mask features of stage 0 flow into stage 1, and none into stage 0
  expect(gradients['mask_head.1.conv_res.weight']).toBeGreaterThan(0);
  expect(gradients['mask_head.0.conv_res.weight']).toBe(0);
  // pooled with the others, semantic features learn from boxes and masks
  expect(gradients['semantic.weight']).toBeGreaterThan(0);
  expect(gradients['semantic_logits.bias']).toBeGreaterThan(0);
  tf.dispose([...levels, images.inputs]);
  head.dispose();
});

test('without flow and semantic features it predicts what the cascade predicts; with flow, other masks', () => {
  const head = build();
  const options = optionsOf<CascadeRoIHeadConfig>(createRegistry(), 'CascadeRoIHead', roiHeadConfig(2));
  const cascade = new CascadeRoIHead(options, { registry: createRegistry(), path: 'roi_head', inputs, numClasses: 2 });
  cascade.loadStateDict(head.stateDict());
  const levels = features();
  const images = batch();
  const flow = [...head.named()].filter(([name]) => name.startsWith('mask_head.1.conv_res')).map(([, p]) => p.variable);
  const predict = (of: CascadeRoIHead) =>
    tf.tidy(() => of.predict(levels, proposals(), images) as never) as ReturnType<CascadeRoIHead['predict']>;
  const before = tf.memory().numTensors;
  const withFlow = predict(head);
  expect(tf.memory().numTensors).toBe(before);
  for (const variable of flow) tf.tidy(() => variable.assign(tf.zerosLike(variable)));
  const expected = predict(cascade);
  expect(predict(head)).toEqual(expected);
  expect(withFlow.map(({ bboxes }) => bboxes)).toEqual(expected.map(({ bboxes }) => bboxes));
  expect(withFlow.map(({ masks }) => masks)).not.toEqual(expected.map(({ masks }) => masks));
  expect(expected[0].masks).toHaveLength(5);
  tf.dispose([...levels, images.inputs]);
  head.dispose();
  cascade.dispose();
});
