// Configs of a small student and its teacher, in a folder of their own.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** With small.py and large.py. */
export const folder = mkdtempSync(path.join(tmpdir(), 'distilled-'));
const retina = (depth: number) => `
model = dict(
    type='RetinaNet',
    backbone=dict(type='ResNet', depth=${depth}, base_channels=4),
    neck=dict(type='FPN', in_channels=[4, 8, 16, 32], out_channels=8, start_level=1, add_extra_convs='on_input', num_outs=5),
    bbox_head=dict(type='RetinaHead', num_classes=80, in_channels=8, feat_channels=8, stacked_convs=1),
    train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0)),
    test_cfg=dict(nms_pre=50, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=10))
data_preprocessor = dict(type='DetDataPreprocessor', mean=[1, 2, 3], std=[4, 5, 6], pad_size_divisor=32)
default_scope = 'mmdet'
`;
writeFileSync(path.join(folder, 'small.py'), retina(18));
writeFileSync(path.join(folder, 'large.py'), retina(34));
const recorders = "dict(fpn=dict(type='ModuleOutputs', source='neck'))";
/** A config whose teacher is named so; its student is small.py, as a package's. */
export const distilled = (teacher: string) => `
model = dict(
    _scope_='mmrazor',
    type='FpnTeacherDistill',
    architecture=dict(cfg_path='mmdet::${path.basename(folder)}/small.py', pretrained=False),
    teacher=dict(cfg_path='${teacher}'),
    distiller=dict(
        type='ConfigurableDistiller',
        student_recorders=${recorders},
        teacher_recorders=${recorders},
        distill_losses=dict(loss_pkd=dict(type='PKDLoss', loss_weight=6)),
        loss_forward_mappings=dict(loss_pkd=dict(
            preds_S=dict(from_student=True, recorder='fpn', data_idx=1),
            preds_T=dict(from_student=False, recorder='fpn', data_idx=1)))))
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True), dict(type='PackDetInputs')]))
val_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImageFromFile'), dict(type='PackDetInputs')]))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.001))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
`;
export const config = (name: string, text: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};
