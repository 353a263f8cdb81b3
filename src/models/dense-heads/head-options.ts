// Options that dense heads share, so that one meaning has one text.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { actCfg, convCfg, type InitCfg, initCfg, normCfg } from '../../nn';
import { denseTestCfg } from './decode-detections';

const count = z.number().int().positive();
const initText = 'Weight initialisation';
const towerNormText = 'Normalisation of the towers';
const passedDown = 'passed down by the detector';

export const trainCfgText = `Training settings, ${passedDown}`;
export const testCfgText = `Post-processing (score threshold, NMS), ${passedDown}`;
export const stridesText = 'Stride of each feature level';

export const numClassesOption = count.optional().describe('Number of foreground classes');
/** Of heads whose feature levels have one number of channels. */
export const headOptions = {
  num_classes: numClassesOption,
  in_channels: count.optional().describe('Channels of the feature levels'),
  feat_channels: count.default(256).describe('Channels of the hidden layers'),
};
/** Of heads with layers per level. */
export const levelChannelsOption = z.array(count).optional().describe('Channels of each feature level');

export const towerOptions = {
  stacked_convs: z.number().int().min(0).default(4).describe('Number of 3x3 convolutions in each tower'),
  conv_cfg: convCfg.nullish().describe('Convolution type of the towers'),
};
/** FCOS and YOLOX. */
export const dcnTowerOptions = {
  dcn_on_last_conv: z.boolean().default(false).describe('Make the last convolution of each tower deformable (DCNv2)'),
  conv_bias: z
    .union([z.literal('auto'), z.boolean()])
    .default('auto')
    .describe('Bias of the tower convolutions; auto: only without a norm'),
};
export const depthwiseOption = z.boolean().default(false).describe('Use depthwise separable convolutions');
export const predKernelOption = (size: number) =>
  count.default(size).describe('Kernel size of the prediction convolutions');
export const normOption = normCfg.nullish().describe(towerNormText);
export const groupNormOption = normCfg
  .nullable()
  .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
  .describe(towerNormText);
/** YOLOX, YOLOv8 and RTMDet. */
export const yoloNormOption = normCfg
  .default({ type: 'BN', momentum: 0.03, eps: 0.001, requires_grad: true })
  .describe(towerNormText);
export const actOption = (type: 'ReLU' | 'SiLU' | 'Swish') =>
  actCfg.default({ type }).describe('Activation of the towers');

export const anchorsOption = (generator: ModuleConfig) =>
  moduleOption('anchor_generator').default(generator).describe('Generates the anchors');
export const pointsOption = (offset: number) =>
  moduleOption('anchor_generator')
    .default({ type: 'MlvlPointGenerator', offset, strides: [8, 16, 32] })
    .describe('Generates the points');
export const anchorCoderOption = (coder: ModuleConfig) =>
  moduleOption('bbox_coder').default(coder).describe('Encodes a box relative to its anchor');
export const pointCoderOption = moduleOption('bbox_coder')
  .default({ type: 'DistancePointBBoxCoder' })
  .describe('Encodes a box relative to its point');
export const decodedBoxOption = (decoded: boolean) =>
  z.boolean().default(decoded).describe('Compute the box loss on decoded boxes in pixels instead of coded ones');
/** Of heads whose box loss compares boxes in pixels in any case. */
export const boxesInPixels = (standard: boolean) =>
  ignoredOption('the box loss compares boxes in pixels', { schema: z.boolean().default(standard) });

/** Of each prior against its class, with one sigmoid a class. */
export const sigmoidEntropy = { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 };
export const lossClsOption = (loss: ModuleConfig) => moduleOption('loss').default(loss).describe('Classification loss');
export const lossBboxOption = (loss: ModuleConfig) =>
  moduleOption('loss').default(loss).describe('Box regression loss');
export const lossCenternessOption = moduleOption('loss').default(sigmoidEntropy).describe('Centerness loss');
export const lossDflOption = (loss: ModuleConfig) =>
  moduleOption('loss').default(loss).describe('Loss of the distance distributions');

/** `train_cfg` of heads that assign points and sample none of them. */
export const pointTrainCfgOption = z
  .strictObject({ assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to points') })
  .nullish()
  .describe(trainCfgText);
export const testCfgOption = denseTestCfg.nullish().describe(testCfgText);

/** Weights start as the layers prescribe. */
export const initOption = initCfg.nullish().describe(initText);
export const initOptionOf = (init: InitCfg) => initCfg.nullable().default(init).describe(initText);
/** Convolutions from N(0, 0.01). */
export const normalInit = { type: 'Normal', layer: 'Conv2d', std: 0.01 } as const;
/** The same, where the layer `cls` starts at a class probability of 0.01. */
export const rareClassInit = (cls: string) =>
  ({ ...normalInit, override: { type: 'Normal', name: cls, std: 0.01, bias_prob: 0.01 } }) as const;
/** Of heads whose layers have starting values of their own, whatever the config says, as in the reference. */
export const noInitOption = z
  .null({ error: 'cannot be given: this head initialises its layers itself, as the reference does' })
  .optional()
  .describe('Must be null: the head initialises its layers itself');
