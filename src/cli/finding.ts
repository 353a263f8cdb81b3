// What a doctor finds: one line for each part, and below them what to do about those that are not as they should be.

import { tableText } from '../visualization/table';
import { EXIT, type Output } from './outcome';

export interface Finding {
  name: string;
  ok: boolean;
  /** False: something narrower works without it. */
  needed: boolean;
  detail: string;
  /** What to do when it is not ok. */
  advice?: string;
}

export const SETUP = 'run `npm run setup`';

/** Tells the findings; returns the exit code they mean. */
export function reportFindings(findings: Finding[], out: Output): number {
  for (const finding of findings) out.event('finding', { ...finding });
  const table = tableText({
    columns: [{ title: '' }, { title: 'part' }, { title: 'found' }],
    rows: findings.map(({ name, ok, needed, detail }) => [ok ? 'ok' : needed ? 'WRONG' : 'note', name, detail]),
  });
  const advice = findings.flatMap(({ name, ok, advice }) => (!ok && advice ? [`  ${name}: ${advice}`] : []));
  out.print(advice.length ? `${table}\n\nWhat to do:\n${advice.join('\n')}` : table);
  return findings.some((f) => f.needed && !f.ok) ? EXIT.failed : EXIT.ok;
}
