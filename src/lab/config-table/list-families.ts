// The families of the built-in configs: the paper of each, how many configs it has, and the AP that MMDetection and MMYOLO publish for
// them. A family is a folder of configs, named after a detector, a backbone, a neck or what it changes.

import { citation } from '../../catalogue/module-catalogue';
import type { Kind, Registry } from '../../catalogue/registry';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../../visualization/display';
import { type Table, tableHtml, tableMarkdown, tableText } from '../../visualization/table';
import type { ConfigRow } from './config-table';
import { listConfigs } from './list-configs';

/** A family of configs, with its paper and the range of its published results. */
export interface Family {
  name: string;
  paper?: string;
  /** Names of its configs. */
  configs: readonly string[];
  /** Least and largest published AP on COCO val2017 in percent. */
  boxAP?: readonly [number, number];
  maskAP?: readonly [number, number];
}

/** The module whose paper is that of a family, where their names differ. */
const MODULES: Readonly<Record<string, readonly [Kind, string]>> = {
  carafe: ['neck', 'FPN_CARAFE'],
  cascade_rpn: ['dense_head', 'CascadeRPNHead'],
  centripetalnet: ['dense_head', 'CentripetalHead'],
  cityscapes: ['dataset', 'CityscapesDataset'],
  ddq: ['detector', 'DDQDETR'],
  detectors: ['backbone', 'DetectoRS_ResNet'],
  distillation: ['loss', 'ChannelWiseDivergence'],
  double_heads: ['roi_head', 'DoubleHeadRoIHead'],
  dynamic_rcnn: ['roi_head', 'DynamicRoIHead'],
  foveabox: ['detector', 'FOVEA'],
  free_anchor: ['dense_head', 'FreeAnchorRetinaHead'],
  ghm: ['loss', 'GHMC'],
  guided_anchoring: ['dense_head', 'GARetinaHead'],
  htc: ['detector', 'HybridTaskCascade'],
  'legacy_1.x': ['detector', 'RetinaNet'],
  ld: ['detector', 'KnowledgeDistillationSingleStageDetector'],
  libra_rcnn: ['neck', 'BFP'],
  mask2former_vis: ['detector', 'Mask2FormerVideo'],
  ms_rcnn: ['detector', 'MaskScoringRCNN'],
  objects365: ['dataset', 'Objects365V1Dataset'],
  pisa: ['roi_head', 'PISARoIHead'],
  pose: ['dense_head', 'YOLOXPoseHead'],
  ppyoloe: ['backbone', 'PPYOLOECSPResNet'],
  pvt: ['backbone', 'PyramidVisionTransformer'],
  reppoints: ['detector', 'RepPointsDetector'],
  rotated: ['detector', 'RTMDet'],
  sabl: ['dense_head', 'SABLRetinaHead'],
  ssd: ['dense_head', 'SSDHead'],
  swin: ['backbone', 'SwinTransformer'],
  tridentnet: ['detector', 'TridentFasterRCNN'],
  yolo: ['detector', 'YOLOV3'],
  yolov5: ['dense_head', 'YOLOv5Head'],
  yolov6: ['dense_head', 'YOLOv6Head'],
  yolov7: ['dense_head', 'YOLOv7Head'],
  yolov8: ['dense_head', 'YOLOv8Head'],
};

