// `detlab export [CONFIG] WEIGHTS FILE.onnx`.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector } from '../../src';
import { weightsBeside } from '../../src/lab/demo';
import { slowTest } from '../slow-cases';
import { bundled } from '../web/bundled';
import { detlab } from './detlab';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-export-'));
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  const model = await detector('yolov8_n_toytown').classes(['car', 'tree']).build({ seed: 0 });
  model.save(at('weights.safetensors'));
  model.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('writes the file and says how large it is', async () => {
  const sizes = ['--input', '64x96', '--dynamic', 'batch'];
  const { code, err, lines } = await detlab('export', at('weights.safetensors'), at('m.onnx'), ...sizes, '--json');
  expect([code, err]).toEqual([0, '']);
  expect(lines()[0]).toMatchObject({ event: 'exported', file: at('m.onnx') });
  const session = await ort.InferenceSession.create(at('m.onnx'), { logSeverityLevel: 3 });
  const [images] = session.inputMetadata;
  expect(images.isTensor && images.shape).toEqual(['batch', 3, 64, 96]);
  await session.release();
});

slowTest('a page that needs one names the folder beside it that has its weights', async () => {
  bundled();
  const large = await detector('faster-rcnn_r18_fpn_toytown').classes(['car']).build({ seed: 0 });
  large.save(at('large.safetensors'));
  large.dispose();
  const { code, out, err } = await detlab('export', at('large.safetensors'), at('large.html'));
  expect(code, err).toBe(0);
  expect(out).toMatch(/large\.html \(\d+\.\d MB\)\n\S+large-weights\/: its weights, which must stay beside the page/);
  expect(existsSync(path.join(at('large-weights'), 'part-1.js'))).toBe(true);
});

test('a folder of weights belongs to a page that loads from it alone', async () => {
  bundled();
  const model = await detector('yolov8_n_toytown').classes(['car', 'tree']).build({ seed: 0 });
  const page = model.demo().save(at('small #1.html'), { oneFile: 1000 });
  expect(weightsBeside(page)).toBe(at('small #1-weights'));
  model.dispose();
  const { lines } = await detlab('export', at('weights.safetensors'), page, '--force', '--json');
  expect(lines()).toEqual([{ event: 'exported', file: page, bytes: expect.any(Number) }]);
  expect(existsSync(at('small #1-weights'))).toBe(true);
});

test('an existing file is not overwritten without --force', async () => {
  writeFileSync(at('there.onnx'), 'earlier');
  const again = await detlab('export', at('weights.safetensors'), at('there.onnx'));
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('the file exists. Use --force to overwrite it')]);
  const forced = await detlab(
    'export',
    at('weights.safetensors'),
    at('there.onnx'),
    '--force',
    '--no-nms',
    '--input',
    '64x64',
  );
  expect([forced.code, forced.out]).toEqual([0, expect.stringMatching(/there\.onnx \(\d+\.\d MB\)/)]);
});

test.each([
  [[at('weights.safetensors')], 'expected [CONFIG] WEIGHTS FILE.onnx'],
  [[at('weights.safetensors'), at('m.pth')], 'expected [CONFIG] WEIGHTS FILE.onnx'],
  [[at('weights.safetensors'), at('n.onnx'), '--precision', 'float8'], "expected 'float32' or 'float16'"],
  [[at('weights.safetensors'), at('n.onnx'), '--dynamic', 'sizes'], 'Did you mean "size"?'],
  [[at('weights.safetensors'), at('n.onnx'), '--input', '50x50'], 'Cannot save'],
  [[at('none.safetensors'), at('n.onnx')], 'none.safetensors'],
])('refuses %o', async (given, message) => {
  const { code, err } = await detlab('export', ...given);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(at('n.onnx'))).toBe(false);
});
