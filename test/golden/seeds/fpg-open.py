neck=dict(
    type='FPG',
    in_channels=[256, 512, 1024, 2048],
    out_channels=256,
    num_outs=5,
    stack_times=...,  # 必须提供
    paths=...,  # 必须提供
    same_down_trans=...,
    same_up_trans=...,
    # ... 其他必要参数
)
