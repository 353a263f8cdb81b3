// Why weights do not fit a model, in words: other classes, another neck, another depth.

import type { LoadReport } from '../nn/module';

const CLASS_LAYERS =
  /(fc_cls|fc_reg|conv_cls|conv_reg|retina_cls|gfl_cls|atss_cls|rtm_cls|class_embed|fc_out|cls_convs\.\d+(\.\d+)?|cls_branches\.\d+|multi_level_conv_cls\.\d+|cls_preds\.\d+\.\d+|convs_pred\.\d+|conv_logits|heatmap_head\.\d+)\.(weight|bias)$/;

/** The likely causes, the clearest first; empty when everything fits. */
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
      `another backbone: the file has ${unexpected.find(backbone)}, the model ${missing.find(backbone)} in its place`,
    );
  const wide = others.find(({ name }) => backbone(name));
  if (wide) causes.push(`a backbone of another width or kind: ${shapes(wide)}`);

  for (const name of ['neck', 'rpn_head', 'bbox_head', 'roi_head', 'mask_head']) {
    const [out, left] = [missing, unexpected].map((list) => list.filter((n) => part(n) === name));
    const shape = others.find((one) => part(one.name) === name);
    if (out.length > 0 && left.length > 0)
      causes.push(`another ${words(name)}: the file has ${left[0]}, the model ${out[0]}, which the file has not`);
    else if (shape) causes.push(`a ${words(name)} with other options: ${shapes(shape)}`);
    else if (out.length > 0 && !unexpected.some((n) => part(n) === name))
      causes.push(`a ${words(name)} the file has not, or not wholly: ${out[0]}`);
    else if (left.length > 0) causes.push(`a ${words(name)} the model has not: ${left[0]}`);
  }
  return causes;
}

const words = (part: string) => part.replace('_', ' ');
const shapes = ({ name, expected, received }: LoadReport['mismatched'][number]) =>
  `${name} is [${received.join(', ')}] in the file, [${expected.join(', ')}] in the model`;

/** The softmax head of the second stage counts the background too; the number of others depends on their anchors. */
function classCause(layers: LoadReport['mismatched']): string {
  const softmax = layers.find(({ name }) => /bbox_head(\.\d+)?\.fc_cls\.weight$/.test(name));
  if (softmax)
    return `another number of classes: the file was trained on ${softmax.received[0] - 1}, the model has ${softmax.expected[0] - 1}; these layers start anew`;
  return `another number of classes, most likely: ${shapes(layers[0])}; these layers start anew`;
}

/** `layer3` of 23 blocks against one of 6: the depth of a ResNet. */
function blockDepths(unexpected: readonly string[], missing: readonly string[]): string | undefined {
  const last = (names: readonly string[]): Map<string, number> => {
    const found = new Map<string, number>();
    for (const name of names) {
      const match = /^backbone\.(.*?(?:layer|stages?\.|layers\.)\d*)\.(?:blocks\.)?(\d+)\./.exec(name);
      if (match) found.set(match[1], Math.max(found.get(match[1]) ?? 0, Number(match[2])));
    }
    return found;
  };
  const [more, fewer] = [last(unexpected), last(missing)];
  const [stage] = more.size > 0 ? more.keys() : fewer.keys();
  if (stage === undefined || (more.size > 0 && fewer.has(stage))) return undefined;
  const [whose, count] = more.size > 0 ? ["the file's", more.get(stage)!] : ["the model's", fewer.get(stage)!];
  return `another depth of the backbone: ${whose} ${stage} goes to block ${count}, the other's does not`;
}
