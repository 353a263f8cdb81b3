// `modules('family')`: every family has the paper it is named after, and the AP published for its configs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listConfigs, modules } from '../../../src';
import { citation } from '../../../src/catalogue/module-catalogue';
import { packageRoot } from '../../../src/paths';

const table = modules('family');
const family = (name: string) => table.families.find((one) => one.name === name);

test('every config is of one family', () => {
  expect(table.families.flatMap(({ configs }) => configs).sort()).toEqual([...listConfigs().keys()].sort());
});

test('papers', () => {
  expect(table.families.filter(({ paper }) => !paper).map(({ name }) => name)).toEqual(['timm_example']);
  expect(family('atss')?.paper).toMatch(/^Zhang et al., Bridging the Gap .* CVPR 2020$/);
  expect(family('pafpn')?.paper).toMatch(/Path Aggregation Network/);
  expect(family('swin')?.paper).toMatch(/Swin Transformer/);
});

test('published AP is that of the configs', () => {
  const of = listConfigs('atss')
    .rows.filter((row) => row.family === 'atss')
    .flatMap(({ boxAP }) => boxAP ?? []);
  expect(of.length).toBeGreaterThan(1);
  expect(family('atss')).toMatchObject({ boxAP: [Math.min(...of), Math.max(...of)], maskAP: undefined });
  expect(family('mask_rcnn')?.maskAP).toBeDefined();
  expect(String(table)).toMatch(/^atss +Zhang et al., CVPR 2020 +2 +39\.4-41\.5$/m);
});

test.each([
  ['Ren et al., Faster R-CNN, NeurIPS 2015', 'Ren et al., NeurIPS 2015'],
  ['Cai and Vasconcelos, Cascade R-CNN, CVPR 2018', 'Cai and Vasconcelos, CVPR 2018'],
  ['Liu, Qi, Qin, Shi and Jia: Path Aggregation Network for Instance Segmentation, CVPR 2018', 'Liu et al., CVPR 2018'],
  ['Zhu, He and Savvides, Feature Selective Anchor-Free Module, CVPR 2019', 'Zhu et al., CVPR 2019'],
  ['Zhou et al., Objects as Points, 2019', 'Zhou et al., 2019'],
  ['Girshick, Fast R-CNN, ICCV 2015', 'Girshick, ICCV 2015'],
  ['Ge et al., YOLOX: Exceeding YOLO Series in 2021', 'Ge et al., 2021'],
])('%s', (paper, short) => expect(citation(paper)).toBe(short));

test('configs/README.md has the table', () => {
  const readme = readFileSync(join(packageRoot, 'configs', 'README.md'), 'utf8');
  // the formatter aligns its columns
  const unaligned = (text: string) => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---').replaceAll('\\`', '`');
  expect(unaligned(readme)).toContain(unaligned(table.toMarkdown()));
});
