"""RT-DETR (Zhao et al., CVPR 2024) by its formulas, as modules that MMDetection builds, on the parts of its DINO that are the same; names
are those of the ports to MMDetection. zoo.py runs it whole. Needs mmdet 3.3.0, mmcv 2.1.0."""
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads import DINOHead
from mmdet.models.detectors.deformable_detr import DeformableDETR
from mmdet.models.detectors.dino import DINO
from mmdet.models.losses import VarifocalLoss
from mmdet.models.layers.transformer import DinoTransformerDecoder
from mmdet.models.layers.transformer.detr_layers import DetrTransformerEncoder
from mmdet.models.layers.transformer.utils import MLP, inverse_sigmoid
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy, bbox_overlaps
from torch import nn

BN, SILU = dict(type='BN'), dict(type='SiLU')


class RepBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        for name, k in (('branch_3x3', 3), ('branch_1x1', 1)):
            branch = nn.Sequential()
            branch.add_module('conv', nn.Conv2d(channels, channels, k, padding=k // 2, bias=False))
            branch.add_module('norm', nn.BatchNorm2d(channels))
            self.add_module(name, branch)

    def forward(self, x):
        return F.silu(self.branch_3x3(x) + self.branch_1x1(x))


class Fusion(nn.Module):
    def __init__(self, channels, expansion, blocks):
        super().__init__()
        hidden = int(channels * expansion)
        self.conv1, self.conv2 = (ConvModule(2 * channels, hidden, 1, norm_cfg=BN, act_cfg=SILU) for _ in range(2))
        self.bottlenecks = nn.Sequential(*[RepBlock(hidden) for _ in range(blocks)])
        self.conv3 = ConvModule(hidden, channels, 1, norm_cfg=BN, act_cfg=SILU) if hidden != channels else nn.Identity()

    def forward(self, *maps):
        x = torch.cat(maps, 1)
        return self.conv3(self.bottlenecks(self.conv1(x)) + self.conv2(x))


@MODELS.register_module()
class HybridEncoder(nn.Module):
    def __init__(self, layer_cfg, projector, in_channels, hidden_dim, use_encoder_idx, num_encoder_layers=1, expansion=1.0, depth_mult=1.0):
        super().__init__()
        n, c = len(in_channels), hidden_dim
        self.use_encoder_idx, self.dim = use_encoder_idx, c
        self.input_proj = nn.ModuleList(ConvModule(i, c, 1, norm_cfg=BN, act_cfg=None) for i in in_channels)
        self.encoder = nn.ModuleList(DetrTransformerEncoder(num_encoder_layers, layer_cfg) for _ in use_encoder_idx)
        blocks = round(3 * depth_mult)
        self.lateral_convs = nn.ModuleList(ConvModule(c, c, 1, norm_cfg=BN, act_cfg=SILU) for _ in range(n - 1))
        self.fpn_blocks = nn.ModuleList(Fusion(c, expansion, blocks) for _ in range(n - 1))
        self.downsample_convs = nn.ModuleList(ConvModule(c, c, 3, 2, 1, norm_cfg=BN, act_cfg=SILU) for _ in range(n - 1))
        self.pan_blocks = nn.ModuleList(Fusion(c, expansion, blocks) for _ in range(n - 1))
        self.projector = MODELS.build(projector)

    def positions(self, h, w):
        waves = 1 / 10000 ** (torch.arange(self.dim // 4) / (self.dim // 4))
        rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
        angles = [(axis.flatten()[:, None] * waves) for axis in (rows, columns)]
        return torch.cat([f(a) for a in angles for f in (torch.sin, torch.cos)], 1)[None]

    def forward(self, inputs):
        x = [project(i) for project, i in zip(self.input_proj, inputs)]
        for encoder, i in zip(self.encoder, self.use_encoder_idx):
            n, c, h, w = x[i].shape
            memory = encoder(x[i].flatten(2).transpose(1, 2), query_pos=self.positions(h, w), key_padding_mask=None)
            x[i] = memory.transpose(1, 2).reshape(n, c, h, w)
        inner = [x[-1]]
        for lateral, fusion, low in zip(self.lateral_convs, self.fpn_blocks, x[-2::-1]):
            inner[0] = lateral(inner[0])
            inner.insert(0, fusion(F.interpolate(inner[0], scale_factor=2, mode='nearest'), low))
        outs = [inner[0]]
        for down, fusion, high in zip(self.downsample_convs, self.pan_blocks, inner[1:]):
            outs.append(fusion(down(outs[-1]), high))
        return self.projector(outs)


class Decoder(DinoTransformerDecoder):
    def _init_layers(self):
        super()._init_layers()
        self.ref_point_head = MLP(4, self.embed_dims * 2, self.embed_dims, 2)
        del self.norm

    def forward(self, query, value, key_padding_mask, self_attn_mask, reference_points, spatial_shapes, level_start_index, valid_ratios,
                reg_branches, **_):
        states, references, current = [], [reference_points], reference_points
        for i, layer in enumerate(self.layers):
            query = layer(query, query_pos=self.ref_point_head(current), value=value, key_padding_mask=key_padding_mask,
                          self_attn_mask=self_attn_mask, spatial_shapes=spatial_shapes, level_start_index=level_start_index,
                          valid_ratios=valid_ratios, reference_points=current[:, :, None])
            refined = (reg_branches[i](query) + inverse_sigmoid(current, eps=1e-5)).sigmoid()
            states.append(query)
            references.append(refined)
            current = refined.detach()
        return torch.stack(states), torch.stack(references)


@MODELS.register_module()
class RTDETRVarifocalLoss(VarifocalLoss):
    """For its name: RTDETRHead has the formula."""


@MODELS.register_module()
class RTDETRHead(DINOHead):
    """Its loss is the formula of the published one: loss_cls is not read but for its numbers."""

    def loss_cls_of(self, scores, labels, targets, predicted, positives):
        # scores [n, K]; the IoU of each matched box
        iou = bbox_overlaps(bbox_cxcywh_to_xyxy(predicted.detach()), bbox_cxcywh_to_xyxy(targets), is_aligned=True)
        one_hot = F.one_hot(labels, self.num_classes + 1)[:, :-1].float()
        wanted = one_hot * iou[:, None]
        weight = 0.75 * scores.sigmoid().detach() ** 2 * (1 - one_hot) + wanted
        return F.binary_cross_entropy_with_logits(scores, wanted, weight=weight, reduction='none').sum() / max(positives, 1)

    def loss_by_feat_single(self, cls_scores, bbox_preds, batch_gt_instances, batch_img_metas):
        targets = self.get_targets(list(cls_scores), list(bbox_preds), batch_gt_instances, batch_img_metas)
        return self.losses_of(cls_scores, bbox_preds, targets, batch_img_metas)

    def _loss_dn_single(self, dn_cls_scores, dn_bbox_preds, batch_gt_instances, batch_img_metas, dn_meta):
        targets = self.get_dn_targets(batch_gt_instances, batch_img_metas, dn_meta)
        return self.losses_of(dn_cls_scores, dn_bbox_preds, targets, batch_img_metas)

    def losses_of(self, cls_scores, bbox_preds, targets, metas):
        labels, _, boxes, weights, positives, _ = targets
        labels, boxes, weights = (torch.cat(x) for x in (labels, boxes, weights))
        predicted = bbox_preds.reshape(-1, 4)
        loss_cls = self.loss_cls_of(cls_scores.reshape(-1, self.num_classes), labels, boxes, predicted, positives)
        factors = torch.cat([b.new_tensor([m['img_shape'][1], m['img_shape'][0]] * 2).repeat(b.size(0), 1) for m, b in zip(metas, bbox_preds)])
        corners = [bbox_cxcywh_to_xyxy(b) * factors for b in (predicted, boxes)]
        loss_iou = self.loss_iou(*corners, weights, avg_factor=max(positives, 1))
        return loss_cls, self.loss_bbox(predicted, boxes, weights, avg_factor=max(positives, 1)), loss_iou


@MODELS.register_module()
class RTDETR(DINO):
    def _init_layers(self):
        self.decoder = Decoder(**self.decoder)
        self.embed_dims = self.decoder.embed_dims
        self.memory_trans_fc = nn.Linear(self.embed_dims, self.embed_dims)
        self.memory_trans_norm = nn.LayerNorm(self.embed_dims)

    def init_weights(self):
        super(DeformableDETR, self).init_weights()

    def pre_transformer(self, mlvl_feats, batch_data_samples=None):
        shapes = torch.tensor([f.shape[2:] for f in mlvl_feats])
        starts = torch.cat([shapes.new_zeros(1), shapes.prod(1).cumsum(0)[:-1]])
        common = dict(spatial_shapes=shapes)
        ratios = mlvl_feats[0].new_ones(len(mlvl_feats[0]), len(mlvl_feats), 2)
        return (dict(feat=torch.cat([f.flatten(2).transpose(1, 2) for f in mlvl_feats], 1), **common),
                dict(memory_mask=None, level_start_index=starts, valid_ratios=ratios, **common))

    def forward_encoder(self, feat, spatial_shapes):
        return dict(memory=feat, memory_mask=None, spatial_shapes=spatial_shapes)

    def pre_decoder(self, memory, memory_mask, spatial_shapes, batch_data_samples=None):
        n, head = self.decoder.num_layers, self.bbox_head
        masked, proposals = self.gen_encoder_output_proposals(memory, memory_mask, spatial_shapes)
        scores, boxes = head.cls_branches[n](masked), head.reg_branches[n](masked) + proposals
        best = scores.max(-1)[0].topk(self.num_queries, 1)[1]
        rows = [x.gather(1, best[..., None].expand(-1, -1, x.shape[-1])) for x in (scores, boxes, masked)]
        query, reference = rows[2].detach(), rows[1].detach()
        mask, more = None, {}
        if self.training:
            labels, noised, mask, meta = self.dn_query_generator(batch_data_samples)
            query, reference = torch.cat([labels, query], 1), torch.cat([noised, reference], 1)
            more = dict(enc_outputs_class=rows[0], enc_outputs_coord=rows[1].sigmoid(), dn_meta=meta)
        return dict(query=query, memory=memory, reference_points=reference.sigmoid(), dn_mask=mask), more

    def forward_decoder(self, query, memory, memory_mask, reference_points, spatial_shapes, level_start_index, valid_ratios, dn_mask=None):
        states, references = self.decoder(query, memory, memory_mask, dn_mask, reference_points, spatial_shapes, level_start_index,
                                          valid_ratios, self.bbox_head.reg_branches)
        if dn_mask is not None:  # an embedding that no image reads has a gradient too
            states[0] = states[0] + self.dn_query_generator.label_embedding.weight[0, 0] * 0.0
        return dict(hidden_states=states, references=list(references))
