// The inputs of this session, for `history_request`. Earlier sessions are not kept: 0 and negative numbers mean this
// session, whose entries have the session number 0.

import type { Content } from '../protocol/wire-message';
import { createGlob } from './glob';

interface Entry {
  line: number;
  input: string;
  /** Text of the result, truncated. */
  output: string | null;
}

const MAX_ENTRIES = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Longer inputs are not kept: nobody recalls them with the arrow keys. */
const MAX_INPUT = 1024 * 1024;
const MAX_OUTPUT = 10_000;

const size = ({ input, output }: Entry) => input.length + (output?.length ?? 0);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export interface History {
  add(line: number, input: string): void;
  /** Adds the result of the newest entry, as text. */
  addResult(line: number, output: string): void;
  answer(content: Content): Content;
}

export function createHistory(): History {
  let entries: Entry[] = [];
  let characters = 0;

  function trim() {
    let dropped = 0;
    while (entries.length - dropped > MAX_ENTRIES || characters > MAX_CHARACTERS) {
      characters -= size(entries[dropped++]);
    }
    if (dropped) entries = entries.slice(dropped);
  }

  /** Lines from `start` up to `stop`, both counted from the end when negative; without `stop` to the end. */
  function range({ session, start, stop }: Content): Entry[] {
    if (isNumber(session) && session > 0) return [];
    const end = (entries.at(-1)?.line ?? 0) + 1;
    const from = isNumber(start) ? (start < 0 ? start + end : start) : 0;
    const to = isNumber(stop) && stop !== 0 ? (stop < 0 ? stop + end : stop) : end;
    return entries.filter(({ line }) => line >= from && line < to);
  }

  function search({ pattern, unique }: Content): Entry[] {
    const matches = createGlob(typeof pattern === 'string' ? pattern : '*');
    const matching = entries.filter(({ input }) => matches(input));
    if (!unique) return matching;
    const last = new Map(matching.map((entry) => [entry.input, entry]));
    return matching.filter((entry) => last.get(entry.input) === entry);
  }

  return {
    add(line, input) {
      if (input.length > MAX_INPUT) return;
      entries.push({ line, input, output: null });
      characters += input.length;
      trim();
    },
    addResult(line, output) {
      const entry = entries.at(-1);
      if (entry?.line !== line) return;
      entry.output = output.length > MAX_OUTPUT ? `${output.slice(0, MAX_OUTPUT)}…` : output;
      characters += entry.output.length;
      trim();
    },
    answer(content) {
      const { hist_access_type: access, n, output } = content;
      let selected = access === 'range' ? range(content) : access === 'search' ? search(content) : entries;
      if (access !== 'range' && isNumber(n)) selected = n > 0 ? selected.slice(-Math.floor(n)) : [];
      return {
        status: 'ok',
        history: selected.map((entry) => [0, entry.line, output ? [entry.input, entry.output] : entry.input]),
      };
    },
  };
}
