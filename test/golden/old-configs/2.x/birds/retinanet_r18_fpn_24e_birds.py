# What a person wrote on top: fewer classes, another rate, twice the epochs, half precision, one more log.
_base_ = [
    '../_base_/models/retinanet_r18_fpn.py', '../_base_/datasets/birds.py',
    '../_base_/schedules/schedule_12e.py', '../_base_/default_runtime.py'
]
model = dict(bbox_head=dict(num_classes=3))
data = dict(
    samples_per_gpu=4,
    train=dict(
        _delete_=True,
        type='RepeatDataset',
        times=2,
        dataset=dict(
            type={{_base_.dataset_type}},
            classes={{_base_.classes}},
            ann_file='data/birds/annotations/train.json',
            img_prefix='data/birds/train/',
            filter_empty_gt=False,
            pipeline={{_base_.train_pipeline}})))
optimizer = dict(lr=0.005, paramwise_cfg=dict(norm_decay_mult=0.))
optimizer_config = dict(_delete_=True, grad_clip=dict(max_norm=35, norm_type=2))
lr_config = dict(step=[16, 22])
runner = dict(max_epochs=24)
fp16 = dict(loss_scale=512.)
evaluation = dict(interval=2, save_best='bbox_mAP', classwise=True)
checkpoint_config = dict(interval=2, max_keep_ckpts=3)
log_config = dict(
    interval=20, hooks=[dict(type='TextLoggerHook'), dict(type='TensorboardLoggerHook')])
load_from = 'checkpoints/retinanet_r18_fpn_1x_coco.pth'
