// Names of a file made to fit a model's: what wraps a model while it trains (`module.`), names of MMDetection 2.x, and a
// prefix that one of the two sides has and the other has not.

import type { StoredState } from '../nn/stored-tensor';

export interface Renamed {
  tensors: StoredState;
  /** What was done, in words. */
  notes: string[];
}

const mapNames = (tensors: StoredState, rename: (name: string) => string): StoredState =>
  new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));

const matches = (names: Iterable<string>, known: ReadonlySet<string>): number => {
  let count = 0;
  for (const name of names) if (known.has(name)) count++;
  return count;
};

/** Names of MMDetection 2.x as 3.x has them. */
const FORMER: [RegExp, string][] = [
  // DETR: the transformer stood in the head
  [/^bbox_head\.transformer\.(encoder|decoder)\./, '$1.'],
  [/^bbox_head\.(query_embedding|level_embeds|reference_points|enc_output|enc_output_norm)\b/, '$1'],
  [/^bbox_head\.transformer\./, ''],
  [/^bbox_head\.input_proj\./, 'neck.convs.0.conv.'],
  [/^((?:encoder|decoder)\.layers\.\d+)\.attentions\.0\./, '$1.self_attn.'],
  [/^(decoder\.layers\.\d+)\.attentions\.1\./, '$1.cross_attn.'],
  [/^((?:encoder|decoder)\.layers\.\d+)\.ffns\.0\./, '$1.ffn.'],
  // SSD: each prediction became a row of layers
  [/^(bbox_head\.(?:cls|reg)_convs\.\d+)\.(weight|bias)$/, '$1.0.$2'],
];

/** Takes off what the file's names begin with; nothing is left when none does. */
export function within(tensors: StoredState, prefix: string): StoredState {
  const start = prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(start)).map(([name, tensor]) => [name.slice(start.length), tensor]),
  );
}

/**
 * @param known the names of the model
 * @param parts paths under which the model may hold what the file holds alone: `backbone`
 */
export function fitNames(given: StoredState, known: ReadonlySet<string>, parts: readonly string[]): Renamed {
  const notes: string[] = [];
  let tensors = given;
  const all = [...tensors.keys()];
  if (all.length > 0 && all.every((name) => name.startsWith('module.'))) tensors = within(tensors, 'module');

  const former = mapNames(tensors, (name) => {
    if (known.has(name)) return name;
    const renamed = FORMER.reduce((text, [pattern, to]) => text.replace(pattern, to), name);
    return known.has(renamed) ? renamed : name;
  });
  const gained = matches(former.keys(), known) - matches(tensors.keys(), known);
  if (gained > 0) {
    tensors = former;
    notes.push(`${gained} names of MMDetection 2.x read as those of 3.x`);
  }
  if (matches(tensors.keys(), known) > 0) return { tensors, notes };

  // no name agrees: one side has a prefix that the other has not
  const starts = new Set([...tensors.keys()].flatMap((name) => prefixes(name)));
  const tries = [
    ...[...starts].map((start) => ({
      tensors: within(tensors, start),
      note: `the file's names begin with "${start}.", which was taken off`,
    })),
    ...parts.map((part) => ({
      tensors: mapNames(tensors, (name) => `${part}.${name}`),
      note: `the file's names stand for the model's under "${part}."`,
    })),
  ].map((attempt) => ({ ...attempt, count: matches(attempt.tensors.keys(), known) }));
  const best = tries.reduce((a, b) => (b.count > a.count ? b : a), { tensors, note: '', count: 0 });
  return best.count === 0 ? { tensors, notes } : { tensors: best.tensors, notes: [...notes, best.note] };
}

/** `a.b.weight` -> a, a.b: at most three of them. */
const prefixes = (name: string): string[] => {
  const parts = name.split('.').slice(0, -1);
  return parts.slice(0, 3).map((_, i) => parts.slice(0, i + 1).join('.'));
};
