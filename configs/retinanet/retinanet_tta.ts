export default {
  tta_model: { type: 'DetTTAModel', tta_cfg: { nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 } },
  img_scales: [
    [1333, 800],
    [666, 400],
    [2000, 1200],
  ],
  tta_pipeline: [
    { type: 'LoadImageFromFile', backend_args: null },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'Resize', scale: [1333, 800], keep_ratio: true },
          { type: 'Resize', scale: [666, 400], keep_ratio: true },
          { type: 'Resize', scale: [2000, 1200], keep_ratio: true },
        ],
        [
          { type: 'RandomFlip', prob: 1.0 },
          { type: 'RandomFlip', prob: 0.0 },
        ],
        [{ type: 'LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'PackDetInputs',
            meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction'],
          },
        ],
      ],
    },
  ],
};
