// The views of an image: by a config's tta_pipeline against mmcv's TestTimeAug, and by words.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detector } from '../../../src';
import { type ConfigObject, loadConfig } from '../../../src/config';
import { buildPipeline, type PixelImage } from '../../../src/data';
import { catalogue } from '../../../src/lab/catalogue';
import { packed } from '../../../src/lab/prediction/packed';
import { type TestTimeAugmentation, testTimeViews } from '../../../src/lab/prediction/test-time-views';

interface GoldenView {
  imgShape: number[];
  scaleFactor: number[];
  flip: boolean;
  padParam: number[] | null;
  shape: number[];
  sum: number;
  column: number[];
}
const golden = JSON.parse(readFileSync(join(__dirname, '../../golden/test_time_augmentation.json'), 'utf8')) as {
  views: { config: string; views: GoldenView[] }[];
};

/** The formula image of test/golden/README.md. */
function formulaImage(width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      data[i++] = (3 * x + 5 * y) % 256;
      data[i++] = (Math.floor((x * x) / 7) + 11 * y) % 256;
      data[i++] = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 160 + ((x * y) % 96);
    }
  return { data, width, height, order: 'bgr' };
}

async function viewsOf(config: ConfigObject, tta: TestTimeAugmentation, image: PixelImage) {
  const { pipelines } = testTimeViews(config, tta, 'test');
  return Promise.all(pipelines.map(({ steps, path }) => packed(buildPipeline(steps, catalogue, path), image, 'a.png')));
}

describe('the views of a tta_pipeline', () => {
  it.each(golden.views.map((one) => [one.config, one.views] as const))("are mmcv's: %s", async (name, expected) => {
    const file = { retinanet_tta: 'retinanet', yolox_tta: 'yolox', rtmdet_tta: 'rtmdet', det_p5_tta: '_base_/mmyolo' }[
      name
    ];
    const { config } = await loadConfig(join(__dirname, `../../../configs/${file}/${name}.ts`));
    const views = await viewsOf(config, true, formulaImage(200, 120));
    expect(views).toHaveLength(expected.length);
    for (const [i, { image, meta }] of views.entries()) {
      const { imgShape, scaleFactor, flip, padParam, shape, sum, column } = expected[i];
      expect([image.height, image.width]).toEqual(shape.slice(1));
      expect(meta.imgShape).toEqual(imgShape);
      expect(meta.scaleFactor.map(Math.fround)).toEqual(scaleFactor);
      expect(meta.flip).toBe(flip);
      expect(meta.oriShape).toEqual([120, 200]);
      if (padParam) expect([...(meta.padParam ?? [])]).toEqual(padParam);
      const at = 3 * (5 * image.width + 3);
      expect([...image.data.subarray(at, at + 3)]).toEqual(column);
      expect((image.data as Uint8Array).reduce((total, v) => total + v, 0)).toBe(sum);
    }
  });

  it('are those of the config, not of its test pipeline, and are merged by its tta_model', async () => {
    const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
    const { config: tta } = await loadConfig(join(__dirname, '../../../configs/retinanet/retinanet_tta.ts'));
    expect(testTimeViews({ ...config, ...tta }, true, 'test').pipelines).toHaveLength(6);
    expect(testTimeViews({ ...config, ...tta }, true, 'test').merger.path).toBe('tta_model');
    const [plain, mirrored, ...others] = testTimeViews(config, true, 'test').pipelines;
    expect(others).toEqual([]);
    expect(mirrored.steps.filter((step) => !plain.steps.includes(step))).toMatchObject([
      { type: 'RandomFlip', prob: 1 },
    ]);
  });

  it('are refused where there are none', () => {
    const { config } = detector('retinanet_r50_fpn_1x_coco');
    const views = (tta_pipeline: ConfigObject[]) => () => testTimeViews({ ...config, tta_pipeline }, true, 'test');
    expect(views([{ type: 'LoadImageFromFile' }, { type: 'PackDetInputs' }])).toThrow(
      /expected a TestTimeAug as its last transform.*received LoadImageFromFile, PackDetInputs/,
    );
    expect(views([{ type: 'LoadImageFromFile' }, { type: 'TestTimeAug', transforms: [[]] }])).toThrow(
      /received \[\[\]\]/,
    );
  });
});

describe('views by words', () => {
  it.each([
    ['faster-rcnn_r50_fpn_1x_coco', [1333, 800], [1066, 640]],
    ['yolox_s_8xb8-300e_coco', [640, 640], [512, 512]],
    ['rtmdet_tiny_8xb32-300e_coco', [640, 640], [512, 512]],
    ['yolov8_s_syncbn_fast_8xb16-500e_coco', [640, 640], [512, 512]],
  ])('%s: scales follow the size of the test images, flips come first', async (name, [width, height], smaller) => {
    const image = formulaImage(2 * width, 2 * height);
    const views = await viewsOf(detector(name).config, ['flip', 0.8, 1], image);
    expect(views.map(({ meta }) => meta.flip)).toEqual([false, true, false, true]);
    const sizes = views.map((view) => [view.image.width, view.image.height]);
    expect(sizes.slice(0, 2)).toEqual([smaller, smaller]);
    expect(sizes.slice(2)).toEqual([
      [width, height],
      [width, height],
    ]);
  });

  it.each([
    [['flp', 1], /Cannot augment by "flp".*Did you mean "flip"/s],
    [[0], /Cannot augment by 0: expected true, or a list/],
    [[], /Cannot augment by "\[\]"/],
    [
      Array.from({ length: 40 }, (_, i) => 1 + i / 100)
        .concat([2])
        .flatMap((scale) => [scale, 'flip']),
      /at most 64 views/,
    ],
  ])('%j is refused', (words, message) => {
    const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
    expect(() => testTimeViews(config, words as TestTimeAugmentation, 'test')).toThrow(message);
  });

  it('a network of one size has no scales', () => {
    expect(() => testTimeViews(detector('ssd300_coco').config, [0.8], 'test')).toThrow(/SSD's anchors/);
  });
});
