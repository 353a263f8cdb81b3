// Feature pyramids of one-stage detectors on a ResNet; a config imports one by its name.

/** P3 to P7, the last two by convolutions on P5. */
export const p3_to_p7 = {
  type: 'FPN' as const,
  in_channels: [256, 512, 1024, 2048],
  out_channels: 256,
  start_level: 1,
  add_extra_convs: 'on_output' as const,
  num_outs: 5,
};
/** The same with a ReLU between these convolutions. */
export const p3_to_p7_relu = {
  type: 'FPN' as const,
  in_channels: [256, 512, 1024, 2048],
  out_channels: 256,
  start_level: 1,
  add_extra_convs: 'on_output' as const,
  num_outs: 5,
  relu_before_extra_convs: true,
};

export default {};
