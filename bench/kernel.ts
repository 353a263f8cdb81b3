// `npm run bench -- --kernel`: compares the kernel with tslab's in one run. Each kernel is restarted in each round, one at a
// time, with the same packages; minimums over all rounds are compared. tslab is also measured with `tf` imported, since
// DetLab's kernel preloads it.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kernelspec } from '../src/cli/kernel/kernelspec';
import { packageRoot } from '../src/paths';
import { measureSession, type Session, type Subject } from './kernel-session';
import { readOptions, runScript } from './options';

const { rounds: ROUNDS } = readOptions({ rounds: 3 });
const tslab = path.join(packageRoot, 'node_modules', 'tslab');
const tslabArgv = [process.execPath, path.join(tslab, 'bin', 'tslab'), 'kernel', '--config-path={connection_file}'];

const SUBJECTS: Subject[] = [
  { name: 'DetLab', argv: kernelspec().argv, supports: { tf: true, detlab: true } },
  { name: 'tslab', argv: tslabArgv, supports: { tf: false, detlab: false } },
  {
    name: 'tslab with tf',
    argv: tslabArgv,
    prelude: "import * as tf from '@tensorflow/tfjs';",
    supports: { tf: true, detlab: false },
  },
];

/** Merges all rounds of a subject. */
function merge(sessions: Session[]): Session {
  const merged: Session = { samples: {}, lines: {}, failures: [] };
  for (const { samples, lines, failures } of sessions) {
    for (const [name, values] of Object.entries(samples)) (merged.samples[name] ??= []).push(...values);
    for (const [name, count] of Object.entries(lines)) {
      const before = merged.lines[name];
      merged.lines[name] = before && before.arrived < count.arrived ? before : count;
    }
    for (const failure of failures) if (!merged.failures.includes(failure)) merged.failures.push(failure);
  }
  return merged;
}

const digits = (ms: number) => (ms < 99.5 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en'));

/** Minimum, median and 95th percentile; of fewer than 10 values only the minimum. */
function statistics(values: number[] | undefined): string {
  if (!values?.length) return '-';
  const sorted = [...values].sort((a, b) => a - b);
  const percentile = (share: number) => digits(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return sorted.length < 10 ? digits(sorted[0]) : `${digits(sorted[0])} / ${percentile(0.5)} / ${percentile(0.95)}`;
}

const arrival = (count: Session['lines'][string] | undefined) =>
  !count || count.arrived === count.printed ? '' : ` (${count.arrived.toLocaleString('en')} arrived)`;

/** The Markdown table; the ratio is to tslab with `tf` if that was measured, else to tslab. */
function table(results: Session[]): string[] {
  const [ours, bare, full] = results;
  const names = [...new Set([full, ours, bare].flatMap(({ samples }) => Object.keys(samples)))];
  const minimum = ({ samples }: Session, name: string) => (samples[name] ? Math.min(...samples[name]) : Number.NaN);
  const rows = names.map((name) => {
    const theirs = full.samples[name] ? full : bare;
    const ratio = minimum(ours, name) / minimum(theirs, name);
    const cells = results.map((result) => `${statistics(result.samples[name])}${arrival(result.lines[name])}`);
    return `| ${[name, ...cells, Number.isFinite(ratio) ? ratio.toFixed(2) : '-'].join(' | ')} |`;
  });
  return [
    `| ms | ${SUBJECTS.map(({ name }) => name).join(' | ')} | DetLab / tslab |`,
    '|---|---|---|---|---|',
    ...rows,
  ];
}

/** A session; one more attempt for a kernel that does not start, as tslab's now and then (its socket is busy). */
async function measured(subject: Subject, folder: string): Promise<Session> {
  try {
    return await measureSession(subject, folder);
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    console.error(`${subject.name} did not start: ${line}`);
    const session = await measureSession(subject, folder);
    session.failures.push('did not start the first time');
    return session;
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-bench-'));
  symlinkSync(path.join(packageRoot, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  const load = os.loadavg()[0];
  const sessions: Session[][] = SUBJECTS.map(() => []);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, subject] of SUBJECTS.entries()) {
        console.error(`round ${round + 1} of ${ROUNDS}: ${subject.name}`);
        sessions[i].push(await measured(subject, folder));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const results = sessions.map(merge);
  const cpus = os.cpus();
  const { version } = require(path.join(tslab, 'package.json')) as { version: string };
  console.log(
    `${cpus[0]?.model.trim()}, ${cpus.length} cores, Node ${process.version}, tslab ${version}, load ${load.toFixed(2)}`,
  );
  console.log(
    `Milliseconds: minimum / median / 95th percentile over ${ROUNDS} rounds (of few values only the minimum)\n`,
  );
  for (const line of table(results)) console.log(line);
  for (const [i, { failures }] of results.entries()) {
    for (const failure of failures) console.log(`\n${SUBJECTS[i].name}: ${failure}`);
  }
  const out = path.join(packageRoot, 'runs', 'bench');
  mkdirSync(out, { recursive: true });
  const record = results.map((result, i) => ({ name: SUBJECTS[i].name, ...result }));
  writeFileSync(path.join(out, 'kernel.json'), JSON.stringify(record, null, 2));
}

runScript(main);
