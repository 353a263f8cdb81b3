export default {
  tta_model: { type: 'DetTTAModel', tta_cfg: { nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 100 } },
  img_scales: [
    [640, 640],
    [320, 320],
    [960, 960],
  ],
  tta_pipeline: [
    { type: 'LoadImageFromFile', backend_args: null },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'Resize', scale: [640, 640], keep_ratio: true },
          { type: 'Resize', scale: [320, 320], keep_ratio: true },
          { type: 'Resize', scale: [960, 960], keep_ratio: true },
        ],
        [
          { type: 'RandomFlip', prob: 1.0 },
          { type: 'RandomFlip', prob: 0.0 },
        ],
        [{ type: 'Pad', size: [960, 960], pad_val: { img: [114, 114, 114] } }],
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
