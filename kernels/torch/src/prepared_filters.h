// A convolution's filter, folded with its scale and cast, in the forms its kernels want. Of filters that take no gradient
// (inference, frozen stages) the forms are kept between calls: a fifth of the time on small images.
#pragma once

#include "slots.h"

namespace detlab {

struct FilterUse {
  at::ScalarType type;
  Ints padding, strides, dilations;
  int64_t groups;
};

/** The forms, each made when it is first asked for. */
struct FilterForms {
  std::function<Tensor()> fold;  // makes the plain form
  FilterUse use;
  Tensor plain;   // OIHW in channels_last memory: what a backward pass reads
  Tensor packed;  // in the order oneDNN's kernel wants
  Tensor points;  // Winograd's

  const Tensor& plainForm();
  const Tensor& packedForm(at::IntArrayRef inputSize);
  const Tensor& pointsForm();
};

/**
 * The forms kept of the filter in `slot`, or null the first time a filter is seen with this scale and use (it may be a passing
 * one).
 */
FilterForms* keptForms(int64_t slot, const Tensor& filter, const Tensor& scale, const FilterUse& use,
                       const std::function<Tensor()>& fold);

/** Must be called when a slot's values change or the slot is freed. */
void forgetPrepared(int64_t slot);

}  // namespace detlab
