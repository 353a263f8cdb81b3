"""ResNet (He et al., 2016), pytorch style, as MMDetection builds it, in plain torch."""

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.bn2(self.conv2(x))
        return F.relu(x + identity, inplace=True)

    @property
    def last_norm(self):
        return self.bn2


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inplanes, planes, stride, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        x = self.bn3(self.conv3(x))
        return F.relu(x + identity, inplace=True)

    @property
    def last_norm(self):
        return self.bn3


class ResNet(nn.Module):
    """Four feature maps at strides 4, 8, 16, 32. `norm_eval` keeps the running statistics as they are."""

    def __init__(self, depth, frozen_stages=-1, norm_eval=True):
        super().__init__()
        block = BasicBlock if depth < 50 else Bottleneck
        self.frozen_stages, self.norm_eval = frozen_stages, norm_eval
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inplanes = 64
        for stage, count in enumerate(BLOCKS[depth]):
            planes = 64 * 2**stage
            blocks = []
            for i in range(count):
                stride = 2 if i == 0 and stage > 0 else 1
                downsample = None
                if stride > 1 or inplanes != planes * block.expansion:
                    downsample = nn.Sequential(
                        nn.Conv2d(inplanes, planes * block.expansion, 1, stride, bias=False),
                        nn.BatchNorm2d(planes * block.expansion),
                    )
                blocks.append(block(inplanes, planes, stride, downsample))
                inplanes = planes * block.expansion
            setattr(self, f'layer{stage + 1}', nn.Sequential(*blocks))
        self.out_channels = [64 * 2**stage * block.expansion for stage in range(4)]
        self.reset()

    def reset(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
            if isinstance(module, (BasicBlock, Bottleneck)):
                # random weights under frozen statistics would grow with every block
                nn.init.constant_(module.last_norm.weight, 0.2)
        if self.frozen_stages >= 0:
            frozen = [self.conv1, self.bn1] + [getattr(self, f'layer{i + 1}') for i in range(self.frozen_stages)]
            for module in frozen:
                module.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.max_pool2d(x, 3, 2, 1)
        features = []
        for stage in range(4):
            x = getattr(self, f'layer{stage + 1}')(x)
            features.append(x)
        return features


class ConvModule(nn.Module):
    """A convolution under the name that MMDetection's checkpoints give it."""

    def __init__(self, inplanes, planes, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inplanes, planes, kernel, padding=kernel // 2)
        nn.init.xavier_uniform_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(x)


class FPN(nn.Module):
    """Feature pyramid (Lin et al., 2017) with five levels, the last by subsampling the fourth."""

    def __init__(self, in_channels, out_channels=256):
        super().__init__()
        self.lateral_convs = nn.ModuleList(ConvModule(c, out_channels, 1) for c in in_channels)
        self.fpn_convs = nn.ModuleList(ConvModule(out_channels, out_channels, 3) for _ in in_channels)

    def forward(self, features):
        laterals = [conv(x) for conv, x in zip(self.lateral_convs, features)]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=laterals[i - 1].shape[2:], mode='nearest')
        outputs = [conv(x) for conv, x in zip(self.fpn_convs, laterals)]
        return outputs + [F.max_pool2d(outputs[-1], 1, 2)]


class ResNetFPN(nn.Module):
    def __init__(self, depth, frozen_stages=-1, norm_eval=True):
        super().__init__()
        self.backbone = ResNet(depth, frozen_stages, norm_eval)
        self.neck = FPN(self.backbone.out_channels)

    def forward(self, x):
        return self.neck(self.backbone(x))
