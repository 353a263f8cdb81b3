// `profile(f)` and its display: numbers, files, options, and what other engines say.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nn, Profile, profile, Random, startEngine } from '../../src';
import type { ChromeTrace } from '../../src/analysis/chrome-trace';
import { engineNotes } from '../../src/lab/profile';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { recordedProfile } from '../analysis/recorded-profile';

const folder = mkdtempSync(join(tmpdir(), 'detlab-profile-'));
beforeAll(async () => void (await startEngine({ engine: 'torch' })));
afterAll(() => rmSync(folder, { recursive: true }));

const subject = { name: '<tiny>', facts: { batch: 1, engine: 'torch' }, notes: ['A note'] };
const shown = () => new Profile(subject, { profile: { ...recordedProfile } as never, runs: 3, unrecorded: 45 });

describe('profile', () => {
  it('attributes the kernels of code to the modules of a model', async () => {
    const conv = new nn.Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 });
    conv.initWeights(Random.seeded(0));
    const x = tf.ones<tf.Rank.R4>([1, 16, 16, 3]);
    let runs = 0;
    const result = await profile(
      () => {
        runs++;
        tf.tidy(() => void conv.forward(x));
      },
      { model: conv, name: 'one convolution', repeats: 3 },
    );
    // a warm-up, then three with recording and three without
    expect([runs, result.run.runs]).toEqual([7, 3]);
    expect(result.kernels.find(({ name }) => name === 'detConv2d')).toMatchObject({ kind: 'call', calls: 1 });
    expect(result.modules.find(({ path }) => path === '')!.forward).toBeGreaterThan(0);
    expect(result.javascript).toBeLessThan(result.milliseconds);
    expect(result.unrecorded).toBeGreaterThan(0);
    expect(result.events.length).toBeGreaterThan(1);
    conv.dispose();
    x.dispose();
  });

  it('runs code once by default', async () => {
    let runs = 0;
    const result = await profile(async () => {
      runs++;
      await Promise.resolve();
      tf.ones([2]).dispose();
    });
    expect([runs, result.run.runs, result.unrecorded]).toEqual([1, 1, undefined]);
    expect(String(result)).not.toContain('Median');
  });

  it('refuses unknown options and wrong values', async () => {
    const code = () => 1;
    await expect(profile(code, { repeat: 3 } as never)).rejects.toThrow(
      'Cannot profile: unknown option "repeat"; expected model, name, repeats. Did you mean "repeats"?',
    );
    await expect(profile(code, { repeats: 0 })).rejects.toThrow(/repeats: expected int > 0, received the number 0/);
    await expect(profile(code, 3 as never)).rejects.toThrow(/expected options by name/);
    await expect(profile(code, { model: 3 as never })).rejects.toThrow(/model: expected a model, or a module of nn/);
    expect(() => shown().detailed({ row: 3 } as never)).toThrow(/unknown option "row".*"rows"/);
  });
});

describe('Profile', () => {
  it('shows tables with what was measured below', () => {
    const text = String(shown());
    expect(text).toContain('Profile: <tiny>');
    expect(text).toMatch(/kernels, forward +14\.00 +28\.0%/);
    expect(text).toMatch(/kernels, backward +16\.00 +32\.0%/);
    expect(text).toMatch(/kernels outside of the model +4\.00 +8\.0%/);
    expect(text).toMatch(/JavaScript +16\.00 +32\.0%/);
    expect(text).toContain('batch: 1, engine: torch\nMedian of 3 runs; 45.0 ms without recording\nA note');
    expect(text).toMatch(/ConvBackward +backward node +2 +16\.00 +32\.0% +8\.000/);
    expect(text).toMatch(/\u00a0\u00a0\u00a0\u00a0b\.conv +10\.00 +12\.00 +44\.0%/);
    expect(text).toMatch(/outside of the model +4\.00 +0\.00 +8\.0%/);
    expect(text).toMatch(/aten::to +1 +1\.00 +2\.0% +3\.00/);
    expect(text).toMatch(/Float +BFloat16 +1 +0\.00 +2\.00/);
    expect(text).toMatch(/BFloat16 +BFloat16 \(another layout or place\)/);
  });

  it('shows as many rows and as deep modules as asked for', () => {
    const short = String(shown().detailed({ rows: 1, depth: 1 }));
    expect(short).toMatch(/3 others +4 +18\.00 +36\.0%/);
    expect(short).not.toContain('b.conv');
  });

  it('escapes names in HTML, and has text and Markdown', async () => {
    const bundle = await shown()[JUPYTER_DISPLAY]();
    expect(bundle['text/html']).toContain('&lt;tiny&gt;');
    expect(bundle['text/html']).not.toContain('<tiny>');
    expect(bundle['text/plain']).toBe(String(shown()));
    expect(bundle['text/markdown']).toContain('| ConvBackward | backward node | 2 | 16.00 |');
  });

  it('saves a page, a table, text and a trace', async () => {
    const read = async (name: string) => readFileSync(await shown().save(join(folder, name)), 'utf8');
    expect(await read('profile.html')).toContain('<title>profile</title>');
    expect(await read('profile.txt')).toBe(`${shown()}\n`);
    const lines = (await read('profile.csv')).split('\r\n');
    expect(lines.slice(0, 4)).toEqual([
      'table,name,kind,calls,milliseconds,share',
      'total,,,,50,1',
      'javascript,,,,16,0.32',
      'kernel,ConvBackward,node,2,16,0.32',
    ]);
    expect(lines).toContain('copy,Float -> BFloat16,,1,2,0.04');
    const trace: ChromeTrace = JSON.parse(await read('trace.json'));
    expect(trace.traceEvents.filter(({ ph }) => ph === 'X')).toHaveLength(8 + 12);
    expect(trace.otherData).toEqual({ name: '<tiny>', batch: 1, engine: 'torch', milliseconds: 50 });
    await expect(shown().save('profile.png')).rejects.toThrow(
      'Cannot save profile as "profile.png": expected an extension of .html, .csv, .txt, .json, received .png',
    );
  });

  it('says what an engine does not record', () => {
    const notes = (name: string, device: string) => engineNotes({ name, device } as never);
    expect(notes('torch', 'cpu')).toEqual([]);
    expect(notes('torch', 'cuda:0')[0]).toMatch(/^On cuda:0, every call waits for its work/);
    expect(notes('wasm', 'cpu')[0]).toMatch(/kernels only: no operators/);
  });
});
