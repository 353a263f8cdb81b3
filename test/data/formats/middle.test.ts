// MMDetection's middle format, as JSON and as pickles.

import path from 'node:path';
import { expect, it } from 'vitest';
import { folderOf, opened } from './opened';

/** What Python's pickle writes of one image with a box and an ignored one, and of one without, protocols 2 and 4. */
const PICKLE_2 =
  'gAJdcQAofXEBKFgIAAAAZmlsZW5hbWVxAlgFAAAAYS5qcGdxA1gFAAAAd2lkdGhxBEtkWAYAAABoZWlnaHRxBUvIWAMAAABhbm5xBn1xByhYBgAAAGJib3hlc3EIY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEJY251bXB5Cm5kYXJyYXkKcQpLAIVxC2NfY29kZWNzCmVuY29kZQpxDFgBAAAAYnENWAYAAABsYXRpbjFxDoZxD1JxEIdxEVJxEihLAUsBSwSGcRNjbnVtcHkKZHR5cGUKcRRYAgAAAGY0cRWJiIdxFlJxFyhLA1gBAAAAPHEYTk5OSv////9K/////0sAdHEZYoloDFgSAAAAAAAgQQAAwqBBAADDtEEAACBCcRpoDoZxG1JxHHRxHWJYBgAAAGxhYmVsc3EeaAloCksAhXEfaBCHcSBScSEoSwFLAYVxImgUWAIAAABpOHEjiYiHcSRScSUoSwNoGE5OTkr/////Sv////9LAHRxJmKJaAxYCAAAAAEAAAAAAAAAcSdoDoZxKFJxKXRxKmJYDQAAAGJib3hlc19pZ25vcmVxK2gJaApLAIVxLGgQh3EtUnEuKEsBSwFLBIZxL2gXiWgMWBEAAAAAAMKAPwAAAEAAAEhCAABwQnEwaA6GcTFScTJ0cTNiWA0AAABsYWJlbHNfaWdub3JlcTRoCWgKSwCFcTVoEIdxNlJxNyhLAUsBhXE4aCWJaAxYCAAAAAAAAAAAAAAAcTloDoZxOlJxO3RxPGJ1dX1xPShoAlgFAAAAYi5qcGdxPmgES2RoBUvIaAZ9cT8oaAhoCWgKSwCFcUBoEIdxQVJxQihLAUsASwSGcUNoF4ljX19idWlsdGluX18KYnl0ZXMKcUQpUnFFdHFGYmgeaAloCksAhXFHaBCHcUhScUkoSwFLAIVxSmgliWhFdHFLYnV1ZS4='; // biome-ignore format: one file
const PICKLE_4 =
  'gASVAgIAAAAAAABdlCh9lCiMCGZpbGVuYW1llIwFYS5qcGeUjAV3aWR0aJRLZIwGaGVpZ2h0lEvIjANhbm6UfZQojAZiYm94ZXOUjBZudW1weS5fY29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFLAUsEhpRoDIwFZHR5cGWUk5SMAmY0lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGKJQxAAACBBAACgQQAA9EEAACBClHSUYowGbGFiZWxzlGgLaA5LAIWUaBCHlFKUKEsBSwGFlGgVjAJpOJSJiIeUUpQoSwNoGU5OTkr/////Sv////9LAHSUYolDCAEAAAAAAAAAlHSUYowNYmJveGVzX2lnbm9yZZRoC2gOSwCFlGgQh5RSlChLAUsBSwSGlGgYiUMQAACAPwAAAEAAAEhCAABwQpR0lGKMDWxhYmVsc19pZ25vcmWUaAtoDksAhZRoEIeUUpQoSwFLAYWUaCSJQwgAAAAAAAAAAJR0lGJ1dX2UKGgCjAViLmpwZ5RoBEtkaAVLyGgGfZQoaAhoC2gOSwCFlGgQh5RSlChLAUsASwSGlGgYiUMAlHSUYmgdaAtoDksAhZRoEIeUUpQoSwFLAIWUaCSJaD10lGJ1dWUu';

it.each([PICKLE_2, PICKLE_4])('the middle format: a pickle of NumPy arrays', async (base64) => {
  const folder = await folderOf({ 'train.pkl': Buffer.from(base64, 'base64') }, ['a.jpg', 'b.jpg']);
  const { boxes, notices } = await opened(folder);
  expect(boxes).toEqual({
    a: [
      ['1', 10, 20, 30.5, 40],
      ['0', 1, 2, 50, 60, 'ignored'],
    ],
    b: [],
  });
  expect(notices).toMatch(/the format names no classes/);
  const { classes } = await opened(path.join(folder, 'train.pkl'), 'auto', { classes: ['dog', 'cat'] });
  expect(classes).toEqual(['dog', 'cat']);
});

it("the middle format: JSON of mmengine's BaseDataset, and a pickle that is refused", async () => {
  const instances = [
    { bbox: [10, 20, 40, 60], bbox_label: 1, ignore_flag: 0, mask: [[10, 20, 40, 20, 40, 60]] },
    { bbox: [1, 2, 30, 40], bbox_label: 0, ignore_flag: 1 },
    { bbox: [1, 2, 30, 40], bbox_label: 5, ignore_flag: 0 },
  ];
  const json = {
    metainfo: { classes: ['dog', 'cat'] },
    data_list: [{ img_path: 'images/a.png', img_id: 4, width: 100, height: 200, instances }],
  };
  const { boxes, classes, problems } = await opened(
    await folderOf({ 'train.json': JSON.stringify(json) }, ['images/a.png']),
  );
  expect([boxes.a, classes]).toEqual([
    [
      ['cat', 10, 20, 40, 60, 'outline'],
      ['dog', 1, 2, 30, 40, 'ignored'],
    ],
    ['dog', 'cat'],
  ]);
  expect(problems).toEqual(['unknown-category train.json#1.3']);
  const hostile = await folderOf({ 'x.pkl': "cos\nsystem\n(S'filename ann'\ntR." });
  await expect(opened(hostile, 'middle')).rejects.toThrow(
    /Cannot read ".*x.pkl": it calls the Python function os.system/,
  );
});
