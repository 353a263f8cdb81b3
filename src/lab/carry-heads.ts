// Heads follow a new neck: channels that a config gives them and that must equal the neck's are set to its channels, or left
// to be inferred where they are one number per level.

import { readOption, shapeOf } from '../catalogue/option-schema';
import type { Registry } from '../catalogue/registry';
import { type ConfigObject, cloneConfig, isObject } from '../config';
import { modulesAt, necksAt, objectAt } from './config-access';

/** What reads the neck's levels, and what reads the pooled RoIs, which have the extractor's channels. */
const READS_LEVELS: readonly [path: string, option: string][] = [
  ['rpn_head', 'in_channels'],
  ['bbox_head', 'in_channels'],
  ['bbox_head.head_module', 'in_channels'],
  ['mask_head', 'in_channels'],
  ['mask_head.mask_feature_head', 'in_channels'],
  ['roi_head.bbox_roi_extractor', 'out_channels'],
  ['roi_head.mask_roi_extractor', 'out_channels'],
];
const READS_ROIS: readonly [path: string, option: string][] = [
  ['roi_head.bbox_head', 'in_channels'],
  ['roi_head.mask_head', 'in_channels'],
];

/** `out_channels` of the last neck that has one: a number, or undefined where they are several or not known before the build. */
export function neckChannels(necks: readonly ConfigObject[], registry: Registry): number | undefined {
  for (const neck of [...necks].reverse()) {
    const definition = registry.find('neck', String(neck.type));
    const schema = definition && shapeOf(definition.options)?.out_channels;
    // a neck without this option gives what it takes
    if (definition && !schema) continue;
    const given = neck.out_channels ?? (schema && readOption(schema).default?.value);
    return typeof given === 'number' ? given : undefined;
  }
  return undefined;
}

/**
 * A copy of the model whose heads take the channels of its necks, and a line for each option that was changed. What has no
 * such option, or leaves it out, infers the channels when the model is built.
 */
export function carryHeads(
  model: ConfigObject,
  registry: Registry,
  at = 'model',
): { model: ConfigObject; lines: string[] } {
  const carried = cloneConfig(model);
  const channels = neckChannels(necksAt(model, 'neck'), registry);
  const lines: string[] = [];
  // a shared head between extractor and heads has channels that no neck changes
  const pooled = isObject(objectAt(model, 'roi_head').shared_head) ? [] : READS_ROIS;
  for (const [path, option] of [...READS_LEVELS, ...pooled]) {
    const heads = modulesAt(carried, path) as ConfigObject[];
    lines.push(...follow(heads, `${at}.${path}`, option, channels));
    // without convolutions of its own a tower has the channels that it reads
    if (heads[0]?.stacked_convs === 0) lines.push(...follow(heads, `${at}.${path}`, 'feat_channels', channels));
  }
  return { model: carried, lines };
}

/** Changes an option in place where it is given. */
function follow(heads: ConfigObject[], path: string, option: string, channels: number | undefined): string[] {
  const giving = heads.filter((head) => head[option] !== undefined && head[option] !== null);
  const before = new Set(giving.map((head) => JSON.stringify(head[option])));
  if (before.size === 0 || [...before].join() === String(channels)) return [];
  let now = "the neck's";
  for (const head of giving) {
    if (channels !== undefined && typeof head[option] === 'number') {
      head[option] = channels;
      now = String(channels);
    } else delete head[option];
  }
  return [`${path}.${option}: ${[...before].join(' and ')} -> ${now}, to fit the neck`];
}
