// Kind `head_module`: the layers of MMYOLO's heads, apart from their losses. What they have in common, and how a head gets its.

import type * as tf from '@tensorflow/tfjs';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Module } from '../../nn';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import type { Size } from '../task-modules';

export interface HeadModule extends Module {
  readonly numClasses: number;
  /** By name, the numbers that a map has for each prior. */
  readonly columns: Readonly<Record<string, number>>;
  /** The `level`-th feature level [N, H, W, channels] -> its maps [N, H, W, A * columns] by name. */
  forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<string, tf.Tensor4D>;
}

export const headModuleOption = moduleOption('head_module').describe('The layers of the head');

/**
 * The layers of a head.
 * @throws DetLabError where the module predicts other maps than the head reads.
 */
export function buildHeadModule(
  config: ModuleConfig,
  { registry, path, inputs, numClasses }: BuildContext,
  { head, maps, usual }: { head: string; maps: readonly string[]; usual: string },
): HeadModule {
  const at = `${path}.head_module`;
  const module = registry.build('head_module', config, { path: at, inputs, numClasses });
  const missing = maps.filter((name) => !Object.hasOwn(module.columns, name));
  if (missing.length > 0)
    throw new DetLabError(
      `Cannot use ${config.type} in ${head} at ${at}: ${head} reads ${maps.join(', ')}, ${config.type} predicts ` +
        `${Object.keys(module.columns).join(', ')}. Use ${usual}`,
    );
  return module;
}

interface ModuleOptions {
  num_classes?: number;
  in_channels?: number | number[];
  widen_factor: number;
  featmap_strides: number[];
}

/**
 * Fills the classes and the channels (of every level, before scaling) of a head module, and checks both ends.
 * @throws DetLabError where channels or strides are not those of the features.
 */
export function inferHeadModule<O extends ModuleOptions>(
  type: string,
  given: O,
  context: BuildContext,
  width: (channels: number, factor: number) => number,
): O & { num_classes: number; in_channels: number[] } {
  const { inputs, path } = context;
  const found = inputs?.map((level) => level.channels);
  const num_classes = inferNumClasses(type, given.num_classes, context) as number;
  const { in_channels, featmap_strides, widen_factor } = given;
  const listed = typeof in_channels === 'number' ? featmap_strides.map(() => in_channels) : in_channels;
  if (listed && found) {
    const widths = listed.map((c) => width(c, widen_factor));
    if (widths.join() !== found.join())
      throw new DetLabError(
        `Cannot attach ${type} at ${path}: its in_channels [${listed.join(', ')}] times widen_factor ` +
          `${widen_factor} are [${widths.join(', ')}], but the features it reads have [${found.join(', ')}] ` +
          'channels. Leave in_channels and widen_factor out to take theirs',
      );
  }
  if (!listed && !found)
    throw new DetLabError(`Cannot build ${type} at ${path}: in_channels is neither given nor known from a neck`);
  const strides = inputs?.map((level) => level.stride);
  if (strides && strides.join() !== featmap_strides.join())
    throw new DetLabError(
      `Cannot attach ${type} at ${path}: its featmap_strides are [${featmap_strides.join(', ')}], but the ` +
        `features it reads have strides [${strides.join(', ')}]`,
    );
  // channels taken from the features are scaled already
  return listed
    ? { ...given, num_classes, in_channels: listed }
    : { ...given, num_classes, in_channels: found as number[], widen_factor: 1 };
}

declare module '../../catalogue/registry' {
  interface Built {
    head_module: HeadModule;
  }
}
