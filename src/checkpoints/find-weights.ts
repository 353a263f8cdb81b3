// The weights inside what was saved: under `state_dict`, `model` or another usual name, or the dict itself. The rest
// (optimizer, message_hub, meta) is neither read nor built; what it was is told by name.

import { type ByteSource, damaged } from './byte-source';
import { GlobalRef, type PickleValue, Refused, TensorRef } from './pickle-values';

export interface FoundWeights {
  /** The entry they were under; '' for the dict itself. */
  key: string;
  tensors: Map<string, TensorRef>;
  /** What was left out, in words: `optimizer`, `meta: mmengine.logging.history_buffer.HistoryBuffer`. */
  skipped: string[];
}

/** In the order they are looked for: mmengine and torchvision; DeiT and Detectron2; averages of timm and YOLOX; others. */
const NAMES = [
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
 * @param key of the entry to take (`state_dict_ema`); the usual ones in turn when absent
 * @throws DetLabError when there are no weights, naming what there is
 */
export function findWeights(root: PickleValue, source: ByteSource, key?: string): FoundWeights {
  if (root instanceof Refused)
    throw damaged(
      source,
      `it holds a Python object of class ${root.name}, which only that Python code can build; nothing of it was run. ${SAVE_DICT}`,
    );
  if (!isDict(root)) throw damaged(source, `expected a dict of tensors, found ${kindOf(root)}. ${SAVE_DICT}`);
  const entry = (name: string): Map<PickleValue, PickleValue> | undefined => {
    const value = root.get(name);
    return isDict(value) && countTensors(value) > 0 ? value : undefined;
  };
  const wanted = key === undefined ? NAMES.find((name) => entry(name)) : key;
  const names = [...root.keys()].filter((name) => typeof name === 'string').slice(0, 12);
  const dict = wanted === undefined ? root : entry(wanted);
  if (!dict || countTensors(dict) === 0) {
    const named = wanted ?? NAMES.find((name) => root.get(name) instanceof Refused);
    const refused = named === undefined ? undefined : root.get(named);
    const why =
      refused instanceof Refused
        ? `its "${named}" is a Python object of class ${refused.name}, which only that Python code can build; nothing of it was run. ${SAVE_DICT}`
        : key === undefined
          ? `there are no tensors in it, neither at the top nor under ${NAMES.slice(0, 3).join(', ')}. ${refusedParts(root)}`
          : `there are no tensors under "${key}".`;
    throw damaged(source, `${why} It has ${names.join(', ') || 'no entries'}`);
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
  return { key: wanted ?? '', tensors, skipped };
}

const refusedParts = (root: Map<PickleValue, PickleValue>): string => {
  const found = [...root].filter(([, value]) => value instanceof Refused).slice(0, 3);
  return found.length === 0
    ? ''
    : `Refused as Python objects: ${found.map(([name, value]) => describePart(String(name), value)).join(', ')}. ${SAVE_DICT}.`;
};

/** The name of a part, and the Python objects it holds. */
function describePart(name: string, value: PickleValue): string {
  const objects = [...refusedNames(value)];
  const more = objects.length > 3 ? ` and ${objects.length - 3} more` : '';
  return objects.length === 0 ? name : `${name} (refused: ${objects.slice(0, 3).join(', ')}${more})`;
}

/** Classes of the refused objects in a part; shared and circular parts are looked at once, large ones not to the end. */
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

/** Strings of a checkpoint's `meta`: class names of mmengine (3.x) and mmcv (2.x), what DetLab wrote. */
export function metaOfPickle(root: PickleValue): { classes?: string[]; detlab?: string; version?: string } {
  const meta = isDict(root) ? root.get('meta') : undefined;
  if (!isDict(meta)) return {};
  const dataset = meta.get('dataset_meta');
  const named =
    (isDict(dataset) ? (dataset.get('classes') ?? dataset.get('CLASSES')) : undefined) ?? meta.get('CLASSES');
  const classes =
    Array.isArray(named) && named.length > 0 && named.every((c) => typeof c === 'string') ? named : undefined;
  const [detlab, version] = ['detlab', 'mmdet_version'].map((name) => meta.get(name));
  return {
    classes: classes as string[] | undefined,
    detlab: typeof detlab === 'string' ? detlab : undefined,
    version: typeof version === 'string' ? version : undefined,
  };
}
