// A convolution's filter, folded with its scale and cast, in the layouts that the kernels require. For filters without
// gradient (inference, frozen stages) these forms are cached between calls, which saves a fifth of the time on small images.
#pragma once

#include "slots.h"

namespace detlab {

struct FilterUse {
  at::ScalarType type;
  Ints padding, strides, dilations;
  int64_t groups;
};

/** filter * scale as an operand of a product in `type`, in channels_last memory. */
Tensor foldedFilter(const Tensor& filter, const Tensor& scale, at::ScalarType type);

/** The forms of a filter, each computed on first use. */
struct FilterForms {
  Tensor filter, scale;  // OIHW and [O], or undefined: what the forms are computed from
  FilterUse use;
  Tensor plain;   // OIHW in channels_last memory: what a backward pass reads
  Tensor packed;  // in the memory order of oneDNN's kernel
  Tensor panels;  // of a 1x1 filter, for the products of this engine
  Tensor taps;    // of a 3x3 filter, for Winograd's products
  Tensor direct;  // for direct convolutions of this engine

  const Tensor& plainForm();
  const Tensor& packedForm(at::IntArrayRef inputSize);
  /** Panels of a 1x1 filter, which are kept if the forms are. */
  Tensor rowPanels(bool kept);
  /** Panels for direct convolutions, which are kept if the forms are. */
  Tensor directPanels(bool kept);
  /** Packed taps of a 3x3 filter. */
  const Tensor& tapsForm();
  /** Whether the filter and its scale are what is convolved with, since products are in float32. */
  bool isExact() const { return use.type == at::kFloat && filter.scalar_type() == at::kFloat; }

 private:
  /** Without gradients the plain form is not used once another one exists. */
  void forgetPlain();
};

/**
 * The cached forms of the filter in `slot`, or null the first time that a filter is used with this scale and these options:
 * it may be temporary. `filter` is OIHW.
 */
FilterForms* cachedForms(int64_t slot, const Tensor& filter, const Tensor& scale, const FilterUse& use);

/** Must be called when a slot's values change or the slot is freed. */
void forgetPrepared(int64_t slot);

}  // namespace detlab
