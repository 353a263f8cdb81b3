// Finds the weights in a checkpoint: under `state_dict`, `model` or another common key, or the dict itself. The rest
// (optimizer, message_hub, meta) is neither read nor built, and reported by name.

import { type ByteSource, damaged } from './byte-source';
import { GlobalRef, type PickleValue, Refused, TensorRef } from './pickle-values';

export interface FoundWeights {
  /** The key they were found under; '' for the dict itself. */
  key: string;
  tensors: Map<string, TensorRef>;
  /** What was not loaded: `optimizer`, `meta (refused: mmengine.logging.history_buffer.HistoryBuffer)`. */
  skipped: string[];
}

/** Keys in order of preference: mmengine and torchvision; DeiT and Detectron2; averages of timm and YOLOX; others. */
const KEYS = [
  'state_dict',
  'model',
  'model_state_dict',
  'net',
  'network',
  'weights',
  'params',
  'state_dict_ema',
  'model_ema',
  'ema_state_dict',
  'ema',
  'teacher',
  'student',
  'module',
];

const isDict = (value: PickleValue | undefined): value is Map<PickleValue, PickleValue> => value instanceof Map;
const countTensors = (dict: Map<PickleValue, PickleValue>): number => {
  let count = 0;
  for (const [name, value] of dict) if (typeof name === 'string' && value instanceof TensorRef) count++;
  return count;
};

const SAVE_DICT = 'In Python: torch.save({"state_dict": model.state_dict()}, "weights.pth")';

/**
 * @param key of the weights (`state_dict_ema`); default: the common ones in turn
 * @throws DetLabError when there are no weights, listing what there is
 */
export function findWeights(root: PickleValue, source: ByteSource, key?: string): FoundWeights {
  if (root instanceof Refused)
    throw damaged(
      source,
      `expected a dict of tensors, received a Python object of class ${root.name}, which only its Python code can build; no code was run. ${SAVE_DICT}`,
    );
  if (!isDict(root)) throw damaged(source, `expected a dict of tensors, received ${kindOf(root)}. ${SAVE_DICT}`);
  const entry = (name: string): Map<PickleValue, PickleValue> | undefined => {
    const value = root.get(name);
    return isDict(value) && countTensors(value) > 0 ? value : undefined;
  };
  const keyUsed = key === undefined ? KEYS.find((name) => entry(name)) : key;
  const names = [...root.keys()].filter((name) => typeof name === 'string').slice(0, 12);
  const dict = keyUsed === undefined ? root : entry(keyUsed);
  if (!dict || countTensors(dict) === 0) {
    const named = keyUsed ?? KEYS.find((name) => root.get(name) instanceof Refused);
    const refused = named === undefined ? undefined : root.get(named);
    const why =
      refused instanceof Refused
        ? `expected a dict of tensors under "${named}", received a Python object of class ${refused.name}, which only its Python code can build; no code was run. ${SAVE_DICT}`
        : key === undefined
          ? `it has no tensors, neither at the top level nor under ${KEYS.slice(0, 3).join(', ')}. ${refusedParts(root)}`
          : `it has no tensors under "${key}".`;
    throw damaged(source, `${why} Its keys: ${names.join(', ') || 'none'}`);
  }
  const tensors = new Map<string, TensorRef>();
  const skipped: string[] = [];
  for (const [name, value] of dict) {
    if (typeof name === 'string' && value instanceof TensorRef) tensors.set(name, value);
    else if (typeof name === 'string' && name !== '_metadata') skipped.push(describePart(name, value));
  }
  if (dict !== root)
    for (const [name, value] of root)
      if (value !== dict && typeof name === 'string') skipped.push(describePart(name, value));
  return { key: keyUsed ?? '', tensors, skipped };
}

const refusedParts = (root: Map<PickleValue, PickleValue>): string => {
  const refused = [...root].filter(([, value]) => value instanceof Refused).slice(0, 3);
  return refused.length === 0
    ? ''
    : `Refused Python objects: ${refused.map(([name, value]) => describePart(String(name), value)).join(', ')}. ${SAVE_DICT}.`;
};

/** The name of an entry, and the refused Python objects in it. */
function describePart(name: string, value: PickleValue): string {
  const objects = [...refusedNames(value)];
  const more = objects.length > 3 ? ` and ${objects.length - 3} more` : '';
  return objects.length === 0 ? name : `${name} (refused: ${objects.slice(0, 3).join(', ')}${more})`;
}

/** Classes of the refused objects in a value; shared and circular values are visited once, up to a limit. */
function refusedNames(root: PickleValue): Set<string> {
  const names = new Set<string>();
  const seen = new Set<PickleValue>();
  const open: PickleValue[] = [root];
  while (open.length > 0 && seen.size < 100_000) {
    const value = open.pop()!;
    if (value instanceof Refused) names.add(value.name);
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (value instanceof Map) for (const item of value.values()) open.push(item);
  }
  return names;
}

function kindOf(value: PickleValue): string {
  if (value instanceof TensorRef) return 'one tensor';
  if (value instanceof GlobalRef) return `the name ${value.name}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null ? 'None' : typeof value;
}

/** Strings of a checkpoint's `meta`: class names and config of mmengine (3.x) and mmcv (2.x), DetLab's metadata. */
export function metaOfPickle(root: PickleValue): {
  classes?: string[];
  config?: string;
  detlab?: string;
  version?: string;
} {
  const meta = isDict(root) ? root.get('meta') : undefined;
  if (!isDict(meta)) return {};
  const dataset = meta.get('dataset_meta');
  const named =
    (isDict(dataset) ? (dataset.get('classes') ?? dataset.get('CLASSES')) : undefined) ?? meta.get('CLASSES');
  const classes =
    Array.isArray(named) && named.length > 0 && named.every((c) => typeof c === 'string') ? named : undefined;
  const [detlab, version] = ['detlab', 'mmdet_version'].map((name) => meta.get(name));
  const config = [meta.get('cfg'), meta.get('config')].find((text) => typeof text === 'string');
  return {
    config: config as string | undefined,
    classes: classes as string[] | undefined,
    detlab: typeof detlab === 'string' ? detlab : undefined,
    version: typeof version === 'string' ? version : undefined,
  };
}
