// `.save('x.py')` of recipes and models: their config as a file. A .py or .json file is one that MMDetection builds; a .ts file
// is a config of DetLab's.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { KINDS, type Kind, type ModuleConfig } from '../catalogue/registry';
import { isLayerType, originOf } from '../catalogue/type-origins';
import { unreadKeys } from '../catalogue/unread-keys';
import { type ConfigObject, cloneConfig, isObject, pairsAsTuples, printConfig, printDict } from '../config';
import { changeInnermost } from '../data';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { objectAt, readsText } from './config-access';
import { eachObject } from './image-size/size-options';

const EXTENSIONS = ['.py', '.json', '.ts'];

/** Whether a file name is that of a config, not of weights. */
export const isConfigFile = (file: string): boolean => EXTENSIONS.includes(path.extname(file).toLowerCase());

/** Options that MMDetection's modules of the same name lack. */
const ADDED = ['absent_classes', 'first_pixel'];

/**
 * Writes a config; the extension says the language.
 *
 * @param classes written to the datasets, where they are known by name
 * @param notice receives what was left out of the file, and what MMDetection does not have, a line each
 * @returns absolute path of the file
 * @throws DetLabError for another extension
 */
export function saveConfig(
  config: ConfigObject,
  file: string,
  classes?: readonly string[],
  notice: (line: string) => void = (line) => console.error(line),
): string {
  const extension = path.extname(file).toLowerCase();
  if (!isConfigFile(file))
    throw new DetLabError(
      `Cannot save the config as "${file}": expected an extension of ${EXTENSIONS.join(', ')}, received ${extension || 'none'}`,
    );
  const named = classes?.every((name) => !/^class \d+$/.test(name))
    ? withClasses(config, classes)
    : cloneConfig(config);
  for (const { path: key } of unreadKeys(Object.keys(named), named)) delete named[key]; // variables, whose uses are written out
  if (extension !== '.ts') for (const line of forMMDetection(named)) notice(`${path.basename(file)}: ${line}`);
  const text =
    extension === '.py'
      ? printDict(pairsAsTuples(named), 'py')
      : printConfig(named, extension === '.ts' ? 'ts' : 'json');
  const target = path.resolve(file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

/** Datasets whose images have texts of their own, or whose classes are in a file of theirs. */
const TEXT_DATASETS = /\b(ODVG|Flickr30k|MDETRStyleRefCoco|RefCoco|DOD)Dataset$/;

/** A copy whose datasets have the classes in their metainfo, but for those on text, which keep their own. */
function withClasses(config: ConfigObject, classes: readonly string[]): ConfigObject {
  const named = cloneConfig(config);
  const isGrounded = readsText(objectAt(named, 'model'));
  for (const part of ['train', 'val', 'test']) {
    // as in configuredData
    const keeps = ({ type, return_classes: asked }: ModuleConfig) =>
      TEXT_DATASETS.test(type) || (isGrounded && part !== 'train' && asked === true);
    const loader = objectAt(named, `${part}_dataloader`);
    if (!isObject(loader.dataset) || typeof loader.dataset.type !== 'string') continue;
    loader.dataset = changeInnermost(loader.dataset as ModuleConfig, (dataset) =>
      keeps(dataset)
        ? dataset
        : { ...dataset, metainfo: { ...(dataset.metainfo as ConfigObject | undefined), classes: [...classes] } },
    ) as ConfigObject;
  }
  return named;
}

/** Drops what MMDetection's modules do not take, in place, and names the modules that it has not. */
function forMMDetection(config: ConfigObject): string[] {
  const dropped: string[] = [];
  const lacking = new Set<string>();
  eachObject(config, (object, place) => {
    for (const key of ADDED.filter((option) => option in object && typeof object.type === 'string')) {
      delete object[key];
      dropped.push(`${place}.${key}`);
    }
    const { type } = object;
    if (typeof type === 'string' && isOurs(type)) lacking.add(`${type} (${place})`);
  });
  if (config.default_scope === undefined) config.default_scope = 'mmdet';
  return [
    ...(dropped.length > 0 ? [`left out, options that MMDetection does not have: ${dropped.join(', ')}`] : []),
    ...(lacking.size > 0
      ? [
          `MMDetection has no ${[...lacking].join(', ')}: it builds the file once modules of these names are registered there`,
        ]
      : []),
  ];
}

/** A module of the catalogue that none of OpenMMLab's packages has: the user's, or one of DetLab's additions. */
function isOurs(type: string): boolean {
  if (isLayerType(type) || originOf(type) !== undefined) return false;
  return KINDS.some((kind: Kind) => catalogue.find(kind, type) !== undefined);
}
