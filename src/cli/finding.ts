// The report of a doctor command: one line per part, followed by advice for those with problems.

import { SETUP_COMMAND } from '../paths';
import { tableText } from '../visualization/table';
import { EXIT, type Output } from './outcome';

export interface Finding {
  name: string;
  ok: boolean;
  /** False: optional. */
  needed: boolean;
  detail: string;
  /** What to do if it is not ok. */
  advice?: string;
}

export const SETUP = `run \`${SETUP_COMMAND}\``;

/** Prints the findings; returns the exit code. */
export function reportFindings(findings: Finding[], out: Output): number {
  for (const finding of findings) out.event('finding', { ...finding });
  const table = tableText({
    columns: [{ title: '' }, { title: 'part' }, { title: 'status' }],
    rows: findings.map(({ name, ok, needed, detail }) => [ok ? 'ok' : needed ? 'WRONG' : 'note', name, detail]),
  });
  const advice = findings.flatMap(({ name, ok, advice }) => (!ok && advice ? [`  ${name}: ${advice}`] : []));
  out.print(advice.length ? `${table}\n\nWhat to do:\n${advice.join('\n')}` : table);
  return findings.some((f) => f.needed && !f.ok) ? EXIT.failed : EXIT.ok;
}
