// Predictions of the frames of a video: an array, displayed as a player, saved with its boxes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PredictionList } from '../../src/lab/prediction-list';
import { Predictions } from '../../src/lab/predictions';
import { VideoPredictions } from '../../src/lab/video-predictions';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { clip, hasFfmpeg } from '../ffmpeg';

const root = mkdtempSync(join(tmpdir(), 'detlab-video-'));
const classes = ['car', 'person'];
const outcome = { skipped: [], stopped: true, total: 40, notices: [] };
let file: string;
let video: VideoPredictions;
const dataOf = (html: unknown) => JSON.parse(/<script type="application\/json">(.*)<\/script>/.exec(String(html))![1]);
const again = async (): Promise<never> => {
  throw new Error('frames of a file are read in one go');
};

beforeAll(() => {
  file = hasFfmpeg ? clip(join(root, 'clip.mp4')) : 'clip.mp4';
  const all = Array.from({ length: 20 }, (_, i) => {
    const detections = {
      bboxes: new Float32Array([i, 5, i + 20, 30, 0, 0, 9, 9]),
      scores: new Float32Array([i / 20, 0.1]),
      labels: new Int32Array([0, 1]),
    };
    return Predictions.create(
      `clip.mp4#${i}`,
      { width: 64, height: 48, again },
      detections,
      classes,
      {},
      { time: i / 10 },
    );
  });
  video = VideoPredictions.create(all, classes, { file, fps: 10 }, { threshold: 0.5 }, outcome);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an array of the frames; chosen ones are a gallery', () => {
  expect([video.length, video.map((p) => p.length).length, video.stopped]).toEqual([20, 20, true]);
  expect(video.frames((found) => found[0].score > 0.9)).toBeInstanceOf(PredictionList);
  expect(video.frames((_, frame) => frame > 17)).toHaveLength(2);
  expect(video.toString()).toContain('20 frames, boxes with a score of at least 0.5\nstopped after 20 of 40 frames');
  expect(() => video.show({ sideBySide: true })).toThrow('sideBySide: expected an evaluation');
});

test('tables of all frames', async () => {
  const csv = readFileSync(await video.save(join(root, 'a.csv')), 'utf8')
    .trim()
    .split('\r\n');
  expect([csv.length, csv[3]]).toEqual([41, `clip.mp4#1,car,${Math.fround(0.05)},1,5,21,30,,,`]);
  const lines = readFileSync(await video.save(join(root, 'a.jsonl')), 'utf8')
    .trim()
    .split('\n');
  expect(JSON.parse(lines[7])).toMatchObject({ source: 'clip.mp4#7', time: 0.7 });
  await expect(video.save(join(root, 'a.gif'))).rejects.toThrow(/Cannot save .*clip\.mp4 as ".*a\.gif".*\.mp4, \.webm/);
});

describe.skipIf(!hasFfmpeg)('with ffmpeg', () => {
  test('a player: frames once as JPEG, boxes as data', async () => {
    const bundle = await video[JUPYTER_DISPLAY]();
    expect(Object.keys(bundle)).toEqual(['text/html', 'image/png', 'text/plain']);
    const { frames, view, note } = dataOf(bundle['text/html']);
    expect(frames.map(({ number }: { number: number }) => number)).toEqual([...Array(20).keys()]);
    expect(frames[7]).toMatchObject({
      time: 0.7,
      width: 64,
      height: 48,
      boxes: [[7, 5, 27, 30, 0, 0.35], expect.anything()],
    });
    expect((await sharp(Buffer.from(frames[7].jpeg, 'base64')).metadata()).width).toBe(64);
    expect([view.threshold, note]).toEqual([0.5, 'stopped after 20 of 40 frames']);
    // without scripts: the frame with the most boxes
    expect(String(bundle['text/html'])).toContain('clip.mp4: frame 10 of 20, 1.00 s');
    const few = dataOf(await video.show({ limit: 7, threshold: 0.9 }).html());
    expect(few.frames.map(({ number }: { number: number }) => number)).toEqual([0, 3, 6, 9, 12, 15, 18]);
    expect(few.note).toContain('one of every 3 frames is shown, 7 of 20');
  });

  test('the video with its boxes', async () => {
    const target = await video.save(join(root, 'out', 'detected.mp4'), { threshold: 0.2 });
    const count = ['-count_frames', '-show_entries', 'stream=nb_read_frames,avg_frame_rate', '-of', 'csv=p=0'];
    expect(String(execFileSync('ffprobe', ['-v', 'error', ...count, target])).trim()).toBe('10/1,20');
    expect(readdirSync(join(root, 'out'))).toEqual(['detected.mp4']);
    expect((await sharp(await video.save(join(root, 'sheet.png'))).metadata()).format).toBe('png');
  });
});

test('frames that cannot be read a second time are read one by one', async () => {
  const image = { data: new Uint8Array(3 * 8 * 8), width: 8, height: 8, order: 'rgb' as const };
  const detections = {
    bboxes: new Float32Array([1, 1, 5, 5]),
    scores: new Float32Array([0.9]),
    labels: new Int32Array([0]),
  };
  const all = [3, 9].map((i) =>
    Predictions.create(
      `camera:0#${i}`,
      { width: 8, height: 8, again: async () => image },
      detections,
      classes,
      {},
      { time: i },
    ),
  );
  const live = VideoPredictions.create(
    all,
    classes,
    { fps: 1 },
    {},
    { ...outcome, skipped: [{ name: 'camera:0#4', message: 'Cannot <i>read</i>' }] },
  );
  const html = await live.show().html();
  expect(dataOf(html).frames.map(({ time }: { time: number }) => time)).toEqual([3, 9]);
  expect(html).toContain('Cannot &lt;i&gt;read&lt;/i&gt;');
  expect(html).not.toContain('<i>read');
});

test('no frames', async () => {
  const none = VideoPredictions.create([], classes, { fps: 1 }, {}, outcome);
  expect(Object.keys(await none[JUPYTER_DISPLAY]())).toContain('text/html');
  await expect(none.save(join(root, 'none.mp4'))).rejects.toThrow('there are no frames');
});
