// Serialises set-ups by a lock file with the holder's pid, refreshed while it runs. A lock is stale, and removed, when its
// holder is dead or has not refreshed it for a minute (its pid may then belong to another program).

import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { state } from './paths.mjs';

const REFRESH_MS = 5_000;
const STALE_MS = 60_000;

function holder(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    const age = Date.now() - statSync(path).mtimeMs;
    if (!pid) return age < 2_000 ? { pid: 0 } : undefined; // created, pid not yet written
    if (age > STALE_MS) return undefined;
    process.kill(pid, 0);
    return { pid };
  } catch (error) {
    return error.code === 'EPERM' ? { pid: 0 } : undefined;
  }
}

/** Runs `work` holding the lock; waits, with one message, while another set-up holds it. */
export async function withLock(log, work) {
  mkdirSync(state, { recursive: true });
  const path = join(state, 'lock');
  let reported = false;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      await sleep(20); // two processes may have removed the same stale lock: the later writer is the holder
      if (readFileSync(path, 'utf8') === String(process.pid)) break;
    } catch (error) {
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
    }
    const other = holder(path);
    if (!other) rmSync(path, { force: true });
    else {
      if (!reported) log(`waiting for another set-up (process ${other.pid})`);
      reported = true;
      await sleep(500);
    }
  }
  const refresh = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {}
  }, REFRESH_MS);
  refresh.unref();
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    process.removeListener('exit', release);
    release();
  }
}
