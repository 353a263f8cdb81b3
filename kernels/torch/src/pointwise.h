// 1x1 convolutions as products of the pixels with the filter, of one map or of several that would be joined along channels, which
// are read where they are. A map of half the height and width is repeated to 2 x 2 pixels: it is multiplied at its size.
#pragma once

#include "activation.h"
#include "slots.h"

namespace detlab {

/** Whether the product of this file is used: 1x1, no groups, float32 or bfloat16 on the CPU. Maps are NCHW views. */
bool pointwiseFits(const std::vector<Tensor>& maps, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                   int64_t groups);

/** Height and width of the joined maps: those of the largest. @throws if a map has neither that size nor half of it. */
std::pair<int64_t, int64_t> joinedSize(const std::vector<Tensor>& maps);

/** The maps joined along channels, those of half the size repeated; differentiable. */
Tensor joinedMaps(const std::vector<Tensor>& maps);

/** The filter OIHW in float32, times `scale` [O] if there is one, packed for products in `type`; `flipped` for gradients. */
Tensor pointwiseFilter(const Tensor& filter, const Tensor& scale, at::ScalarType type, bool flipped);

/** act(conv(joined maps) + bias + residual) to `channels`; an NCHW view of channels_last memory. */
Tensor pointwiseForward(const std::vector<Tensor>& maps, const Tensor& packed, int64_t channels, at::IntArrayRef strides,
                        const Tensor& bias, const Tensor& residual, Activation activation);

/**
 * The same of maps of one size in float32 from the filter itself, OIHW, times `scale`, each panel of which is packed by the thread
 * that multiplies with it, so that no second copy of the filter is kept.
 */
Tensor pointwiseByPanels(const std::vector<Tensor>& maps, const Tensor& filter, const Tensor& scale, at::IntArrayRef strides,
                         const Tensor& bias, const Tensor& residual, Activation activation);

/** Whether that takes little more time than a product with a packed filter: rows enough for each panel. */
bool panelsFit(const std::vector<Tensor>& maps, at::IntArrayRef filter, at::IntArrayRef strides);

/** The same from the filter itself, OIHW, times `scale`; differentiable once in every tensor. */
Tensor pointwiseConvolution(const std::vector<Tensor>& maps, const Tensor& filter, const Tensor& bias, const Tensor& scale,
                            const Tensor& residual, at::IntArrayRef strides, Activation activation);

}  // namespace detlab
