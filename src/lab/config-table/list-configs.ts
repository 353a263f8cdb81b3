// `listConfigs('retinanet')`: the configs by name, with what is known of them before anything is built. Parameters and
// multiply-adds are in model-sizes.json, as test/lab/config-table/ computes them; the AP of each is that of the model zoos of
// MMDetection and MMYOLO (metafile.yml of the packages), for configs that are theirs, and so is the address of its weights.

import path from 'node:path';
import { configRoot, listConfigs as findConfigs } from '../../config';
import { DetLabError, nameOfValue } from '../../errors';
import { type ConfigRow, ConfigTable } from './config-table';
import sizes from './model-sizes.json';
import published from './published-results.json';
import files from './published-weights.json';

const WEIGHTS: Partial<Record<string, string>> = files.files;
const SIZES: Partial<Record<string, number[]>> = sizes;
const ZOOS: { label: string; results: Partial<Record<string, { box?: number; mask?: number }>> }[] = [
  { label: `MMDetection ${published.mmdet.version}`, results: published.mmdet.results },
  { label: `MMYOLO ${published.mmyolo.version}`, results: published.mmyolo.results },
];

/**
 * The configs that `detector` knows by name, or those whose family and name contain all words of a text.
 *
 * @param which words, or folders whose configs are listed in place of the built-in ones
 * @returns a Map from name to files; displays as a table of family, parameters, multiply-adds, input and published AP
 * @throws DetLabError when no name contains the words
 * @example listConfigs('retinanet r50')
 */
export function listConfigs(which: string | readonly string[] = ''): ConfigTable {
  if (typeof which !== 'string' && !(Array.isArray(which) && which.length > 0))
    throw new DetLabError(
      `Cannot list configs: expected words, such as 'retinanet r50', or folders, such as ['configs'], received ${nameOfValue(which)}`,
    );
  const roots = typeof which === 'string' ? [configRoot()] : which;
  const words = typeof which === 'string' ? which.toLowerCase().split(/\s+/).filter(Boolean) : [];
  const all = [...findConfigs(roots)];
  const inside = (file: string) => path.relative(roots.find((root) => file.startsWith(root + path.sep)) ?? '', file);
  const found = all.filter(([, files]) =>
    files.some((file) => words.every((word) => inside(file).toLowerCase().includes(word))),
  );
  if (found.length === 0 && words.length > 0)
    throw new DetLabError(
      `Cannot find a config: no name contains ${words.join(' and ')}. listConfigs() and "detlab configs" list all ${all.length}`,
    );
  const rows = found.map(([name, files]) => rowOf(name, path.dirname(inside(files[0])), typeof which === 'string'));
  const title = `${found.length} ${words.length > 0 ? `of ${all.length} ` : ''}configs`;
  return new ConfigTable(found, rows, title);
}

/** @param builtIn a config of another folder may have the name of a built-in one */
function rowOf(name: string, family: string, builtIn: boolean): ConfigRow {
  const row: ConfigRow = { name, family };
  const size = builtIn ? SIZES[name] : undefined;
  if (size) {
    const [height, width, parameters, flops] = size;
    Object.assign(row, { input: [height, width], parameters, flops });
  }
  const file = builtIn && Object.hasOwn(WEIGHTS, name) ? WEIGHTS[name] : undefined;
  if (file !== undefined) row.weights = new URL(file, files.root).href;
  const zoo = builtIn ? ZOOS.find(({ results }) => results[name]) : undefined;
  if (!zoo) return row;
  const { box, mask } = zoo.results[name] ?? {};
  return {
    ...row,
    ...(box !== undefined && { boxAP: box }),
    ...(mask !== undefined && { maskAP: mask }),
    source: zoo.label,
  };
}
