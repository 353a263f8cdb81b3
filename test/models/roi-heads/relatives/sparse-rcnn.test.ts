// The contracts of both stages fit Sparse R-CNN (Sun et al., CVPR 2021): a first stage of learned boxes and features
// without losses, a box head that reads and passes on features of the objects, and assignment after prediction. The
// dynamic convolution of DIIHead is a linear layer here.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { createRegistry } from '../../../../src/models/catalogue';
import { TwoStageDetector, type TwoStageDetectorConfig } from '../../../../src/models/detectors';
import { BBoxHead, type BBoxOutputs, CascadeRoIHead } from '../../../../src/models/roi-heads';
import type { BBoxHeadConfig } from '../../../../src/models/roi-heads/bbox-heads/bbox-head-options';
import { bboxTargets, reorder } from '../../../../src/models/roi-heads/bbox-heads/bbox-targets';
import type { CascadeRoIHeadConfig, StageLoss } from '../../../../src/models/roi-heads/cascade-roi-head';
import { roisOf } from '../../../../src/models/roi-heads/rois';
import type { StageInput, StageOutput, StageTraining } from '../../../../src/models/roi-heads/types';
import { type Assigner, PseudoSampler, type SamplingResult } from '../../../../src/models/task-modules';
import { buildAssigner } from '../../../../src/models/task-modules/assigners/build-assigner';
import type { DetBatch, Losses, ProposalHead, ProposalLosses } from '../../../../src/models/types';
import { Linear, normal } from '../../../../src/nn';
import { Module } from '../../../../src/nn/module';
import { Random } from '../../../../src/random';
import { batch, context, lossesAndGradients, roiHeadConfig, SIZE } from './small-second-stage';

const PROPOSALS = 6;
const OBJECT_CHANNELS = 8;

/** The whole image in every proposal, and a learned feature each. */
class EmbeddingRPNHead extends Module implements ProposalHead {
  readonly numClasses = 1;
  private readonly table = this.addParameter('init_proposal_features.weight', [PROPOSALS, OBJECT_CHANNELS], normal(1));

  forward(): tf.Tensor {
    return this.table.variable;
  }

  loss(): Losses {
    return {};
  }

  predict(_: tf.Tensor4D[], { samples }: DetBatch) {
    return samples.map(({ meta: { imgShape } }) => ({
      bboxes: Float32Array.from({ length: 4 * PROPOSALS }, (_, k) => [0, 0, imgShape[1], imgShape[0]][k % 4]),
      scores: new Float32Array(PROPOSALS).fill(1),
      labels: new Int32Array(PROPOSALS),
      features: this.table.variable as tf.Tensor as tf.Tensor2D,
    }));
  }

  lossAndPredict(features: tf.Tensor4D[], images: DetBatch): ProposalLosses {
    return { losses: {}, proposals: this.predict(features, images) };
  }
}

/** Mixes the feature of an object with what is pooled for it; its scores and box come from the result. */
class DIIHead extends BBoxHead {
  private readonly interact: Linear;

  constructor(config: BBoxHeadConfig, at: BuildContext) {
    const row = { features: OBJECT_CHANNELS };
    super(config, at, { cls: row, reg: row });
    const inFeatures = OBJECT_CHANNELS + config.in_channels;
    this.interact = this.addChild('interact', new Linear({ inFeatures, outFeatures: OBJECT_CHANNELS }));
  }

  override forward(pooled: tf.Tensor4D, objects?: tf.Tensor2D): BBoxOutputs {
    if (!objects) throw new Error('DIIHead needs the features of its objects');
    const mean: tf.Tensor2D = tf.mean(pooled, [1, 2]);
    const next = this.interact.forward(tf.concat([objects, mean], 1), { activation: 'relu' });
    return { scores: this.fcCls?.forward(next), deltas: this.fcReg?.forward(next), objects: next };
  }
}

class SparseRoIHead extends CascadeRoIHead {
  private readonly assigners: Assigner[];

  constructor(config: CascadeRoIHeadConfig, at: BuildContext) {
    super(config, at);
    this.assigners = (config.train_cfg ?? []).map(({ assigner }, i) =>
      buildAssigner(
        assigner,
        { registry: at.registry, path: `${at.path}.train_cfg.${i}.assigner` },
        { head: 'SparseRoIHead', predictions: ['logits', 'boxes'] },
      ),
    );
  }

  protected override proposalSampler(): undefined {}

  protected override stageLoss(index: number, { boxes, objects }: StageInput, training: StageTraining): StageLoss {
    const { head, pooler } = this.stages[index];
    const outputs = head.forward(pooler.forward(training.features, roisOf(boxes)), objects);
    const [logits, deltas] = [outputs.scores!, outputs.deltas!].map((x) => x.dataSync<'float32'>());
    const columns = head.numClasses + 1;
    let at = 0;
    const refined: Float32Array[] = [];
    const sampled = boxes.map((priors, image): SamplingResult => {
      const [start, count] = [at, priors.length / 4];
      at += count;
      const { imgShape } = training.batch.samples[image].meta;
      refined.push(head.refine(priors, deltas.subarray(4 * start, 4 * at), new Int32Array(count), imgShape));
      const predictions = {
        count,
        classes: columns,
        logits: logits.subarray(start * columns, at * columns),
        boxes: refined[image],
      };
      const instances = training.instances[image];
      const input = { priors, levels: [count], instances, predictions, imgShape, ...training.context };
      return new PseudoSampler().sample({ ...input, assigned: this.assigners[index].assign(input) });
    });
    const targets = bboxTargets(sampled, {
      coder: head.coder,
      decoded: head.decodedTargets,
      classes: head.numClasses,
      positiveWeight: -1,
    });
    return {
      losses: head.loss(outputs, reorder(targets, inProposalOrder(sampled))),
      next: () => ({ boxes: refined, objects: outputs.objects }),
    };
  }

