// One set-up at a time: a file with the holder's pid, refreshed while it works. A lock whose holder is dead, or that
// was not refreshed for a minute (its pid may belong to another program by now), is taken over.

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

/** Runs `work` while holding the lock; waits, saying so once, while another set-up holds it. */
export async function withLock(log, work) {
  mkdirSync(state, { recursive: true });
  const path = join(state, 'lock');
  let told = false;
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
      if (!told) log(`another set-up (process ${other.pid}) is at work here: waiting for it`);
      told = true;
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
