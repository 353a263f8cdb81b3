// ffmpeg for the tests: the machine's where it is installed, else tests that need it are skipped with a notice; and programs that
// behave as one that fails.

import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const hasFfmpeg = ['ffmpeg', 'ffprobe'].every((name) => spawnSync(name, ['-version']).status === 0);
if (!hasFfmpeg) console.warn('ffmpeg is not installed: tests that need it are skipped');

/** A clip of moving bars, made by ffmpeg; returns its path. */
export function clip(file: string, { seconds = 2, rate = 10, size = '64x48', more = [] as string[] } = {}): string {
  const source = `testsrc=duration=${seconds}:size=${size}:rate=${rate}`;
  const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...more, file]);
  if (status !== 0) throw new Error(String(stderr));
  return file;
}

/** Writes programs `ffmpeg` and `ffprobe` of shell commands into a folder; returns the path for DETLAB_FFMPEG. */
export function fakeFfmpeg(folder: string, scripts: { ffmpeg: string; ffprobe?: string }): string {
  const probe = `echo '{"streams":[{"avg_frame_rate":"10/1","duration":"1.0"}],"format":{"format_name":"mov"}}'`;
  for (const [name, script] of Object.entries({ ffprobe: probe, ...scripts })) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return join(folder, 'ffmpeg');
}
