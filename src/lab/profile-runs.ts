// Profiles code several times and keeps the median run; alternately without recording, for what the recording costs.

import { engine } from '../engine';
import type { ProfiledModules } from '../engine/profile';
import type { EngineProfile } from '../engine/profile-events';

export interface MedianRun {
  profile: EngineProfile;
  /** Median milliseconds without recording; undefined where the code ran only once. */
  unrecorded?: number;
  /** Number of recorded runs. */
  runs: number;
}

export interface RunsOptions {
  modules: ProfiledModules;
  /** Recorded runs. */
  repeats: number;
  /** Runs before, which are not counted. */
  warmUps: number;
  onProgress?: (done: number, total: number) => void;
}

/** The lower of the two in the middle, of an even number. */
const medianOf = <T>(values: readonly T[], by: (value: T) => number): T =>
  [...values].sort((a, b) => by(a) - by(b))[(values.length - 1) >> 1];

export async function medianRun(f: () => unknown, options: RunsOptions): Promise<MedianRun> {
  const { modules, repeats, warmUps, onProgress } = options;
  const paths = [...modules];
  const plain = repeats > 1 || warmUps > 0;
  const total = warmUps + repeats * (plain ? 2 : 1);
  let done = 0;
  const counted = () => onProgress?.(++done, total);
  for (let i = 0; i < warmUps; i++) {
    await f();
    counted();
  }
  const profiles: EngineProfile[] = [];
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    if (plain) {
      const start = performance.now();
      await f();
      times.push(performance.now() - start);
      counted();
    }
    const { profile } = await engine().profile(f, paths);
    profiles.push(profile);
    counted();
  }
  return {
    profile: medianOf(profiles, ({ milliseconds }) => milliseconds),
    ...(plain && { unrecorded: medianOf(times, (time) => time) }),
    runs: repeats,
  };
}