  /** The scores of the last stage alone. */
  protected override predictStages(features: tf.Tensor4D[], first: StageInput, images: DetBatch) {
    let input = first;
    let output: StageOutput = { scores: new Float32Array(0) };
    for (const [i, stage] of this.stages.entries()) {
      if (i > 0) input = this.nextInput(i - 1, input, output, images);
      output = stage.predict(features, input);
    }
    return { ...output, boxes: input.boxes };
  }
}

/** Targets have the positives of an image before its negatives; predictions stay in the order of the proposals. */
function inProposalOrder(sampled: readonly SamplingResult[]): Int32Array {
  let first = 0;
  return Int32Array.from(
    sampled.flatMap(({ positive, negative }) => {
      const rows = [...positive, ...negative];
      const order = rows.map((_, proposal) => first + rows.indexOf(proposal));
      first += rows.length;
      return order;
    }),
  );
}

const registry = createRegistry();
registry.add(
  defineModule({
    kind: 'dense_head',
    type: 'EmbeddingRPNHead',
    summary: '',
    example: '',
    options: z.looseObject({}),
    build: () => new EmbeddingRPNHead(),
  }),
);
const shared2fc = registry.get('bbox_head', 'Shared2FCBBoxHead');
registry.add({ ...shared2fc, type: 'DIIHead', build: (given: BBoxHeadConfig, at) => new DIIHead(given, at) });
const cascade = registry.get('roi_head', 'CascadeRoIHead');
registry.add({
  ...cascade,
  type: 'SparseRoIHead',
  build: (given: CascadeRoIHeadConfig, at) => new SparseRoIHead(given, at),
});

function detector(): TwoStageDetector {
  const { mask_head: _, mask_roi_extractor: __, train_cfg, test_cfg, ...roi_head } = roiHeadConfig(2);
  const match_costs = [{ type: 'ClassificationCost' }, { type: 'BBoxL1Cost', weight: 5 }];
  const config = {
    data_preprocessor: { type: 'DetDataPreprocessor' },
    backbone: { type: 'ResNet', depth: 18, out_indices: [0, 1], num_stages: 2 },
    neck: { type: 'FPN', out_channels: 4, num_outs: 2 },
    rpn_head: { type: 'EmbeddingRPNHead' },
    roi_head: {
      ...roi_head,
      type: 'SparseRoIHead',
      bbox_head: { type: 'DIIHead', reg_class_agnostic: true, reg_decoded_bbox: true },
    },
    train_cfg: {
      rcnn: [train_cfg].flat().map((cfg) => ({ ...cfg, assigner: { type: 'HungarianAssigner', match_costs } })),
    },
    test_cfg: { rcnn: test_cfg },
  } as unknown as TwoStageDetectorConfig;
  const model = new TwoStageDetector(config, { registry, path: 'model', numClasses: 2 });
  model.initWeights(Random.seeded(1));
  return model;
}

beforeAll(async () => void (await startEngine()));

test('every stage learns one proposal for each object, and features learn through all stages', () => {
  const model = detector();
  const images = { ...batch(), inputs: tf.randomNormal<tf.Rank.R4>([2, SIZE, SIZE, 3], 0, 1, 'float32', 5) };
  const { values, gradients } = lossesAndGradients(model, () => model.loss(images, context()));
  expect(Object.keys(values)).toEqual(['s0', 's1'].flatMap((s) => [`${s}.loss_cls`, `${s}.acc`, `${s}.loss_bbox`]));
  for (const [name, value] of Object.entries(values)) expect(Number.isFinite(value), name).toBe(true);
  expect(values['s1.loss_bbox']).toBeGreaterThan(0);
  expect(gradients['rpn_head.init_proposal_features.weight']).toBeGreaterThan(0);
  for (const stage of [0, 1]) expect(gradients[`roi_head.bbox_head.${stage}.interact.weight`]).toBeGreaterThan(0);
  images.inputs.dispose();
  model.dispose();
});

test('detections come from the boxes and scores of the last stage; nothing is left behind', () => {
  const model = detector().eval();
  const images = { ...batch(), inputs: tf.randomNormal<tf.Rank.R4>([2, SIZE, SIZE, 3], 0, 1, 'float32', 5) };
  const run = () => tf.tidy(() => model.predict(images) as never) as ReturnType<TwoStageDetector['predict']>;
  run(); // frozen norms are folded the first time
  const before = tf.memory().numTensors;
  const [first, second] = run();
  expect(tf.memory().numTensors).toBe(before);
  expect(first.scores.length).toBeGreaterThan(0);
  expect(first.scores.length).toBeLessThanOrEqual(5);
  expect(second.bboxes).toHaveLength(4 * second.scores.length);
  images.inputs.dispose();
  model.dispose();
});
