// Concatenation of feature maps. libtorch's copies tensors one after the other, on one thread for bfloat16; along channels, the
// innermost axis, this one copies the rows of all tensors in parallel, and reads slices of channels where they are.
#include "autograd.h"
#include "call.h"
#include "concat.h"
#include "precision.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/** A tensor as rows of equal length at equal distances, in bytes. */
struct Rows {
  const char* data;
  int64_t length, distance;
};

/** Whether the axes before the last can be walked as one, with a last axis that is dense. */
bool hasRows(const Tensor& x) {
  int64_t last = x.dim() - 1;
  if (x.size(last) != 1 && x.stride(last) != 1) return false;
  for (int64_t axis = 0; axis + 1 < last; axis++)
    if (x.size(axis) != 1 && x.stride(axis) != x.stride(axis + 1) * x.size(axis + 1)) return false;
  return true;
}

/** Smaller results are not worth the work of finding rows. */
constexpr int64_t kMinElements = 1 << 14;

bool fits(const std::vector<Tensor>& tensors, int64_t axis) {
  const Tensor& first = tensors[0];
  int64_t elements = 0;
  for (auto& x : tensors) {
    if (!x.is_cpu() || x.dim() < 2 || x.dim() != first.dim() || x.numel() == 0 || !hasRows(x)) return false;
    for (int64_t d = 0; d + 1 < x.dim(); d++)
      if (x.size(d) != first.size(d)) return false;
    elements += x.numel();
  }
  return axis == first.dim() - 1 && elements >= kMinElements;
}

Tensor joinedRows(at::TensorList tensors) {
  const Tensor& first = tensors[0];
  auto shape = first.sizes().vec();
  std::vector<Rows> parts;
  int64_t bytes = first.element_size(), channels = 0;
  for (auto& x : tensors) {
    int64_t length = x.size(-1) * bytes;
    parts.push_back({static_cast<const char*>(x.const_data_ptr()), length, x.stride(-2) * bytes});
    channels += x.size(-1);
  }
  shape.back() = channels;
  Tensor result = at::empty(shape, first.options().memory_format(at::MemoryFormat::Contiguous));
  auto* to = static_cast<char*>(result.data_ptr());
  int64_t width = channels * bytes, rows = result.numel() / channels;
  at::parallel_for(0, rows, std::max<int64_t>(1, 65536 / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      char* at = to + row * width;
      for (auto& part : parts) {
        std::memcpy(at, part.data + row * part.distance, part.length);
        at += part.length;
      }
    }
  });
  return result;
}

struct ConcatFunction : torch::autograd::Function<ConcatFunction> {
  static Tensor forward(AutogradContext* context, at::TensorList tensors) {
    Ints sizes;
    for (auto& x : tensors) sizes.push_back(x.size(-1));
    context->saved_data["sizes"] = sizes;
    return joinedRows(tensors);
  }
  static variable_list backward(AutogradContext* context, variable_list dy) {
    Ints sizes = context->saved_data["sizes"].toIntVector();
    if (!dy[0].defined()) return variable_list(sizes.size());
    return at::split_with_sizes(dy[0], sizes, -1);
  }
};

}  // namespace

Tensor concatenated(const std::vector<Tensor>& tensors, int64_t axis) {
  if (tensors.size() < 2 || !fits(tensors, axis)) return at::cat(tensors, axis);
  bool recorded = false;
  for (auto& x : tensors) recorded |= x.requires_grad();
  return at::GradMode::is_enabled() && recorded ? ConcatFunction::apply(at::TensorList(tensors)) : joinedRows(tensors);
}

}  // namespace detlab
