"""The configs of zoo.py for rotated boxes; needs MMRotate, see mmrotate_reference.py."""
import mmrotate_reference  # noqa: F401
from zoo_yolo_families import rtm, rtm_train, test, wide, yolo

head = dict(rtm, type='RTMDetRotatedHead', head_module=dict(rtm['head_module'], type='RTMDetRotatedSepBNHeadModule'),
            bbox_coder=dict(type='DistanceAnglePointCoder', angle_version='le90'),
            loss_bbox=dict(type='mmrotate.RotatedIoULoss', mode='linear', loss_weight=2.0),
            angle_version='le90', angle_coder=dict(type='mmrotate.PseudoAngleCoder'))
train = dict(rtm_train, assigner=dict(rtm_train['assigner'], iou_calculator=dict(type='mmrotate.RBboxOverlaps2D'), batch_iou=False))
select = dict(test, decode_with_angle=True, score_thr=0.3, nms=dict(type='nms_rotated', iou_threshold=0.1))
parts = [dict(type='mmyolo.CSPNeXt'), dict(type='mmyolo.CSPNeXtPAFPN', in_channels=wide, out_channels=256, num_csp_blocks=3,
                                           norm_cfg=dict(type='BN'))]
apart = dict(head, use_hbbox_loss=True, loss_angle=dict(type='mmdet.L1Loss', loss_weight=0.2),
             bbox_coder=dict(type='DistancePointBBoxCoder'), loss_bbox=dict(type='mmdet.IoULoss', mode='linear', loss_weight=2.0))


def weights_by_angle(model):
    """MMYOLO weights the losses [n, 1] by qualities [n], which makes n x n of them."""
    forward = model.bbox_head.loss_angle.forward
    model.bbox_head.loss_angle.forward = lambda pred, target, weight, avg_factor: forward(pred, target, weight[:, None], avg_factor)


far, rules = [[r'rtm_reg\..*bias$', 2.5]], [(r'rtm_cls.*weight$', 4.0), (r'rtm_ang.*weight$', 2.0)]
given = dict(constants=far, rules=rules, angles=[-0.5, 0.7, 0.2])
ROTATED_FAMILIES = dict(
    rtmdet_r=dict(rotated=dict(model=yolo(*parts, head, train, test=select), **given)),
    rtmdet_r_slow=dict(apart=dict(model=yolo(*parts, apart, train, test=dict(select, decode_with_angle=False)), prepare=weights_by_angle, **given)),
)
