// What was executed in this session, for `history_request`.

import type { Content } from './protocol';

type Entry = [session: number, line: number, input: string];

export function createHistory() {
  const entries: Entry[] = [];
  return {
    add: (line: number, input: string) => void entries.push([0, line, input]),
    answer(content: Content): Content {
      let found = entries;
      const count = Number(content.n ?? entries.length);
      if (content.hist_access_type === 'range') {
        const start = Number(content.start ?? 0);
        const stop = Number(content.stop ?? Number.POSITIVE_INFINITY);
        found = entries.filter(([, line]) => line >= start && line < stop);
      } else {
        if (content.hist_access_type === 'search') found = search(entries, content);
        found = found.slice(-count);
      }
      // With `output`, the input is paired with its output text; outputs are not kept.
      return {
        status: 'ok',
        history: content.output ? found.map(([session, line, input]) => [session, line, [input, null]]) : found,
      };
    },
  };
}

/** Glob search: `*` any text, `?` any character. */
function search(entries: Entry[], content: Content): Entry[] {
  const escaped = String(content.pattern ?? '*').replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replace(/\*/g, '[\\s\\S]*').replace(/\?/g, '[\\s\\S]')}$`);
  const found = entries.filter(([, , input]) => pattern.test(input));
  if (!content.unique) return found;
  return found.filter((entry, i) => !found.slice(i + 1).some((later) => later[2] === entry[2]));
}
