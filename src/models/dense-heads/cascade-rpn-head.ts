// CascadeRPNHead: stages that refine one square anchor a cell, each aligned with the boxes of the stage before; the last one proposes
// (Vu et al., Cascade RPN, NeurIPS 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Module, ModuleList } from '../../nn';
import { type ProposalCfg, proposalCfg } from '../shared-options/proposal-cfg';
import type { Size } from '../task-modules';
import type { DetBatch, FeatureSpec, LossContext, Losses, ProposalHead, ProposalLosses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import type { DenseOutputs } from './dense-outputs';
import { noInitOption, testCfgText, trainCfgText } from './head-options';
import type { DecodedCandidates } from './selection';
import { StageCascadeRPNHead } from './stage-cascade-rpn-head';

const options = z.strictObject({
  num_classes: z.literal(1).default(1).describe('Always 1: object or background'),
  num_stages: z.int().positive().describe('Number of stages'),
  stages: z.array(moduleOption('dense_head')).min(1).describe('StageCascadeRPNHead of each stage'),
  train_cfg: z.array(anchorTrainCfg).nullish().describe(`${trainCfgText}; one for each stage`),
  test_cfg: proposalCfg.nullish().describe(testCfgText),
  init_cfg: noInitOption,
});
type Options = z.output<typeof options>;

export class CascadeRPNHead extends Module implements ProposalHead {
  readonly numClasses = 1;
  private readonly stages: ModuleList<StageCascadeRPNHead>;

  constructor({ num_stages, stages, train_cfg, test_cfg }: Options, { registry, path, inputs = [] }: BuildContext) {
    super();
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build CascadeRPNHead at ${path}: ${what}`);
    };
    for (const [name, list] of Object.entries({ stages, train_cfg }))
      if (list && list.length !== num_stages)
        fail(`expected ${num_stages} ${name} (num_stages), received ${list.length}`);
    let levels: FeatureSpec[] = [...inputs];
    const build = (stage: Options['stages'][number], i: number) => {
      const given = { ...stage, num_classes: 1, train_cfg: train_cfg?.[i], test_cfg };
      const head = registry.build('dense_head', given, { path: `${path}.stages.${i}`, inputs: levels });
      if (!(head instanceof StageCascadeRPNHead))
        return fail(`expected StageCascadeRPNHead at stages.${i}, received ${stage.type}`);
      levels = levels.map((level) => ({ ...level, channels: head.channelsAfter(level.channels) }));
      return head;
    };
    this.stages = this.addChild('stages', new ModuleList(stages.map(build)));
    if (!this.last.scores) fail(`expected with_cls true in the last of its stages, which proposes`);
  }

  /** Which proposes. */
  get last(): StageCascadeRPNHead {
    return this.stages.at(this.stages.length - 1);
  }

  /** What each stage predicts of its anchors, for images of these heights and widths [N, 2]. */
  private run(features: tf.Tensor4D[], imageSizes: tf.Tensor2D): DenseOutputs<AnchorMaps>[] {
    let levels = features;
    let anchors: tf.Tensor3D | undefined;
    return [...this.stages].map((stage) => {
      const { features: next, outputs } = stage.run(levels, anchors);
      if (stage !== this.last) anchors = stage.refine(outputs, imageSizes);
      levels = next;
      return outputs;
    });
  }

  /** The maps of each stage; boxes are clipped to what the finest level covers. */
  forward(features: tf.Tensor4D[]): unknown {
    const [[x, y]] = this.last.priors.strides;
    const [count, height, width] = features[0].shape;
    const shapes = Array.from({ length: count }, (): Size => [height * y, width * x]);
    return this.run(features, tensorOf(shapes)).map(({ maps }) => maps);
  }

  /** What its last stage selects from, for programs that cannot call `predict`; heights and widths of the images [N, 2]. */
  decodedCandidates(features: tf.Tensor4D[], imageSizes: tf.Tensor2D): DecodedCandidates {
    const outputs = this.run(features, imageSizes);
    return this.last.decodedCandidates(features, outputs[outputs.length - 1]);
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    return this.losses(this.run(features, shapesOf(batch)), batch, context);
  }

  /** Names begin with the stage: `s0.loss_rpn_reg`. */
  private losses(outputs: DenseOutputs<AnchorMaps>[], batch: DetBatch, context: LossContext): Losses {
    const named = [...this.stages].flatMap((stage, i) =>
      Object.entries(stage.lossesOf(outputs[i], batch, context)).map(([name, value]) => [`s${i}.${name}`, value]),
    );
    return Object.fromEntries(named);
  }

  lossAndPredict(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, cfg?: ProposalCfg): ProposalLosses {
    const outputs = this.run(features, shapesOf(batch));
    const losses = this.losses(outputs, batch, context);
    return { losses, proposals: this.last.proposals(outputs[outputs.length - 1], batch, cfg) };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const outputs = this.run(features, shapesOf(batch));
    return this.last.proposals(outputs[outputs.length - 1], batch, undefined, rescale);
  }
}

const tensorOf = (shapes: readonly Size[]): tf.Tensor2D => tf.tensor2d(shapes.flat(), [shapes.length, 2], 'float32');
const shapesOf = ({ samples }: DetBatch): tf.Tensor2D => tensorOf(samples.map(({ meta }) => meta.imgShape));

export const cascadeRPNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'CascadeRPNHead',
  summary: 'Region proposal network in stages, each aligned with the boxes of the stage before',
  paper: 'Vu et al., Cascade RPN: Delving into High-Quality Region Proposal Network, NeurIPS 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4] and scores [n]',
  example: `{
  type: 'CascadeRPNHead',
  num_stages: 2,
  stages: [
    {
      type: 'StageCascadeRPNHead',
      anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] },
      bridged_feature: true,
      with_cls: false,
    },
    {
      type: 'StageCascadeRPNHead',
      anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] },
      adapt_cfg: { type: 'offset' },
    },
  ],
}`,
  options,
  build: (given, context) => new CascadeRPNHead(given, context),
});
