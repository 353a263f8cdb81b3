// MMPretrain's TIMMBackbone: models of timm by name, their maps at each stride. Plain ResNets and EfficientNets are built, under timm's
// names, so that its checkpoints fit; others are refused. `pretrained: true` means the weights that timm had for a model when
// MMDetection 3 was released: later versions of timm have others for efficientnet_b1, which expect other pixels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError, didYouMean } from '../../errors';
import { BatchNorm2d } from '../../nn/batch-norm2d';
import { convNorm } from '../../nn/conv-norm';
import type { Conv2d } from '../../nn/conv2d';
import { initCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';
import { TimmInvertedResidual, timmConv } from '../layers/timm-inverted-residual';
import type { Backbone, FeatureSpec } from '../types';
import { scaledRuns, stemChannels } from './efficientnet';
import { ResNet, resnet } from './resnet';
import { TIMM_MODELS, type TimmModel, timmCheckpoint } from './timm-models';

const options = z.strictObject({
  model_name: z.string().describe('Name of the model in timm'),
  features_only: z.boolean().default(false).describe('Return the maps of each stride; a detector needs true'),
  pretrained: z.boolean().default(false).describe("Start with timm's weights of this name"),
  checkpoint_path: z.string().default('').describe('Only empty: weights from a file are an init_cfg'),
  in_channels: z.int().positive().default(3).describe('Channels of the input image'),
  out_indices: z
    .array(z.int().min(0).max(4))
    .min(1)
    .default([0, 1, 2, 3, 4])
    .describe('Indices of the maps returned: 0 to 4 have strides 2 to 32'),
  init_cfg: initCfg.nullable().default(null).describe('Pretrained weights'),
});
type Options = z.output<typeof options>;

class TimmEfficientNet extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly stem: Conv2d;
  private readonly norm: BatchNorm2d;
  private readonly blocks: ModuleList<Sequential<TimmInvertedResidual>>;
  /** Indices of the runs that are the last of their stride. */
  private readonly ends: number[];

  constructor(arch: Extract<TimmModel, { kind: 'efficientnet' }>['arch'], { in_channels, out_indices }: Options) {
    super();
    let channels = stemChannels(arch);
    let stride = 2;
    this.stem = this.addChild(
      'conv_stem',
      timmConv({ inChannels: in_channels, outChannels: channels, kernelSize: 3, stride }),
    );
    this.norm = this.addChild('bn1', new BatchNorm2d({ channels }));
    this.blocks = this.addChild('blocks', new ModuleList<Sequential<TimmInvertedResidual>>());
    const levels: FeatureSpec[] = [];
    for (const run of scaledRuns(arch)) {
      const parts = run.map(([kernelSize, outChannels, , step, expansion]) => {
        const block = { inChannels: channels, outChannels, expansion, kernelSize, stride: step };
        channels = outChannels;
        stride *= step;
        return new TimmInvertedResidual(block);
      });
      this.blocks.push(new Sequential<TimmInvertedResidual>(parts));
      levels.push({ channels, stride });
    }
    this.ends = levels.flatMap((level, i) => (levels[i + 1]?.stride === level.stride ? [] : [i]));
    this.ends = this.ends.filter((_, i) => out_indices.includes(i));
    this.outputs = this.ends.map((i) => levels[i]);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = convNorm(this.stem, this.norm, x, { activation: 'silu' });
      const outputs: tf.Tensor4D[] = [];
      for (const [i, run] of [...this.blocks].entries()) {
        y = run.forward(y);
        if (this.ends.includes(i)) outputs.push(y);
      }
      return outputs;
    });
  }
}

export class TIMMBackbone extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly model: Module & Backbone;

  constructor(given: Options) {
    super();
    const model = TIMM_MODELS[given.model_name];
    const { in_channels, out_indices } = given;
    this.model = this.addChild(
      'timm_model',
      model.kind === 'efficientnet'
        ? new TimmEfficientNet(model.arch, given)
        : new ResNet(
            resnet.options.parse({
              depth: model.depth,
              in_channels,
              norm_eval: false,
              num_stages: Math.max(...out_indices),
              strides: [1, 2, 2, 2].slice(0, Math.max(...out_indices)),
              dilations: [1, 1, 1, 1].slice(0, Math.max(...out_indices)),
              out_indices: out_indices.map((i) => i - 1),
            }),
          ),
    );
    this.outputs = this.model.outputs;
  }

  /** [N, H, W, 3] -> the maps of `out_indices`. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return this.model.forward(x);
  }
}

function check(given: Options, path: string): Options {
  const { model_name, features_only, checkpoint_path, out_indices, pretrained } = given;
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build backbone "TIMMBackbone"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const names = Object.keys(TIMM_MODELS);
  if (!(model_name in TIMM_MODELS))
    fail(
      `there is no model "${model_name}" here: of timm's, plain ResNets and EfficientNets are built.` +
        `${didYouMean(model_name, names)} Known: ${names.join(', ')}`,
    );
  if (!features_only) fail('expected features_only true: a detector needs the maps of each stride');
  if (checkpoint_path)
    fail("timm has no checkpoint_path with features_only. Give init_cfg: { type: 'Pretrained', checkpoint }");
  if (out_indices.includes(0) && TIMM_MODELS[model_name].kind === 'resnet')
    fail('the map of stride 2 (index 0 in out_indices) is not returned of a ResNet. Give out_indices: [1, 2, 3, 4]');
  if (pretrained && !timmCheckpoint(model_name))
    fail(
      `the weights of "${model_name}" are not known. Leave out pretrained and give init_cfg: { type: 'Pretrained', checkpoint, prefix }`,
    );
  return given;
}

export const timmBackbone = defineModule({
  kind: 'backbone',
  type: 'TIMMBackbone',
  summary: 'Backbones of timm by name: plain ResNets and EfficientNets, under the names of its checkpoints.',
  paper: 'Wightman, PyTorch Image Models, 2019',
  shapes: '[N, H, W, 3] -> [N, H/4, W/4, C], [N, H/8, W/8, C], ... for out_indices [1, 2, 3, 4]',
  example: "{ type: 'TIMMBackbone', model_name: 'efficientnet_b0', features_only: true, out_indices: [2, 3, 4] }",
  options,
  infer: (given, { path }) => check(given, path),
  build: (given) => new TIMMBackbone(given),
});
