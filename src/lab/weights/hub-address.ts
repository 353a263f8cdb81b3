// Names of weights and the addresses that they mean: torchvision's of 0.12 and of 0.28 (`resnet50`, `resnet50.imagenet1k_v2`),
// OpenMMLab's and mmpretrain's, as mmengine 0.10 resolves them (its hub/*.json).

import { DetLabError, nearest } from '../../errors';
import table from './hub-addresses.json';

/** What is downloaded: an address, or a name of which the address is known. */
export type WeightsAddress =
  | `http://${string}`
  | `https://${string}`
  | `torchvision://${string}`
  | `modelzoo://${string}`
  | `open-mmlab://${string}`
  | `openmmlab://${string}`
  | `mmcls://${string}`;

interface Hub {
  root: string;
  files: Partial<Record<string, string>>;
}

const HUBS: Partial<Record<string, Hub>> = {
  torchvision: table.torchvision,
  modelzoo: table.torchvision,
  'open-mmlab': table['open-mmlab'],
  openmmlab: table['open-mmlab'],
  mmcls: table.mmcls,
};
const RENAMED = new Map(Object.entries(table.renamed));

/** The scheme of a name; undefined for a path. One letter is a drive of Windows. */
export const schemeOf = (name: string): string | undefined => /^([a-z][\w+.-]+):\/\//i.exec(name)?.[1].toLowerCase();

/** Whether a name is downloaded, rather than a file. */
export const isWeightsAddress = (name: string): name is WeightsAddress => {
  const scheme = schemeOf(name);
  return scheme !== undefined && (/^https?$/.test(scheme) || HUBS[scheme] !== undefined);
};

/**
 * The address that a name means; an http address means itself.
 *
 * @throws DetLabError with the nearest name
 * @example addressOf('torchvision://resnet18') // https://download.pytorch.org/models/resnet18-f37072fd.pth
 */
export function addressOf(name: WeightsAddress): string {
  const scheme = schemeOf(name)!;
  const hub = HUBS[scheme];
  const rest = name.slice(scheme.length + 3);
  if (!hub) {
    if (URL.canParse(name)) return name;
    throw new DetLabError(`Cannot find the weights "${name}": it is no address, expected https://HOST/PATH`);
  }
  const plain = plainName(hub, name);
  const found = keyOf(hub, plain);
  if (found !== undefined) return hub.root + hub.files[found];
  throw new DetLabError(
    `Cannot find the weights "${name}": ${scheme}:// has no "${rest}". ${nearNames(hub, scheme, plain)}`,
  );
}

/** Without the scheme, in mmengine's form, with the new name of one that was renamed. */
function plainName(hub: Hub, name: string): string {
  const rest = name.slice(schemeOf(name)!.length + 3);
  return hub === table.torchvision ? rest.replace(/_weights(?=\.)/i, '') : (RENAMED.get(rest) ?? rest);
}

/** The name of the file that a hub has under a name; undefined for other addresses and unknown names. */
export function hubFileName(name: string): string | undefined {
  const hub = HUBS[schemeOf(name) ?? ''];
  const key = hub && keyOf(hub, plainName(hub, name));
  return key === undefined ? undefined : hub!.files[key]!.replace(/^.*\//, '');
}

/** torchvision writes its names in upper and lower case. */
const keyOf = (hub: Hub, name: string): string | undefined =>
  Object.hasOwn(hub.files, name)
    ? name
    : Object.keys(hub.files).find((key) => key.toLowerCase() === name.toLowerCase());

/** The nearest names: by spelling, and those that contain it or that it contains. */
function nearNames(hub: Hub, scheme: string, name: string): string {
  const all = Object.keys(hub.files);
  const word = name.toLowerCase();
  const tail = word.replace(/^.*\//, '');
  const alike = all.filter((key) => tail.length > 2 && key.toLowerCase().includes(tail));
  const near = [...new Set([nearest(name, all) ?? [], alike].flat())].slice(0, 4);
  const elsewhere = Object.entries(HUBS).find(
    ([other, one]) => one && one !== hub && other !== scheme && Object.hasOwn(one.files, name),
  );
  if (elsewhere) return `${elsewhere[0]}://${name} is there`;
  return near.length > 0
    ? `The nearest: ${near.map((key) => `${scheme}://${key}`).join(', ')}`
    : `It has ${all.length}, such as ${all.slice(0, 3).join(', ')}`;
}
