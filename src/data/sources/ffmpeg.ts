// The user's ffmpeg, which reads and writes videos: found by DETLAB_FFMPEG or on the PATH, run without a shell, ended with the
// work that needs it.

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { DetLabError } from '../../errors';

export type FfmpegProgram = 'ffmpeg' | 'ffprobe';

/** Of what a program says, the end: an error is the last line. */
const KEPT_TEXT = 8192;

/** DETLAB_FFMPEG is the path of ffmpeg; ffprobe is beside it. */
export function programPath(program: FfmpegProgram): string {
  const setting = process.env.DETLAB_FFMPEG;
  if (!setting) return program;
  const extension = /\.exe$/i.test(setting) ? '.exe' : '';
  return program === 'ffmpeg' ? setting : path.join(path.dirname(setting), `ffprobe${extension}`);
}

export interface RunningProgram {
  child: ChildProcess;
  /** Resolves when it has ended well; otherwise an error with its last words. */
  done: Promise<void>;
  /** What it has said on stderr, the last part. */
  said(): string;
  kill(): void;
}

/**
 * Starts a program; `what` says in errors what could not be done.
 * @throws DetLabError (of `done`) when it is not installed, with how to install it
 */
export function startProgram(program: FfmpegProgram, args: readonly string[], what: string): RunningProgram {
  const child = spawn(programPath(program), args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text = (text + chunk).slice(-KEPT_TEXT);
  });
  // a program that ends early closes its input, which its exit code explains
  child.stdin.on('error', () => {});
  let isKilled = false;
  const done = new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(startError(program, error, what)));
    child.on('close', (code, signal) => {
      if (code === 0 || isKilled) resolve();
      else reject(new DetLabError(`Cannot ${what}: ${lastLine(text) || `${program} ended with ${code ?? signal}`}`));
    });
  });
  done.catch(() => {}); // whoever waits for it gets it
  return {
    child,
    done,
    said: () => text,
    kill() {
      isKilled = true;
      child.kill('SIGKILL');
    },
  };
}

function startError(program: FfmpegProgram, error: NodeJS.ErrnoException, what: string): DetLabError {
  const file = programPath(program);
  if (error.code !== 'ENOENT') return new DetLabError(`Cannot ${what}: "${file}" does not start: ${error.message}`);
  return new DetLabError(
    process.env.DETLAB_FFMPEG
      ? `Cannot ${what}: there is no "${file}"; DETLAB_FFMPEG must be the path of ffmpeg, with ffprobe beside it`
      : `Cannot ${what}: ${program} is not installed. Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ` +
          'ffmpeg; Windows: winget install ffmpeg), or set DETLAB_FFMPEG to its path',
  );
}

/** Without ffmpeg's `[mov,mp4 @ 0x55d]` and without a backtrace. */
export function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.replace(/^(\[[^\]]*\]\s*)+/, '').trim());
  return lines.filter((line) => line !== '').at(-1) ?? '';
}

/** Runs a program to its end. @returns what it wrote to stdout */
export async function runProgram(
  program: FfmpegProgram,
  args: readonly string[],
  what: string,
  timeout = 60_000,
): Promise<string> {
  const { child, done, kill } = startProgram(program, args, what);
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeout);
  try {
    await done;
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw new DetLabError(`Cannot ${what}: ${program} gave no answer within ${timeout / 1000} seconds`);
  return text;
}
