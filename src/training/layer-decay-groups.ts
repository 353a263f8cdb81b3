// Rates that fall from the head of a detector to the first layer of its backbone: LearningRateDecayOptimizerConstructor
// (MMDetection, for ConvNeXt) and LearningRateDecayOptimWrapperConstructor (MMPretrain, for ViT and Swin), Clark et al., ELECTRA,
// ICLR 2020. The layers are told apart by the names that both packages give them. With MMDetection's, ViT and Swin have
// MMPretrain's layers, where it raises NotImplementedError; and their position embeddings do not decay, which it means to do and
// misses by the prefix `backbone.`.

import { DetLabError } from '../errors';
import { type Module, type Parameter, torchShape } from '../nn';
import { type ParameterGroup, type ParamwiseOptions, parameterGroups } from './parameter-groups';

/** The layers of a model: 0 is the stem, `count - 1` all that comes after the backbone. */
interface Layers {
  count: number;
  of(name: string): number;
}

const BACKBONE = 'backbone.';
const FIRST = new Set(['cls_token', 'mask_token', 'pos_embed']);
const POSITIONS = /(^|\.)(pos_embed|cls_token|absolute_pos_embed)$/;

/** ConvNeXt's nine or more blocks of its third stage are three to a layer. */
function convNeXtLayer(name: string, last: number): number {
  const [part, stage, block] = name.split('.');
  if (FIRST.has(name)) return 0;
  if (part === 'downsample_layers') return [0, 2, 3, last][Number(stage)];
  if (part === 'stages') return [1, 2, 3 + Math.floor(Number(block) / 3), last][Number(stage)];
  return last + 1;
}

function convNeXtStage(name: string, count: number): number {
  const [part, stage] = name.split('.');
  if (FIRST.has(name) || part === 'downsample_layers') return 0;
  return part === 'stages' ? Number(stage) + 1 : count - 1;
}

function vitLayer(name: string, count: number): number {
  const [part, layer] = name.split('.');
  if (FIRST.has(name) || part === 'patch_embed') return 0;
  return part === 'layers' ? Number(layer) + 1 : count - 1;
}

/** A downsampling belongs to the last block before it. */
function swinLayer(name: string, depths: readonly number[], count: number): number {
  const [part, stage, , block] = name.split('.');
  if (part === 'patch_embed') return 0;
  if (part !== 'stages') return count - 1;
  const before = (stages: number) => depths.slice(0, stages).reduce((sum, depth) => sum + depth, 0);
  const at = Number(stage);
  return block === 'reduction' || block === 'norm' ? before(at + 1) : before(at) + Number(block) + 1;
}

/** Largest index of `prefix.N.`, plus 1. */
function countOf(names: readonly string[], prefix: string): number {
  const indices = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number.parseInt(name.slice(prefix.length), 10));
  return Math.max(-1, ...indices) + 1;
}

/**
 * The layers of a detector whose parameters have these names.
 * @param given `num_layers` and `decay_type` of MMDetection's constructor
 * @throws DetLabError for another backbone, or another number of layers than it has
 */
export function layersOf(all: readonly string[], given: { num_layers?: number; decay_type?: string } = {}): Layers {
  const names = all.filter((name) => name.startsWith(BACKBONE)).map((name) => name.slice(BACKBONE.length));
  const inBackbone = (of: (name: string) => number, count: number): Layers => ({
    count,
    of: (name) => (name.startsWith(BACKBONE) ? of(name.slice(BACKBONE.length)) : count - 1),
  });
  const { decay_type: type = 'layer_wise', num_layers: last } = given;
  if (names.some((name) => name.startsWith('downsample_layers.'))) {
    if (last === undefined)
      throw new DetLabError(
        'Cannot set rates by layer: expected paramwise_cfg.num_layers, 6 for ConvNeXt-T, 12 for the larger',
      );
    if (type === 'stage_wise') return inBackbone((name) => convNeXtStage(name, last + 2), last + 2);
    return inBackbone((name) => convNeXtLayer(name, last), last + 2);
  }
  const counted = transformerLayers(names);
  if (counted === undefined || type === 'stage_wise')
    throw new DetLabError(
      `Cannot set rates by ${type === 'stage_wise' ? 'stage' : 'layer'}: expected ` +
        `${type === 'stage_wise' ? 'the stages of ConvNeXt' : 'the layers of a ViT, Swin or ConvNeXt'} as backbone, received ` +
        `${names.length === 0 ? 'no backbone that trains' : `parameters such as "${names[0]}"`}. Use paramwise_cfg.custom_keys`,
    );
  const { blocks, of } = counted;
  if (last !== undefined && last !== blocks)
    throw new DetLabError(
      `Cannot set rates by layer: expected paramwise_cfg.num_layers ${blocks}, the blocks of the backbone, received ${last}`,
    );
  return inBackbone((name) => of(name, blocks + 2), blocks + 2);
}

function transformerLayers(
  names: readonly string[],
): { blocks: number; of: (name: string, count: number) => number } | undefined {
  if (names.some((name) => /^stages\.\d+\.blocks\.\d+\.attn\./.test(name))) {
    const stages = countOf(names, 'stages.');
    const depths = Array.from({ length: stages }, (_, i) => countOf(names, `stages.${i}.blocks.`));
    const blocks = depths.reduce((sum, depth) => sum + depth, 0);
    return { blocks, of: (name, count) => swinLayer(name, depths, count) };
  }
  if (!names.some((name) => /^layers\.\d+\.attn\./.test(name))) return undefined;
  return { blocks: countOf(names, 'layers.'), of: vitLayer };
}

/** @param decay what of it the constructor of the config reads */
export function layerDecayGroups(
  model: Module,
  base: { lr: number; weightDecay: number },
  paramwise: Partial<ParamwiseOptions>,
  parameters: readonly [string, Parameter][] = model.trainable(),
): ParameterGroup[] {
  // of the whole model: frozen layers count
  const names = [...model.named()].filter(([, { kind }]) => kind !== 'buffer').map(([name]) => name);
  const layers = layersOf(names, paramwise);
  const { decay_rate, layer_decay_rate: rate = decay_rate ?? 1 } = paramwise;
  const isDetectors = decay_rate !== undefined;
  const ruled = isDetectors
    ? []
    : parameterGroups(
        model,
        base,
        { bypass_duplicate: false, ...paramwise, custom_keys: paramwise.custom_keys ?? {} },
        parameters,
      );
  return parameters.map(([name, parameter], i) => {
    const lr = base.lr * rate ** (layers.count - layers.of(name) - 1);
    const flat = torchShape(parameter).length === 1 || name.endsWith('.bias') || POSITIONS.test(name);
    const weightDecay = isDetectors ? (flat ? 0 : base.weightDecay) : ruled[i].weightDecay;
    return { name, parameter, lr, initialLr: lr, weightDecay };
  });
}
