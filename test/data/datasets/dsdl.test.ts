// DSDLDetDataset reads what MMDetection's reads with the dsdl package (generate/dsdl_data.py); hostile files are named, by file and key.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { DATASETS } from '../../../src/data/datasets/list';
import { openFormat } from '../../../src/data/formats/open-format';
import type { Dataset } from '../../../src/data/types';
import { goldenJson } from '../../golden-data';
import { greyImages } from './cases';

interface Expected {
  config: Record<string, unknown> & { data_root: string };
  classes: string[];
  ancestors?: number[][];
  images: { objects: unknown[] }[];
}
const { files, pictures, cases } = goldenJson<{
  files: Record<string, string>;
  pictures: Record<string, [number, number]>;
  cases: Record<string, Expected>;
}>('dsdl_data');
const root = mkdtempSync(path.join(tmpdir(), 'detlab-dsdl-'));
afterAll(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
}
beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) write(name, text);
  await greyImages(root, pictures);
});

const load = (config: Record<string, unknown> & { data_root: string }): Promise<Dataset> => {
  const given = { type: 'DSDLDetDataset', ...config, data_root: path.join(root, config.data_root) } as ModuleConfig;
  return new Registry(DATASETS).build('dataset', given, { path: 'dataset' }).load();
};

const readBack = ({ records, classes }: Dataset) =>
  records
    .map(({ id, path: file, width, height, truths, segmentations, groups, fields }) => ({
      id,
      file: path.relative(root, file),
      size: [width, height],
      objects: Array.from(truths.labels, (label, k) => ({
        bbox: [...truths.bboxes.subarray(4 * k, 4 * k + 4)],
        name: classes[label],
        ignored: truths.ignored[k],
        group: groups?.[k] ?? 0,
        ...(segmentations?.[k] && { mask: segmentations[k] }),
      })),
      ...((fields?.image_level_labels as string[] | undefined)?.length && { verified: fields!.image_level_labels }),
    }))
    // MMDetection leaves images without boxes out, also of an evaluation
    .filter(({ objects }) => objects.length > 0);

test.each(Object.entries(cases))('%s', async (_, { config, classes, ancestors, images }) => {
  const data = await load(config);
  expect(data.classes).toEqual(classes);
  expect(data.ancestors).toEqual(ancestors);
  expect(readBack(data)).toEqual(images);
  expect(data.problems.filter(({ kind }) => kind !== 'small-image')).toEqual([]);
});

test('images without boxes are kept unless they are filtered', async () => {
  const { config } = cases.voc;
  expect((await load(config)).records.map(({ id }) => id)).toEqual([0, 1, 2]);
  expect((await load({ ...config, filter_cfg: { filter_empty_gt: true } })).records).toHaveLength(2);
});

test('a folder is recognised, with its splits, flags and polygons', async () => {
  const { train, val } = await openFormat(path.join(root, 'COCO2017'), 'auto', {});
  expect(train.notices!.join('\n')).toMatch(/opened as DSDL: "dsdl\/set-train\/train.yaml" has \$dsdl-version/);
  expect(train.notices!.join('\n')).toMatch(/\.\/annotations\/\*\/iscrowd marks crowds/);
  expect(readBack(train)[0]).toEqual(cases.coco.images[0]);
  expect(val).toBeUndefined();
  const voc = await openFormat(path.join(root, 'VOC07-det'), 'auto', { val: 'test' });
  expect([voc.train.records.length, voc.val!.records.length]).toEqual([3, 1]);
  expect(readBack(voc.train)).toEqual(cases.voc.images);
});

const HEAD = '$dsdl-version: "0.5"\nmeta: {}\n';
const DEFS = `defs:
  Dom: { $def: class_domain, classes: [cat, dog] }
  Box: { $def: struct, $params: [cdom], $fields: { bbox: BBox, label: 'Label[dom=$cdom]', hard: Bool } }
  Sample: { $def: struct, $params: [cdom], $fields: { image: Image, objects: 'List[etype=Box[cdom=$cdom]]' } }
`;
const hostile = (text: string, options = {}): Promise<Dataset> => {
  write('hostile/dsdl/x.yaml', text);
  return load({ data_root: 'hostile', ann_file: 'dsdl/x.yaml', ...options });
};
const data = (rest: string): string => `${HEAD}${DEFS}data:\n  sample-type: Sample[cdom=Dom]\n${rest}`;

