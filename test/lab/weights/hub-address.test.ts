// Names of weights: mmengine's and torchvision's own addresses, and what is near a name that there is not.

import { expect, test } from 'vitest';
import { detector, listConfigs } from '../../../src';
import { addressOf, isWeightsAddress, schemeOf, type WeightsAddress } from '../../../src/lab/weights/hub-address';

const TORCH = 'https://download.pytorch.org/models';
const MM = 'https://download.openmmlab.com';

test.each([
  ['torchvision://resnet50', `${TORCH}/resnet50-0676ba61.pth`],
  ['modelzoo://resnet50', `${TORCH}/resnet50-0676ba61.pth`],
  ['torchvision://resnet50.default', `${TORCH}/resnet50-11ad3fa6.pth`],
  ['torchvision://ResNet50_Weights.IMAGENET1K_V1', `${TORCH}/resnet50-0676ba61.pth`],
  ['open-mmlab://detectron2/resnet50_caffe', `${MM}/pretrain/third_party/resnet50_msra-5891d200.pth`],
  ['open-mmlab://resnet50_caffe', `${MM}/pretrain/third_party/resnet50_caffe-788b5fa3.pth`],
  ['openmmlab://msra/hrnetv2_w18', `${MM}/pretrain/third_party/hrnetv2_w18-00eb2006.pth`],
  [
    'mmcls://mobilenet_v2',
    `${MM}/mmclassification/v0/mobilenet_v2/mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth`,
  ],
  ['https://example.org/a.pth?x=1', 'https://example.org/a.pth?x=1'],
] as [WeightsAddress, string][])('%s', (name, address) => expect(addressOf(name)).toBe(address));

test.each([
  ['torchvision://resnet51', 'torchvision:// has no "resnet51". The nearest: torchvision://resnet50'],
  [
    'open-mmlab://resnet50',
    /The nearest: .*open-mmlab:\/\/detectron2?\/resnet50_caffe|torchvision:\/\/resnet50 is there/,
  ],
  ['mmcls://qqqqqqqqqqqqqqqqqqqqqqqqqqqq', 'It has 57, such as'],
  ['torchvision://constructor', 'has no "constructor"'],
  ['https://', 'it is no address'],
] as [WeightsAddress, string | RegExp][])('%s is not there', (name, message) => {
  expect(() => addressOf(name)).toThrow(message);
});

test('paths are no addresses', () => {
  for (const path of ['weights/a.pth', 'C://a.pth', 'a', './http:/a', '/https/a.pth'])
    expect([schemeOf(path), isWeightsAddress(path)]).toEqual([undefined, false]);
  expect([schemeOf('s3://bucket/a.pth'), isWeightsAddress('s3://bucket/a.pth')]).toEqual(['s3', false]);
});

test('every name in a shipped config is known', () => {
  const names = new Set<string>();
  for (const name of listConfigs().names) {
    const { model = null, load_from = null } = detector(name).config;
    JSON.stringify([model, load_from], (key, value) => {
      if (/^(checkpoint|load_from|pretrained)$/.test(key) && typeof value === 'string') names.add(value);
      return value;
    });
  }
  const addresses = [...names].filter((name) => schemeOf(name) !== undefined && !name.startsWith('toytown://'));
  expect(addresses.length).toBeGreaterThan(20);
  expect(addresses.filter((name) => !isWeightsAddress(name) || !addressOf(name).startsWith('https://'))).toEqual([]);
});