/** Of what is no module of its own: layers, plugins, weights to start from, data. */
const PAPERS: Readonly<Record<string, string>> = {
  dcn: 'Dai et al., Deformable Convolutional Networks, ICCV 2017',
  dcnv2: 'Zhu et al., Deformable ConvNets v2: More Deformable, Better Results, CVPR 2019',
  empirical_attention: 'Zhu et al., An Empirical Study of Spatial Attention Mechanisms in Deep Networks, ICCV 2019',
  gcnet: 'Cao et al., GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond, ICCVW 2019',
  gn: 'Wu and He, Group Normalization, ECCV 2018',
  'gn+ws': 'Qiao et al., Micro-Batch Training with Batch-Channel Normalization and Weight Standardization, 2019',
  pascal_voc: 'Everingham et al., The PASCAL Visual Object Classes (VOC) Challenge, IJCV 2010',
  reid: 'Luo et al., Bag of Tricks and A Strong Baseline for Deep Person Re-identification, CVPRW 2019',
  resnet_strikes_back: 'Wightman, Touvron and Jegou, ResNet Strikes Back, 2021',
  scratch: 'He, Girshick and Dollar, Rethinking ImageNet Pre-training, ICCV 2019',
  selfsup_pretrain: 'He et al., MoCo, CVPR 2020; Caron et al., SwAV, NeurIPS 2020',
  sort: 'Bewley et al., Simple Online and Realtime Tracking, ICIP 2016',
};

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

function paperOf(family: string, registry: Registry, papers: ReadonlyMap<string, string>): string | undefined {
  const folder = family.slice(family.lastIndexOf('/') + 1);
  const given = MODULES[folder];
  return PAPERS[folder] ?? (given ? registry.find(...given)?.paper : papers.get(plain(folder)));
}

function rangeOf(rows: readonly ConfigRow[], key: 'boxAP' | 'maskAP'): readonly [number, number] | undefined {
  const values = rows.flatMap((row) => row[key] ?? []);
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : undefined;
}

/** The families in the order of their names. */
export function listFamilies(registry: Registry): FamilyTable {
  const papers = new Map<string, string>();
  for (const { type, paper } of registry.all()) if (paper && !papers.has(plain(type))) papers.set(plain(type), paper);
  const byFamily = new Map<string, ConfigRow[]>();
  for (const row of listConfigs().rows) {
    const known = byFamily.get(row.family);
    if (known) known.push(row);
    else byFamily.set(row.family, [row]);
  }
  const sorted = [...byFamily].sort(([a], [b]) => (a < b ? -1 : 1));
  return new FamilyTable(
    sorted.map(([name, rows]) => ({
      name,
      paper: paperOf(name, registry, papers),
      configs: rows.map((row) => row.name),
      boxAP: rangeOf(rows, 'boxAP'),
      maskAP: rangeOf(rows, 'maskAP'),
    })),
  );
}

/** Whether a kind of `modules` means the families. */
export const isFamilyKind = (kind: unknown): boolean => kind === 'family' || kind === 'families';

/** `36.4-41.5`, or one number; empty where nothing is published. */
const rangeText = (range?: readonly [number, number]): string =>
  range === undefined ? '' : [...new Set(range.map((value) => value.toFixed(1)))].join('-');

/** What `modules('family')` gives: a table of the families. */
export class FamilyTable implements Displayable {
  constructor(readonly families: readonly Family[]) {}

  private get table(): Table {
    return {
      title: `${this.families.length} families of configs`,
      columns: ['family', 'paper', 'configs', 'box AP', 'mask AP'].map((title, i) => ({
        title,
        align: i < 2 ? 'left' : 'right',
      })),
      rows: this.families.map(({ name, paper = '', configs, boxAP, maskAP }) => [
        name,
        paper,
        String(configs.length),
        rangeText(boxAP),
        rangeText(maskAP),
      ]),
      note:
        'AP on COCO val2017 in percent, least and largest of those that MMDetection and MMYOLO publish for these configs. ' +
        "listConfigs('atss') or `detlab configs atss`: the configs of a family",
    };
  }

  /** Papers without their titles, for a terminal. */
  toString(): string {
    const { rows, ...table } = this.table;
    return tableText({ ...table, rows: rows.map(([name, paper, ...rest]) => [name, citation(paper), ...rest]) });
  }

  toHtml(): string {
    return `<div style="max-height:32em;overflow:auto">${tableHtml(this.table)}</div>`;
  }

  toMarkdown(): string {
    return tableMarkdown(this.table);
  }

  toJSON(): readonly Family[] {
    return this.families;
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return { 'text/html': this.toHtml(), 'text/markdown': this.toMarkdown(), 'text/plain': this.toString() };
  }
}