test.each<[string, string, RegExp]>([
  ['no YAML', '$dsdl-version: [', /x\.yaml": line 1: /],
  ['no DSDL', 'names: [a]', /expected \$dsdl-version and data with sample-type, received the keys names/],
  [
    'an import that is absent',
    `${HEAD}$import: [classes]\ndata: { sample-type: S }`,
    /\$import "classes": there is neither/,
  ],
  [
    'an unknown struct',
    `${HEAD}${DEFS}data: { sample-type: 'Sampel[cdom=Dom]', samples: [] }`,
    /Sampel is not defined\. Did you mean "Sample"/,
  ],
  [
    'no type',
    `${HEAD}defs:\n  S: { $def: struct, $fields: { a: 'List[' } }\ndata: { sample-type: S }`,
    /S\.\$fields\.a: expected .*received "List\["/,
  ],
  [
    'a struct within itself',
    `${HEAD}defs:\n  S: { $def: struct, $fields: { a: 'List[etype=S]' } }\ndata: { sample-type: S, samples: [] }`,
    /contains itself \(S > S\)/,
  ],
  ['a kind of definition', `${HEAD}defs:\n  S: { $def: strukt }\ndata: { sample-type: S }`, /Did you mean "struct"/],
  [
    'a class twice',
    `${HEAD}defs:\n  D: { $def: class_domain, classes: [a, a] }\ndata: { sample-type: S }`,
    /D\.classes: "a" is in it twice/,
  ],
  ['samples that are absent', data('  sample-path: none.json'), /data\.sample-path: .*none\.json" does not exist/],
  [
    'aliases that multiply',
    `a: &a [x, x]\n${'bcdefghijklmnopqr'
      .split('')
      .map((n, i, all) => `${n}: &${n} [*${all[i - 1] ?? 'a'}, *${all[i - 1] ?? 'a'}]\n`)
      .join('')}`,
    /Excessive alias count/,
  ],
])('%s is refused', async (_, text, message) => {
  await expect(hostile(text)).rejects.toThrow(message);
});

test('bad samples are named and left out, the others are read', async () => {
  await greyImages(path.join(root, 'hostile'), { 'a.jpg': [40, 30] });
  const boxes = [
    '{ bbox: [1, 2, 10, 12], label: cat, hard: true }',
    '{ bbox: [1, 2, 10], label: cat }',
    '{ bbox: [1, 2, 10, 12], label: 3 }',
    '{ bbox: [1, 2, 10, 12] }',
    '{ bbox: [3, 4, 5, 6], label: 2 }',
    'x',
  ];
  const samples = [`{ image: a.jpg, objects: [${boxes.join(', ')}] }`, '{ objects: 3 }', '7'];
  const flags = { specific_key_path: { ignore_flag: './objects/*/hard' } };
  const read = await hostile(data(`  samples: [${samples.join(', ')}]`), flags);
  expect([...read.records[0].truths.labels]).toEqual([0, 1]);
  expect([...read.records[0].truths.ignored]).toEqual([1, 0]); // the second has no flag; MMDetection then drops the first one's, too
  const messages = read.problems.map(({ message }) => message.replaceAll(root, ''));
  expect(messages).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^Key data\/samples\/0\/objects\/1\/bbox of ".*x\.yaml" has a list of 3: expected four numbers/,
      ),
      expect.stringMatching(/objects\/2\/bbox .*label the number 3, of the 2 classes of Dom \(numbers are from 1\)/),
      expect.stringMatching(/objects\/3\/bbox .*has no label \.\/objects\/\*\/label/),
      expect.stringMatching(/objects\/5 of .* is no struct/),
      expect.stringMatching(/^Key data\/samples\/1 of .* has no value for its Image/),
      expect.stringMatching(/^Key data\/samples\/2 of .* is no sample/),
    ]),
  );
  const wrong = { specific_key_path: { ignore_flag: './objects/*/difficult' } };
  await expect(hostile(data('  samples: []'), wrong)).rejects.toThrow(
    /specific_key_path\.ignore_flag "\.\/objects\/\*\/difficult": the samples have no such field\..* Known: \.\/image/,
  );
});
