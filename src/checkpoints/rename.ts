// Maps a file's tensor names to a model's: removes the prefix of training wrappers (`module.`), translates the names of
// MMDetection 2.x, and adds or removes a prefix that only one of the two sides has.

import type { StoredState } from '../nn/stored-tensor';

export interface Renamed {
  tensors: StoredState;
  /** What was changed, in words. */
  notes: string[];
}

const mapNames = (tensors: StoredState, rename: (name: string) => string): StoredState =>
  new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));

const countMatches = (names: Iterable<string>, known: ReadonlySet<string>): number => {
  let count = 0;
  for (const name of names) if (known.has(name)) count++;
  return count;
};

/** Names of MMDetection 2.x and their 3.x form. */
const V2_NAMES: [RegExp, string][] = [
  // DETR: the transformer was part of the head
  [/^bbox_head\.transformer\.(encoder|decoder)\./, '$1.'],
  [/^bbox_head\.(query_embedding|level_embeds|reference_points|enc_output|enc_output_norm)\b/, '$1'],
  [/^bbox_head\.transformer\./, ''],
  [/^bbox_head\.input_proj\./, 'neck.convs.0.conv.'],
  [/^((?:encoder|decoder)\.layers\.\d+)\.attentions\.0\./, '$1.self_attn.'],
  [/^(decoder\.layers\.\d+)\.attentions\.1\./, '$1.cross_attn.'],
  [/^((?:encoder|decoder)\.layers\.\d+)\.ffns\.0\./, '$1.ffn.'],
  // Mask2Former of images, from which that of videos starts
  [/^panoptic_head\./, 'track_head.'],
  // SSD: each predictor became a sequence of layers
  [/^(bbox_head\.(?:cls|reg)_convs\.\d+)\.(weight|bias)$/, '$1.0.$2'],
];

/** The tensors whose names begin with `prefix`, without it. */
export function withoutPrefix(tensors: StoredState, prefix: string): StoredState {
  const start = prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(start)).map(([name, tensor]) => [name.slice(start.length), tensor]),
  );
}

/**
 * @param known the names of the model
 * @param parts modules of the model that the file may be for: `backbone`
 */
export function fitNames(given: StoredState, known: ReadonlySet<string>, parts: readonly string[]): Renamed {
  const notes: string[] = [];
  let tensors = given;
  const names = [...tensors.keys()];
  if (names.length > 0 && names.every((name) => name.startsWith('module.'))) tensors = withoutPrefix(tensors, 'module');

  const translated = mapNames(tensors, (name) => {
    if (known.has(name)) return name;
    const renamed = V2_NAMES.reduce((text, [pattern, to]) => text.replace(pattern, to), name);
    return known.has(renamed) ? renamed : name;
  });
  const gained = countMatches(translated.keys(), known) - countMatches(tensors.keys(), known);
  if (gained > 0) {
    tensors = translated;
    notes.push(
      `${gained} names translated to those of this model: they are of MMDetection 2.x, or of a model that it starts from`,
    );
  }
  if (countMatches(tensors.keys(), known) > 0) return { tensors, notes };

  // no name matches: one side has a prefix that the other has not
  // of a semi-supervised detector the teacher is the one that predicts
  const starts = new Set(
    ['teacher', ...tensors.keys()].flatMap((name) => (name === 'teacher' ? name : prefixes(name))),
  );
  const tries = [
    ...[...starts].map((start) => ({
      tensors: withoutPrefix(tensors, start),
      note: `prefix "${start}." removed from the file's names`,
    })),
    ...parts.map((part) => ({
      tensors: mapNames(tensors, (name) => `${part}.${name}`),
      note: `prefix "${part}." added to the file's names`,
    })),
  ].map((attempt) => ({ ...attempt, count: countMatches(attempt.tensors.keys(), known) }));
  // a detector for a semi-supervised one begins both
  if (['student', 'teacher'].every((twin) => parts.includes(twin))) {
    const twice = ['student', 'teacher'].flatMap((twin) => [...mapNames(tensors, (name) => `${twin}.${name}`)]);
    const note = 'loaded into both student and teacher: they are of a detector for one of them';
    tries.push({
      tensors: new Map(twice),
      note,
      count: countMatches(
        twice.map(([name]) => name),
        known,
      ),
    });
  }
  const best = tries.reduce((a, b) => (b.count > a.count ? b : a), { tensors, note: '', count: 0 });
  return best.count === 0 ? { tensors, notes } : { tensors: best.tensors, notes: [...notes, best.note] };
}

/** `a.b.weight` -> a, a.b; at most three. */
const prefixes = (name: string): string[] => {
  const parts = name.split('.').slice(0, -1);
  return parts.slice(0, 3).map((_, i) => parts.slice(0, i + 1).join('.'));
};
