import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  tta_model: { type: 'DetTTAModel', tta_cfg: { nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 } },
  tta_pipeline: [
    { type: 'LoadImageFromFile', to_float32: true, backend_args: null },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          { type: 'RandomFlip', prob: 1 },
          { type: 'RandomFlip', prob: 0 },
        ],
        [
          {
            type: 'RandomCenterCropPad',
            ratios: null,
            border: null,
            mean: [0, 0, 0],
            std: [1, 1, 1],
            to_rgb: true,
            test_mode: true,
            test_pad_mode: ['logical_or', 31],
            test_pad_add_pix: 1,
          },
        ],
        [{ type: 'LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'PackDetInputs',
            meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction', 'border'],
          },
        ],
      ],
    },
  ],
});
