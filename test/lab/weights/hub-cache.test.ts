// Names and folders of the cache: torch's, and never outside of them.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fileNameOf, hashIn } from '../../../src/lab/weights/hub-cache';
import { cacheFolder } from '../../../src/paths';

afterEach(() => void vi.unstubAllEnvs());

test.each([
  ['/data/torch', '', '/data/torch/hub/checkpoints'],
  ['~/torch', '/cache', join(homedir(), 'torch/hub/checkpoints')],
  ['', '/cache', '/cache/torch/hub/checkpoints'],
  ['', '', join(homedir(), '.cache/torch/hub/checkpoints')],
])('TORCH_HOME=%s XDG_CACHE_HOME=%s', (home, cache, expected) => {
  vi.stubEnv('TORCH_HOME', home);
  vi.stubEnv('XDG_CACHE_HOME', cache);
  expect(cacheFolder()).toBe(expected);
});

test.each([
  ['https://example.org/a/resnet50-0676ba61.pth?download=true#x', 'resnet50-0676ba61.pth'],
  ['https://example.org/a/..%2f..%2fetc%2fpasswd', '..%2f..%2fetc%2fpasswd'],
  ['https://example.org/..\\..\\b.pth', 'b.pth'],
  ['https://example.org/a:b*c.pth', 'a_b_c.pth'],
  ['https://example.org/download?id=3', 'download'],
])('%s is the file %s', (address, name) => expect(fileNameOf(address)).toBe(name));

test.each([
  'https://example.org',
  'https://example.org/a/',
  'https://example.org/a/..',
  `https://e.org/${'a'.repeat(201)}`,
])('%s is no file', (address) => expect(() => fileNameOf(address)).toThrow('expected the address of a file'));

test.each([
  ['resnet50-0676ba61.pth', '0676ba61'],
  ['faster_rcnn_r50_fpn_1x_coco_20200130-047c8118.pth', '047c8118'],
  ['resnest269_imagenet_converted-59930960.pth', '59930960'],
  ['model-20240131.pth', undefined],
  ['model-0676ba6.pth', undefined],
  ['model.pth', undefined],
])('the hash in %s is %s', (name, hash) => expect(hashIn(name)).toBe(hash));
