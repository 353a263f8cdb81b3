// Why weights do not match a model, in words: different classes, another neck, another depth.

import type { LoadReport } from '../nn/module';

const CLASS_LAYERS =
  /(fc_cls|fc_reg|conv_cls|conv_reg|retina_cls|gfl_cls|atss_cls|rtm_cls|class_embed|fc_out|cls_convs\.\d+(\.\d+)?|cls_branches\.\d+|multi_level_conv_cls\.\d+|cls_preds\.\d+\.\d+|convs_pred\.\d+|conv_logits|heatmap_head\.\d+)\.(weight|bias)$/;

/** The likely causes, most certain first; empty when everything matches. */
export function likelyCauses({ missing, unexpected, mismatched }: LoadReport): string[] {
  const causes: string[] = [];
  const classes = mismatched.filter(
    ({ name, expected, received }) =>
      CLASS_LAYERS.test(name) && expected.slice(1).join() === received.slice(1).join() && expected[0] !== received[0],
  );
  if (classes.length > 0) causes.push(classCause(classes));
  const others = mismatched.filter((one) => !classes.includes(one));
  const backbone = (name: string) => name.startsWith('backbone.');
  const part = (name: string) => name.slice(0, name.indexOf('.'));

  const deeper = blockDepths(unexpected.filter(backbone), missing.filter(backbone));
  if (deeper) causes.push(deeper);
  else if (missing.some(backbone) && unexpected.some(backbone))
    causes.push(
      `a different backbone: the file has ${unexpected.find(backbone)}, the model has ${missing.find(backbone)} instead`,
    );
  const wide = others.find(({ name }) => backbone(name));
  if (wide) causes.push(`a backbone of different width or type: ${shapes(wide)}`);

  for (const name of ['neck', 'rpn_head', 'bbox_head', 'roi_head', 'mask_head']) {
    const absent = missing.filter((n) => part(n) === name);
    const extra = unexpected.filter((n) => part(n) === name);
    const shape = others.find((one) => part(one.name) === name);
    if (absent.length > 0 && extra.length > 0)
      causes.push(`a different ${words(name)}: the file has ${extra[0]}, the model has ${absent[0]} instead`);
    else if (shape) causes.push(`a ${words(name)} with different options: ${shapes(shape)}`);
    else if (absent.length > 0)
      causes.push(`a ${words(name)} that the file does not or only partly have: ${absent[0]}`);
    else if (extra.length > 0) causes.push(`a ${words(name)} that the model does not have: ${extra[0]}`);
  }
  return causes;
}

const words = (part: string) => part.replace('_', ' ');
const shapes = ({ name, expected, received }: LoadReport['mismatched'][number]) =>
  `${name} is [${received.join(', ')}] in the file, [${expected.join(', ')}] in the model`;

/** A softmax head has one more output, the background; the outputs of other heads depend on their anchors. */
function classCause(layers: LoadReport['mismatched']): string {
  const softmax = layers.find(({ name }) => /bbox_head(\.\d+)?\.fc_cls\.weight$/.test(name));
  if (softmax)
    return `a different number of classes: the file was trained on ${softmax.received[0] - 1}, the model has ${softmax.expected[0] - 1}; these layers keep their initial weights`;
  return `probably a different number of classes: ${shapes(layers[0])}; these layers keep their initial weights`;
}

/** A stage with a different number of blocks (`layer3` with 23 instead of 6): the depth of a ResNet. */
function blockDepths(unexpected: readonly string[], missing: readonly string[]): string | undefined {
  const last = (names: readonly string[]): Map<string, number> => {
    const lastBlocks = new Map<string, number>();
    for (const name of names) {
      const match = /^backbone\.(.*?(?:layer|stages?\.|layers\.)\d*)\.(?:blocks\.)?(\d+)\./.exec(name);
      if (match) lastBlocks.set(match[1], Math.max(lastBlocks.get(match[1]) ?? 0, Number(match[2])));
    }
    return lastBlocks;
  };
  const [more, fewer] = [last(unexpected), last(missing)];
  const [stage] = more.size > 0 ? more.keys() : fewer.keys();
  if (stage === undefined || (more.size > 0 && fewer.has(stage))) return undefined;
  return more.size > 0
    ? `a backbone of different depth: the file's ${stage} goes up to block ${more.get(stage)}, the model's does not`
    : `a backbone of different depth: the model's ${stage} goes up to block ${fewer.get(stage)}, the file's does not`;
}
